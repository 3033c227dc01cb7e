import { at } from "../at.ts";
import { type Schema, checked, minimum, number, strictObject } from "../schema.ts";
import { AdjointError } from "../error.ts";
import type { Tensor } from "../tensor.ts";
import { checkDTypes, checkShape } from "./checks.ts";

/*
 * Shared by normalizations with one number per channel.
 */

export interface Epsilon {
  epsilon: number;
}
export const epsilonSchema: Schema<Epsilon> = strictObject({
  epsilon: checked(number(), minimum(0)),
});

/** One number per channel (axis 1), stretched over the other axes of x. */
export const perChannel = (vector: Tensor, x: Tensor): Tensor =>
  vector.reshape([at(x.shape, 1), ...x.shape.slice(2).map(() => 1)]);

/** Names in messages for vectors of one number per channel. */
export const scaleAndBias: readonly string[] = ["scale", "bias"];

/** Refuses operands other than x [N, C, …] and one float per channel. */
export function checkChannels(name: string, inputs: readonly Tensor[], what: readonly string[]): void {
  checkDTypes(name, inputs);
  const [x, ...vectors] = inputs;
  if (x === undefined) return;
  if (x.rank < 2) throw new AdjointError("shape", name, `wants [N, C, …] and got ${x}`);
  vectors.forEach((vector, index) =>
    checkShape(name, vector, x.shape.slice(1, 2), `the ${what[index] ?? "vector"}`),
  );
}
