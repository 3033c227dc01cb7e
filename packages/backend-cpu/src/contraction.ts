import type { Affine, ContractKernel, ContractOperand } from "@adjoint/compiler/kernel";
import { type TypedArray, elementCount } from "@adjoint/ir/values";
import { arithmeticOf, readElement } from "./elements.ts";
import type { Epilogue, Run } from "./executor.ts";
import { positions } from "./loops.ts";
import type { Memory } from "./memory.ts";

/** Rows and columns that the micro-kernel computes at once: nine sums, which engines keep in registers. */
const MICRO = 3;
/** Rows, columns and terms of one block: panels of doubles that stay in the second-level cache. */
const ROWS = 96;
const COLUMNS = 192;
const INNER = 256;

/** Panels and a tile that all contractions of a program share. */
export class Workspace {
  readonly left: Float64Array = new Float64Array(ROWS * INNER);
  readonly right: Float64Array = new Float64Array(COLUMNS * INNER);
  readonly tile: Float64Array = new Float64Array(ROWS * COLUMNS);

  get bytes(): number {
    return this.left.byteLength + this.right.byteLength + this.tile.byteLength;
  }
}

/** The positions of an operand's elements: position = batch + free + inner, each from a table; likewise for its guards. */
interface Layout {
  readonly data: TypedArray;
  readonly dtype: ContractOperand["dtype"];
  readonly batch: Int32Array;
  readonly free: Int32Array;
  readonly inner: Int32Array;
  readonly guards: readonly GuardTables[];
}

interface GuardTables {
  readonly limit: number;
  readonly batch: Int32Array;
  readonly free: Int32Array;
  readonly inner: Int32Array;
}

/** True where every guard holds for an element. */
function isInside(guards: readonly GuardTables[], batch: number, free: number, inner: number): boolean {
  for (const guard of guards) {
    const position = (guard.batch[batch] ?? 0) + (guard.free[free] ?? 0) + (guard.inner[inner] ?? 0);
    if (position < 0 || position >= guard.limit) return false;
  }
  return true;
}

function layoutOf(
  kernel: ContractKernel,
  operand: ContractOperand,
  side: "rows" | "columns",
  memory: Memory,
): Layout {
  const { batch, rows, columns, inner } = kernel;
  const freeAt = batch.length + (side === "rows" ? 0 : rows.length);
  const innerAt = batch.length + rows.length + columns.length;
  const tables = (affine: Affine): { batch: Int32Array; free: Int32Array; inner: Int32Array } => {
    const part = (first: number, sizes: readonly number[]): Int32Array =>
      positions(affine.strides.slice(first, first + sizes.length), sizes);
    const offset = part(0, batch);
    for (let index = 0; index < offset.length; index++) offset[index] = (offset[index] ?? 0) + affine.offset;
    return { batch: offset, free: part(freeAt, kernel[side]), inner: part(innerAt, inner) };
  };
  return {
    data: memory.array(operand.buffer),
    dtype: operand.dtype,
    ...tables(operand.index),
    guards: operand.index.guards.map((guard) => ({ limit: guard.limit, ...tables(guard) })),
  };
}

/**
 * Copies a block of an operand to a panel: strips of MICRO free indices, each strip term by term; what lies outside the
 * block or its guards is zero.
 */
function pack(
  panel: Float64Array,
  layout: Layout,
  batch: number,
  f0: number,
  f1: number,
  k0: number,
  k1: number,
): void {
  const { data, dtype, free, inner, guards } = layout;
  const depth = k1 - k0;
  const base = layout.batch[batch] ?? 0;
  const floating = data instanceof Float32Array || data instanceof Float64Array;
  for (let first = f0; first < f1; first += MICRO) {
    const strip = ((first - f0) / MICRO) | 0;
    for (let lane = 0; lane < MICRO; lane++) {
      const f = first + lane;
      let to = strip * MICRO * depth + lane;
      if (f >= f1) {
        for (let k = 0; k < depth; k++, to += MICRO) panel[to] = 0;
        continue;
      }
      const start = base + (free[f] ?? 0);
      // The common cases run without a call for each element: no guards, and the two of an image's window.
      if (floating && guards.length === 0) packPlain(panel, to, data, start, inner, k0, k1);
      else if (floating && guards.length === 2)
        packGuarded(panel, to, data, start, inner, guards, batch, f, k0, k1);
      else {
        for (let k = k0; k < k1; k++, to += MICRO) {
          const inside = isInside(guards, batch, f, k);
          panel[to] = inside ? Number(readElement(data, dtype, start + (inner[k] ?? 0))) : 0;
        }
      }
    }
  }
}

/** One lane of a strip, everything inside. Tables cover every index here; the casts spare a check an element. */
function packPlain(
  panel: Float64Array,
  first: number,
  data: Float32Array | Float64Array,
  start: number,
  inner: Int32Array,
  k0: number,
  k1: number,
): void {
  let to = first;
  for (let k = k0; k < k1; k++, to += MICRO) panel[to] = data[(start + (inner[k] as number)) | 0] as number;
}

/** One lane of a strip under two guards. Tables cover every index here; the casts spare a check an element. */
function packGuarded(
  panel: Float64Array,
  first: number,
  data: Float32Array | Float64Array,
  start: number,
  inner: Int32Array,
  guards: readonly GuardTables[],
  batch: number,
  free: number,
  k0: number,
  k1: number,
): void {
  const [one, two] = guards;
  if (one === undefined || two === undefined) return;
  const [inner1, inner2, limit1, limit2] = [one.inner, two.inner, one.limit, two.limit];
  const position1 = (one.batch[batch] ?? 0) + (one.free[free] ?? 0);
  const position2 = (two.batch[batch] ?? 0) + (two.free[free] ?? 0);
  let to = first;
  for (let k = k0; k < k1; k++, to += MICRO) {
    // A negative position is a large unsigned number, so one comparison checks both ends.
    const outside =
      (position1 + (inner1[k] as number)) >>> 0 >= limit1 ||
      (position2 + (inner2[k] as number)) >>> 0 >= limit2;
    panel[to] = outside ? 0 : (data[(start + (inner[k] as number)) | 0] as number);
  }
}

/** Adds a strip of rows times a strip of columns to nine elements of the tile. */
function micro(
  depth: number,
  a: Float64Array,
  aStart: number,
  b: Float64Array,
  bStart: number,
  tile: Float64Array,
  at: number,
  stride: number,
): void {
  let [c00, c01, c02, c10, c11, c12, c20, c21, c22] = [0, 0, 0, 0, 0, 0, 0, 0, 0];
  let i = aStart | 0;
  let j = bStart | 0;
  // Panels are sized for every index here; the casts spare a check in the innermost loop.
  for (let k = 0; k < depth; k++) {
    const a0 = a[i] as number;
    const a1 = a[i + 1] as number;
    const a2 = a[i + 2] as number;
    const b0 = b[j] as number;
    const b1 = b[j + 1] as number;
    const b2 = b[j + 2] as number;
    c00 += a0 * b0;
    c01 += a0 * b1;
    c02 += a0 * b2;
    c10 += a1 * b0;
    c11 += a1 * b1;
    c12 += a1 * b2;
    c20 += a2 * b0;
    c21 += a2 * b1;
    c22 += a2 * b2;
    i = (i + 3) | 0;
    j = (j + 3) | 0;
  }
  const [row1, row2] = [at + stride, at + 2 * stride];
  tile[at] = (tile[at] as number) + c00;
  tile[at + 1] = (tile[at + 1] as number) + c01;
  tile[at + 2] = (tile[at + 2] as number) + c02;
  tile[row1] = (tile[row1] as number) + c10;
  tile[row1 + 1] = (tile[row1 + 1] as number) + c11;
  tile[row1 + 2] = (tile[row1 + 2] as number) + c12;
  tile[row2] = (tile[row2] as number) + c20;
  tile[row2 + 1] = (tile[row2 + 1] as number) + c21;
  tile[row2 + 2] = (tile[row2 + 2] as number) + c22;
}

/** A product of floats: packed panels, register blocks, sums in doubles that are rounded once. */
function floats(kernel: ContractKernel, memory: Memory, epilogue: Epilogue, workspace: Workspace): Run {
  const [batches, rows, columns, inner] = [kernel.batch, kernel.rows, kernel.columns, kernel.inner].map(
    elementCount,
  ) as [number, number, number, number];
  const left = layoutOf(kernel, kernel.left, "rows", memory);
  const right = layoutOf(kernel, kernel.right, "columns", memory);
  const { left: a, right: b, tile } = workspace;
  const multiply = (batch: number, r0: number, r1: number, c0: number, c1: number): void => {
    tile.fill(0, 0, ROWS * COLUMNS);
    for (let k0 = 0; k0 < inner; k0 += INNER) {
      const k1 = Math.min(inner, k0 + INNER);
      const depth = k1 - k0;
      pack(b, right, batch, c0, c1, k0, k1);
      pack(a, left, batch, r0, r1, k0, k1);
      for (let row = 0; row < r1 - r0; row += MICRO) {
        for (let column = 0; column < c1 - c0; column += MICRO) {
          micro(depth, a, row * depth, b, column * depth, tile, row * COLUMNS + column, COLUMNS);
        }
      }
    }
    epilogue(batch, r0, r1, c0, c1, tile, COLUMNS);
  };
  return () => {
    for (let batch = 0; batch < batches; batch++) {
      for (let c0 = 0; c0 < columns; c0 += COLUMNS) {
        for (let r0 = 0; r0 < rows; r0 += ROWS)
          multiply(batch, r0, Math.min(rows, r0 + ROWS), c0, Math.min(columns, c0 + COLUMNS));
      }
    }
  };
}

/** A product of integers, which wrap: one element at a time. */
function integers(kernel: ContractKernel, memory: Memory, epilogue: Epilogue): Run {
  const [batches, rows, columns, inner] = [kernel.batch, kernel.rows, kernel.columns, kernel.inner].map(
    elementCount,
  ) as [number, number, number, number];
  const left = layoutOf(kernel, kernel.left, "rows", memory);
  const right = layoutOf(kernel, kernel.right, "columns", memory);
  const big = arithmeticOf(kernel.dtype) === "big";
  const one: (number | bigint)[] = [0];
  const read = (layout: Layout, batch: number, f: number, k: number): number | bigint => {
    const inside = isInside(layout.guards, batch, f, k);
    if (!inside) return big ? 0n : 0;
    return readElement(
      layout.data,
      layout.dtype,
      (layout.batch[batch] ?? 0) + (layout.free[f] ?? 0) + (layout.inner[k] ?? 0),
    );
  };
  return () => {
    for (let batch = 0; batch < batches; batch++) {
      for (let row = 0; row < rows; row++) {
        for (let column = 0; column < columns; column++) {
          let sum: number | bigint = big ? 0n : 0;
          for (let k = 0; k < inner; k++) {
            const [x, y] = [read(left, batch, row, k), read(right, batch, column, k)];
            sum =
              typeof sum === "bigint"
                ? BigInt.asIntN(64, sum + BigInt(x) * BigInt(y))
                : (sum + Math.imul(Number(x), Number(y))) | 0;
          }
          one[0] = sum;
          epilogue(batch, row, row + 1, column, column + 1, one, 1);
        }
      }
    }
  };
}

/** A contraction with its epilogue. */
export function contraction(
  kernel: ContractKernel,
  memory: Memory,
  epilogue: Epilogue,
  workspace: Workspace,
): Run {
  return arithmeticOf(kernel.dtype) === "float"
    ? floats(kernel, memory, epilogue, workspace)
    : integers(kernel, memory, epilogue);
}
