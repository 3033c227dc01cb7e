import { type FusionLimits, type CompiledProgram, compileProgram, describeKernel } from "@adjoint/compiler";
import { type Graph, type Tensor, program } from "@adjoint/ir";
import { isNode, nodesOf, runPasses } from "@adjoint/ir/graph";
import type { TensorValue } from "@adjoint/ir/values";
import type { Affine, Guard } from "../src/kernel/affine.ts";

export type Outputs = { readonly [name: string]: Tensor };

/** The graph with these outputs over whatever inputs they read. */
export function graphOf(outputs: Outputs, updates: Graph["updates"] = []): Graph {
  const roots = [...Object.values(outputs), ...updates.map((update) => update.next)];
  const inputs: { [name: string]: Tensor } = {};
  for (const node of nodesOf(roots)) if (isNode(node, "input")) inputs[node.attributes.name] = node.output;
  return program({ inputs, outputs, updates });
}

/** The program of these outputs, after the default passes. */
export const compiled = (
  outputs: Outputs,
  updates: Graph["updates"] = [],
  limits?: FusionLimits,
): CompiledProgram => compileProgram(runPasses(graphOf(outputs, updates)), limits);

/** One line a kernel. */
export const kernels = (outputs: Outputs, updates: Graph["updates"] = [], limits?: FusionLimits): string[] =>
  compiled(outputs, updates, limits).kernels.map(describeKernel);

/** Every point of a domain in row-major order. */
export function points(domain: readonly number[]): readonly (readonly number[])[] {
  return domain.reduce<readonly (readonly number[])[]>(
    (list, size) => list.flatMap((point) => Array.from({ length: size }, (_, index) => [...point, index])),
    [[]],
  );
}

/** An affine's value at a point. */
export const at = (affine: Affine, point: readonly number[]): number =>
  affine.strides.reduce((sum, stride, axis) => sum + stride * (point[axis] ?? 0), affine.offset);

export const holds = (guards: readonly Guard[], point: readonly number[]): boolean =>
  guards.every((guard) => at(guard, point) >= 0 && at(guard, point) < guard.limit);

/** Row-major index of coordinates. */
export const linear = (coordinates: readonly number[], shape: readonly number[]): number =>
  coordinates.reduce((sum, coordinate, axis) => sum * (shape[axis] ?? 1) + coordinate, 0);

/** 0, 1, 2… in a shape. */
export const counting = (shape: readonly number[]): TensorValue => {
  const count = shape.reduce((product, size) => product * size, 1);
  return { dtype: "f32", shape, data: Float32Array.from({ length: count }, (_, index) => index) };
};
