import {
  type DType,
  type Graph,
  type State,
  type Tensor,
  type Update,
  evaluate,
  program,
  register,
  tensorValue,
  toNumbers,
} from "@adjoint/ir";

/** A float register that starts from these numbers. */
export function parameter(name: string, start: readonly number[], dtype: "f32" | "f64" = "f64"): Tensor {
  const data = dtype === "f64" ? Float64Array.from(start) : Float32Array.from(start);
  return register(name, dtype, [start.length], {
    initial: { kind: "data", value: tensorValue(dtype, [start.length], data) },
  });
}

/** ½ Σ aᵢ·(pᵢ − cᵢ)², whose gradient is aᵢ·(pᵢ − cᵢ). */
export function bowl(p: Tensor, a: number, c: number): Tensor {
  const error = p.sub(c);
  return error
    .mul(error)
    .mul(a / 2)
    .reduceSum();
}

/** A program of updates alone. */
export const training = (updates: readonly Update[]): Graph => program({ inputs: {}, outputs: {}, updates });

/** Registers after each of some runs. */
export function runs(graph: Graph, count: number, start: State = {}): readonly State[] {
  const states: State[] = [];
  let state = start;
  for (let run = 0; run < count; run++) {
    ({ state } = evaluate(graph, {}, { state }));
    states.push(state);
  }
  return states;
}

/** The numbers of a register. */
export function numbers(state: State | undefined, name: string): readonly number[] {
  const value = state?.[name];
  if (value === undefined)
    throw new Error(`no register "${name}" among ${Object.keys(state ?? {}).join(", ")}`);
  return toNumbers(value);
}

/** One number that a graph of constants computes. */
export function numberOf(tensor: Tensor): number {
  const { outputs } = evaluate(program({ inputs: {}, outputs: { result: tensor } }));
  return toNumbers(outputs.result)[0] ?? Number.NaN;
}

/** The dtype and shape of a register in a state. */
export const typeOf = (state: State | undefined, name: string): readonly [DType | undefined, unknown] => [
  state?.[name]?.dtype,
  state?.[name]?.shape,
];
