import { AdjointError } from "@adjoint/ir/values";

/** The reason that a device did not make what it was asked for. */
class Refusal extends Error {
  readonly isOutOfMemory: boolean;

  constructor(reason: string, isOutOfMemory: boolean) {
    super(reason);
    this.isOutOfMemory = isOutOfMemory;
  }
}

/** Memory last, so that its errors, which others follow from, are asked for first. */
const FILTERS: readonly GPUErrorFilter[] = ["internal", "validation", "out-of-memory"];

/** Makes things on the device, and waits for what it says of them. */
async function observed<T>(
  device: GPUDevice,
  make: () => T,
): Promise<{ readonly made: T; readonly refusal: Refusal | undefined }> {
  for (const filter of FILTERS) device.pushErrorScope(filter);
  let made: T;
  let scopes: readonly Promise<Refusal | undefined>[];
  try {
    made = make();
  } finally {
    scopes = FILTERS.toReversed().map(async (filter) => {
      const error = await device.popErrorScope();
      return error === null ? undefined : new Refusal(error.message, filter === "out-of-memory");
    });
  }
  const refusals = await Promise.all(scopes);
  return { made, refusal: refusals.find((refusal) => refusal !== undefined) };
}

/** The result of `make` on the device. @throws Refusal with the driver's reason. */
export async function created<T>(device: GPUDevice, make: () => T): Promise<T> {
  const { made, refusal } = await observed(device, make);
  if (refusal !== undefined) throw refusal;
  return made;
}

/**
 * The result of `make` on the device; freed again if the device refuses any of it.
 * @param what the thing made, with its bytes.
 * @throws AdjointError where the device has no memory left, or refuses for another reason.
 */
export async function createdOrFreed<T extends Disposable>(
  device: GPUDevice,
  what: (made: T) => string,
  make: () => T,
): Promise<T> {
  const { made, refusal } = await observed(device, make);
  if (refusal === undefined) return made;
  made[Symbol.dispose]();
  throw refused(what(made), refusal);
}

/** The error for a thing that a device did not make. @param cause a `Refusal`, or what the driver threw. */
export function refused(what: string, cause: unknown): AdjointError {
  const reason = (cause instanceof Error ? cause.message : String(cause)).trim();
  const [problem, remedy] =
    cause instanceof Refusal && cause.isOutOfMemory
      ? ["has no room for", "Use a smaller batch or model, or close other sessions."]
      : ["refuses", "Update the browser or the GPU's driver, or use the wasm backend."];
  return new AdjointError(
    "backend",
    "webgpu",
    `the device ${problem} ${what}${reason === "" ? "" : `: ${reason}`}`,
    remedy,
  );
}
