import type { Affine, ContractKernel } from "@adjoint/compiler/kernel";
import { arithmeticOf } from "../layout/words.ts";
import type { Context } from "./context.ts";
import { unravel } from "./coordinates.ts";
import type { Shader } from "./shader.ts";

export type Side = "left" | "right";

/** Along what an operand's elements stand side by side: its rows (or columns), or the terms of the sum. */
export type Direction = "free" | "inner";

interface Parts {
  readonly batch: readonly number[];
  readonly free: readonly number[];
  readonly inner: readonly number[];
}

/** The strides of an affine over the parts of a contraction's domain that a side depends on. */
export function partsOf(
  { batch, rows, columns, inner }: ContractKernel,
  side: Side,
  { strides }: Affine,
): Parts {
  const freeAt = batch.length + (side === "left" ? 0 : rows.length);
  const innerAt = batch.length + rows.length + columns.length;
  const free = side === "left" ? rows : columns;
  return {
    batch: strides.slice(0, batch.length),
    free: strides.slice(freeAt, freeAt + free.length),
    inner: strides.slice(innerAt, innerAt + inner.length),
  };
}

const isAligned = (value: number): boolean => value % 4 === 0;

/**
 * The direction in which four elements of an operand can be read at once: they are neighbours, every group of four starts at
 * a multiple of four, no guard parts them, and nothing else in the kernel reads their memory one by one.
 */
export function vectorDirection(
  kernel: ContractKernel,
  side: Side,
  { memory }: Context,
): Direction | undefined {
  const { buffer, index } = kernel[side];
  const allocation = memory.allocation(buffer);
  const others = [
    kernel[side === "left" ? "right" : "left"].buffer,
    ...kernel.stores.map((store) => store.buffer),
    ...kernel.epilogue.flatMap((node) => (node.kind === "load" ? [node.buffer] : [])),
  ];
  if (index.guards.length > 0 || !isAligned(index.offset)) return undefined;
  if (others.some((other) => memory.allocation(other).buffer === allocation.buffer)) return undefined;
  const parts = partsOf(kernel, side, index);
  const sizes = { free: side === "left" ? kernel.rows : kernel.columns, inner: kernel.inner };
  return (["inner", "free"] as const).find((direction) => {
    const all = { ...parts, [direction]: parts[direction].slice(0, -1) };
    const rest = [...all.batch, ...all.free, ...all.inner];
    return parts[direction].at(-1) === 1 && isAligned(sizes[direction].at(-1) ?? 1) && rest.every(isAligned);
  });
}

/**
 * A function that reads an operand by batch, row (or column) and inner position: an element, zero where a guard fails, or
 * four neighbours.
 */
export function operandFunction(
  shader: Shader,
  kernel: ContractKernel,
  side: Side,
  isVector = false,
): string {
  const { batch, rows, columns, inner } = kernel;
  const operand = kernel[side];
  const scalar = arithmeticOf(operand.dtype);
  const type = isVector ? `vec4<${scalar}>` : scalar;
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
  const position = shader.affine(operand.index, names);
  const element = (): string =>
    isVector
      ? shader.loadVector(operand.buffer, type, position)
      : shader.load(operand.buffer, operand.dtype, position);
  // A position that is never inside may be a negative constant, which WGSL refuses even where nothing reads it.
  const outside = `return ${type}(0);`;
  let result = [outside];
  if (guards === "") result = [`return ${element()};`];
  else if (guards !== "false") result = [`if (${guards}) { return ${element()}; }`, outside];
  return [
    `fn ${side}At(batch: i32, free: i32, k: i32) -> ${type} {`,
    ...coordinates.batch.lines,
    ...coordinates.free.lines,
    ...coordinates.inner.lines,
    ...result,
    "}",
  ].join("\n");
}
