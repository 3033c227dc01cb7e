import { AdjointError, own } from "@adjoint/ir/values";
import { type Schema, array, problemsOf, safeParse, strictObject, string } from "@adjoint/ir/schema";

/** The key of the model's metadata that says which outputs become which inputs. */
export const REGISTERS_KEY = "adjoint.registers";

/** A register of an exported training step: fed as `input`, its next value given as `output`. */
export interface RegisterPair {
  readonly input: string;
  readonly output: string;
}

const pairs: Schema<readonly RegisterPair[]> = array(strictObject({ input: string(), output: string() }));

/**
 * The registers of an exported training step, from its metadata (`inspectOnnx(bytes).metadata`).
 * @throws AdjointError when the metadata name none.
 */
export function registerPairs(metadata: { readonly [key: string]: string }): readonly RegisterPair[] {
  const text = metadata[REGISTERS_KEY];
  if (text === undefined) {
    throw new AdjointError(
      "graph",
      "registerPairs",
      `the metadata have no "${REGISTERS_KEY}"`,
      "Export a program that has updates.",
    );
  }
  return pairsIn(text);
}

/** @throws AdjointError when the text is not what `toOnnx` writes. */
export function pairsIn(text: string): readonly RegisterPair[] {
  const unreadable = (why: string): AdjointError =>
    new AdjointError("text", "registerPairs", `the metadata "${REGISTERS_KEY}" are not readable: ${why}`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw unreadable(String(error));
  }
  const parsed = safeParse(pairs, value);
  if (parsed.success) return parsed.data;
  throw unreadable(problemsOf(parsed.issues));
}

/** A runtime with a model: ONNX Runtime's `InferenceSession`, or anything with its `run`. */
export interface RunSession<T> {
  run(feeds: { readonly [input: string]: T }): Promise<{ readonly [output: string]: T }>;
}

/** A training whose steps another runtime computes. */
export interface OnnxTrainingLoop<T> {
  /** Runs a step on a batch; gives the outputs that are not registers. */
  step(batch: { readonly [input: string]: T }): Promise<{ readonly [output: string]: T }>;
  /** The registers after the last step. */
  state(): { readonly [register: string]: T };
}

/**
 * Feeds the outputs of each step back as the registers of the next.
 * @param metadata of the model: `inspectOnnx(bytes).metadata`.
 * @param start a tensor of the session's kind for each register.
 * @throws AdjointError when a register has no start, or the session does not give its next value.
 * @example
 * const session = await ort.InferenceSession.create(bytes);
 * const loop = onnxTrainingLoop(session, inspectOnnx(bytes).metadata, start);
 * for (const batch of batches) console.log((await loop.step(batch)).loss?.data);
 */
export function onnxTrainingLoop<T>(
  session: RunSession<T>,
  metadata: { readonly [key: string]: string },
  start: { readonly [register: string]: T },
): OnnxTrainingLoop<T> {
  const registers = registerPairs(metadata);
  const given = (record: { readonly [name: string]: T }, name: string, problem: string): T => {
    const tensor = own(record, name);
    if (tensor === undefined) throw new AdjointError("state", "onnxTrainingLoop", `${problem} "${name}"`);
    return tensor;
  };
  let state = Object.fromEntries(
    registers.map(({ input }): [string, T] => [
      input,
      given(start, input, "no start was given for register"),
    ]),
  );
  return {
    async step(batch) {
      const outputs = await session.run({ ...state, ...batch });
      state = Object.fromEntries(
        registers.map(({ input, output }): [string, T] => [
          input,
          given(outputs, output, "the session gives no"),
        ]),
      );
      const next = new Set(registers.map(({ output }) => output));
      return Object.fromEntries(Object.entries(outputs).filter(([name]) => !next.has(name)));
    },
    state: () => state,
  };
}
