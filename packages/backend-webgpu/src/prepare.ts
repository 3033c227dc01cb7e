import { type Kernel, type CompiledProgram, canFail } from "@adjoint/compiler/kernel";
import { type DType, type TypedArray, at } from "@adjoint/ir/values";
import type { Host } from "./device/host.ts";
import { Profiler } from "./device/profiler.ts";
import type { Registers } from "./device/registers.ts";
import { StagingRing } from "./device/staging.ts";
import { CONTROL, type Context, type FaultSite } from "./kernels/context.ts";
import { type Step, stepsOf } from "./kernels/steps.ts";
import { type Allocation, Memory } from "./layout/memory.ts";
import { checkRegions } from "./layout/regions.ts";
import { checkSize, copiedBytes } from "./layout/sizes.ts";
import { hostArray, isSame, wordsFor } from "./layout/words.ts";

/** Bytes of the control buffer that the host reads. */
export const CONTROL_BYTES = 16;

export interface Input {
  readonly allocation: Allocation;
  readonly dtype: DType;
  readonly what: string;
  /** Words on their way to the device, where they are not the host's data. */
  readonly words: ReturnType<typeof wordsFor> | undefined;
}

interface Output {
  readonly allocation: Allocation | undefined;
  readonly dtype: DType;
  readonly host: TypedArray;
  /** Its offset in a staging buffer. */
  readonly offset: number;
}

/** All that a program has on the device, and its kernels as text. */
export interface Prepared extends Disposable {
  readonly memory: Memory;
  readonly control: Allocation;
  readonly sites: readonly FaultSite[];
  /** Of each kernel. */
  readonly steps: readonly (readonly Step[])[];
  /** An input that no kernel reads has no memory. */
  readonly inputs: readonly (Input | undefined)[];
  readonly outputs: readonly Output[];
  readonly staging: StagingRing;
  readonly profiler: Profiler | undefined;
}

/** @throws AdjointError where the device has no such dtype, a tensor is too large for it, or a kernel could leave one. */
export function prepare(
  program: CompiledProgram,
  host: Host,
  registers: Registers,
  profile: boolean,
): Prepared {
  const { device } = host;
  const memory = new Memory(program, device);
  const parts: Disposable[] = [memory];
  const free = (): void => parts.forEach((part) => part[Symbol.dispose]());
  try {
    memory.reserve(registers);
    checkRegions(program, memory);
    const printed = print(program, host, memory);
    const profiler =
      profile && device.features.has("timestamp-query")
        ? new Profiler(device, program.kernels.length)
        : undefined;
    if (profiler !== undefined) parts.push(profiler);
    const { outputs, end } = outputsOf(program, memory, CONTROL_BYTES + (profiler?.bytes ?? 0));
    checkSize(device, () => "the copy of all outputs on its way to the host", end);
    const staging = new StagingRing(device, end);
    parts.push(staging);
    const inputs = inputsOf(program, memory);
    return { memory, ...printed, inputs, outputs, staging, profiler, [Symbol.dispose]: free };
  } catch (error) {
    free();
    throw error;
  }
}

function inputsOf({ inputs, buffers }: CompiledProgram, memory: Memory): readonly (Input | undefined)[] {
  return inputs.map(({ name, buffer, dtype }) => {
    const allocation = memory.find(buffer);
    if (allocation === undefined) return undefined;
    const words = isSame(dtype)
      ? undefined
      : wordsFor(dtype, at(buffers, buffer).elements, allocation.format);
    return { allocation, dtype, what: `input "${name}"`, words };
  });
}

/** Outputs stand in a staging buffer one after the other. */
function outputsOf(
  { outputs, buffers }: CompiledProgram,
  memory: Memory,
  start: number,
): { readonly outputs: readonly Output[]; readonly end: number } {
  let end = start;
  const laidOut = outputs.map(({ buffer, dtype }) => {
    const elements = at(buffers, buffer).elements;
    const allocation = elements === 0 ? undefined : memory.allocation(buffer);
    const output = { allocation, dtype, host: hostArray(dtype, elements), offset: end };
    end += copiedBytes(elements, allocation?.format ?? "word");
    return output;
  });
  return { outputs: laidOut, end };
}

/** All conditions among kernels, nested ones too. */
const conditionsIn = (kernels: readonly Kernel[]): number =>
  kernels.reduce((count, kernel) => {
    if (kernel.form === "scan") return count + conditionsIn(kernel.body);
    return kernel.form === "if" ? count + 1 + conditionsIn(kernel.branches.flat()) : count;
  }, 0);

function print(
  { kernels }: CompiledProgram,
  { isSoftware, subgroup }: Host,
  memory: Memory,
): Pick<Prepared, "control" | "sites" | "steps"> {
  const control = memory.allocate(CONTROL.predicates + conditionsIn(kernels), "control");
  const sites: FaultSite[] = [];
  const context: Context = {
    memory,
    control,
    predicate: undefined,
    isSoftware,
    subgroup,
    canFail: kernels.some(canFail),
    site: (operation, size) => {
      const known = sites.findIndex((site) => site.operation === operation && site.size === size);
      return known < 0 ? sites.push({ operation, size }) - 1 : known;
    },
  };
  const words = { next: CONTROL.predicates };
  return { control, sites, steps: kernels.map((kernel) => stepsOf(kernel, context, words)) };
}
