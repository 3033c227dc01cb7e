import {
  type Graph,
  type Tensor,
  gradients,
  input,
  layerNormalization,
  program,
  register,
  relu,
} from "@adjoint/ir";
import { adam } from "@adjoint/optimizers";

/** Graphs of any number of like parts: how long compiling takes, and how its work grows. */

const x = input("x", "f32", [8, 64]);
const names = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `${index}`);

export function layerNorms(count: number): Graph {
  let y = x;
  for (const name of names(count))
    y = layerNormalization(y, register(`scale${name}`, "f32", [64]), register(`bias${name}`, "f32", [64]));
  return program({ inputs: { x }, outputs: { y } });
}

export function residualBlocks(count: number): Graph {
  let y = x;
  for (const name of names(count)) {
    const weight = (part: string): Tensor => register(`${part}${name}`, "f32", [64, 64]);
    const bias = (part: string): Tensor => register(`${part}${name}`, "f32", [64]);
    const hidden = relu(y.matMul(weight("first")).add(bias("before")));
    y = y.add(hidden.matMul(weight("second")).add(bias("after")));
  }
  const loss = y.mul(y).reduceMean();
  return program({ inputs: { x }, outputs: { loss }, updates: adam({ learningRate: 1e-3 })(loss) });
}

export function registers(count: number): Graph {
  const own = names(count).map((name) => register(name, "f32", [64]));
  const loss = own.map((each) => each.mul(x).reduceSum()).reduce((a, b) => a.add(b));
  const slopes = gradients(loss, own);
  const updates = own.map((each, index) => ({
    register: each,
    next: each.sub(slopes[index]?.mul(0.01) ?? 0),
  }));
  return program({ inputs: { x }, outputs: { loss }, updates });
}

export function chain(count: number): Graph {
  let y = x;
  for (const name of names(count)) y = y.mul(0.75).add(Number(name) % 5);
  return program({ inputs: { x }, outputs: { y } });
}

/** Each value on the way is asked for: walks that start at each root anew are seen by it. */
export function manyRoots(count: number): Graph {
  const values: Tensor[] = [];
  for (const name of names(count)) values.push((values.at(-1) ?? x).mul(0.75).add(Number(name) % 5));
  return program({ inputs: { x }, outputs: Object.fromEntries(values.map((y, index) => [`y${index}`, y])) });
}
