import type { Affine, ContractKernel } from "@adjoint/compiler";
import { arithmeticOf } from "../layout/words.ts";
import { fromWord } from "../scalar/wgsl.ts";
import { unravel } from "./coordinates.ts";
import type { Shader } from "./shader.ts";

export type Side = "left" | "right";

/** The strides of an affine over one part of a contraction's domain. */
export function partOf(
  { batch, rows, columns, inner }: ContractKernel,
  side: Side,
  { strides }: Affine,
): {
  readonly batch: readonly number[];
  readonly free: readonly number[];
  readonly inner: readonly number[];
} {
  const freeAt = batch.length + (side === "left" ? 0 : rows.length);
  const innerAt = batch.length + rows.length + columns.length;
  const free = side === "left" ? rows : columns;
  return {
    batch: strides.slice(0, batch.length),
    free: strides.slice(freeAt, freeAt + free.length),
    inner: strides.slice(innerAt, innerAt + inner.length),
  };
}

/** A function that reads an element of an operand by batch, row (or column) and inner position; zero where a guard fails. */
export function operandFunction(shader: Shader, kernel: ContractKernel, side: Side, name: string): string {
  const { batch, rows, columns, inner } = kernel;
  const operand = kernel[side];
  const type = arithmeticOf(operand.dtype);
  const unused = (sizes: readonly number[]): string[] => sizes.map(() => "0");
  const coordinates = {
    batch: unravel("batch", batch, "b"),
    free: unravel("free", side === "left" ? rows : columns, "f"),
    inner: unravel("k", inner, "k"),
  };
  const names = [
    ...coordinates.batch.names,
    ...(side === "left" ? coordinates.free.names : unused(rows)),
    ...(side === "right" ? coordinates.free.names : unused(columns)),
    ...coordinates.inner.names,
  ];
  const guards = shader.guards(operand.index.guards, names);
  const element = fromWord(type, `${shader.buffer(operand.buffer)}[${shader.affine(operand.index, names)}]`);
  const result =
    guards === "" ? [`return ${element};`] : [`if (${guards}) { return ${element}; }`, `return ${type}(0);`];
  return [
    `fn ${name}(batch: i32, free: i32, k: i32) -> ${type} {`,
    ...coordinates.batch.lines,
    ...coordinates.free.lines,
    ...coordinates.inner.lines,
    ...result,
    "}",
  ].join("\n");
}
