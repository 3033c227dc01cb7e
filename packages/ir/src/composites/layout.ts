import { boolean, checked, oneOf, int, minimum, strictObject } from "../schema.ts";
import { type Dim, divDims, mulDims } from "../dim.ts";
import { type DType, dtypeInfo, isInteger } from "../dtype.ts";
import { AdjointError } from "../error.ts";
import type { CompositeFunction } from "../composite.ts";
import type { Operand, Tensor } from "../tensor.ts";
import { asIndices } from "../ops/indexing.ts";
import { iota } from "../ops/source.ts";
import { dtypeSchema, normalizeAxis } from "../primitive.ts";
import { checkAttribute } from "./checks.ts";
import { binary, unary } from "./define.ts";

/*
 * Operations that arrange elements: indicators, triangles, blocks.
 */

const anything = (): void => undefined;

/** The sizes of [N, C, H, W]. */
function sizesOf(name: string, x: Tensor): readonly [Dim, Dim, Dim, Dim] {
  const [n, c, h, w] = x.shape;
  if (x.rank === 4 && n !== undefined && c !== undefined && h !== undefined && w !== undefined)
    return [n, c, h, w];
  throw new AdjointError("shape", name, `wants [N, C, H, W] and got ${x}`);
}

function divided(name: string, x: Tensor, size: Dim, by: number): Dim {
  const result = divDims(size, by);
  if (result === undefined) throw new AdjointError("shape", name, `${size} of ${x} does not divide by ${by}`);
  return result;
}

/** Negative indices counted from the end of axes of the given sizes. */
const counted = (indices: Tensor, sizes: Operand): Tensor =>
  indices.less(0).where(indices.add(sizes), indices);

/** The same for one size, in a type that holds it. */
function fromStart(indices: Tensor, size: number): Tensor {
  const { bytes, class: kind } = dtypeInfo[indices.dtype];
  if (kind === "uint") return indices;
  const wide = bytes < 4 ? indices.cast("i32") : indices;
  return counted(wide, size);
}

/**
 * Negative indices −size … −1 of an axis as those they stand for, 0 … size − 1; others stay as they are.
 * @param sizes of the same integer type; stretched as operands of a sum are, so that each element of a row of indices may
 * be of another axis.
 */
export const fromEnd: CompositeFunction<[indices: Tensor, sizes: Tensor]> = binary("fromEnd", counted, {
  check: ([indices, sizes]) => {
    if (isInteger(indices.dtype) && indices.dtype === sizes.dtype) return;
    throw new AdjointError(
      "dtype",
      "fromEnd",
      `indices and sizes must be integers of one type and are ${indices} and ${sizes}`,
      `Cast them with .cast("i32").`,
    );
  },
  gradient: () => [undefined, undefined],
});

export interface OneHotOptions {
  readonly dtype?: DType;
  /** The index of the new axis in the result; last by default. */
  readonly axis?: number;
}

/**
 * A new axis of size `depth` with 1 at the index and 0 elsewhere. Indices −depth … −1 count from the end; others outside the
 * axis give zeros alone, as ONNX's.
 */
export const oneHot: CompositeFunction<[indices: Tensor, depth: number, options?: OneHotOptions]> = unary(
  "oneHot",
  (indices, { depth, dtype, axis }) => {
    const at = normalizeAxis("oneHot", axis, indices.rank + 1);
    const wrapped = asIndices("oneHot", fromStart(indices, depth)).unsqueeze(at);
    const shape = [...indices.shape.slice(0, at), depth, ...indices.shape.slice(at)];
    return iota("i32", shape, at).equal(wrapped).cast(dtype);
  },
  {
    attributes: strictObject({ depth: checked(int(), minimum(0)), dtype: dtypeSchema, axis: int() }),
    settings: (indices, depth, { dtype = "f32", axis = -1 } = {}) => ({
      depth,
      dtype,
      axis: normalizeAxis("oneHot", axis, indices.rank + 1),
    }),
    check: ([indices]) => {
      if (isInteger(indices.dtype)) return;
      throw new AdjointError(
        "dtype",
        "oneHot",
        `indices must be integers and are ${indices}`,
        `Cast them with .cast("i32").`,
      );
    },
    gradient: () => undefined,
  },
);

export interface TriluOptions {
  readonly upper?: boolean;
  /** The diagonal that bounds the triangle: above the main one if positive. */
  readonly k?: number;
}

/** The upper (or lower) triangle of matrices [..., rows, columns], zeros elsewhere. */
export const trilu: CompositeFunction<[x: Tensor, options?: TriluOptions]> = unary(
  "trilu",
  (x, { upper, k }) => {
    checkAttribute("trilu", x.rank >= 2, `wants [..., rows, columns] and got ${x}`);
    const diagonal = iota("i32", x.shape, x.rank - 2).add(k);
    const column = iota("i32", x.shape, x.rank - 1);
    const kept = upper ? column.greaterOrEqual(diagonal) : column.lessOrEqual(diagonal);
    return kept.where(x, 0);
  },
  {
    exact: true,
    attributes: strictObject({ upper: boolean(), k: int() }),
    settings: (_, { upper = true, k = 0 } = {}) => ({ upper, k }),
    check: anything,
  },
);

/** Elements on and above diagonal k. */
export const triu = (x: Tensor, k = 0): Tensor => trilu(x, { upper: true, k });

/** Elements on and below diagonal k. */
export const tril = (x: Tensor, k = 0): Tensor => trilu(x, { upper: false, k });

export interface DepthToSpaceOptions {
  readonly blocksize: number;
  /** `"DCR"`: the position in a block is the outer part of the channel; `"CRD"`: the inner part. */
  readonly mode?: "DCR" | "CRD";
}

/** Channels become blocks of pixels: [N, C, H, W] → [N, C/b², H·b, W·b]. */
export const depthToSpace: CompositeFunction<[x: Tensor, options: DepthToSpaceOptions]> = unary(
  "depthToSpace",
  (x, { blocksize: b, mode }) => {
    const [n, c, h, w] = sizesOf("depthToSpace", x);
    const depth = divided("depthToSpace", x, c, b * b);
    const split =
      mode === "DCR"
        ? x.reshape([n, b, b, depth, h, w]).transpose([0, 3, 4, 1, 5, 2])
        : x.reshape([n, depth, b, b, h, w]).transpose([0, 1, 4, 2, 5, 3]);
    return split.reshape([n, depth, mulDims(h, b), mulDims(w, b)]);
  },
  {
    exact: true,
    attributes: strictObject({ blocksize: checked(int(), minimum(1)), mode: oneOf(["DCR", "CRD"]) }),
    settings: (_, { blocksize, mode = "DCR" }) => ({ blocksize, mode }),
    check: anything,
  },
);

/** Blocks of pixels become channels: [N, C, H, W] → [N, C·b², H/b, W/b]; the inverse of DCR. */
export const spaceToDepth: CompositeFunction<[x: Tensor, options: { readonly blocksize: number }]> = unary(
  "spaceToDepth",
  (x, { blocksize: b }) => {
    const [n, c, h, w] = sizesOf("spaceToDepth", x);
    const [rows, columns] = [divided("spaceToDepth", x, h, b), divided("spaceToDepth", x, w, b)];
    return x
      .reshape([n, c, rows, b, columns, b])
      .transpose([0, 3, 5, 1, 2, 4])
      .reshape([n, mulDims(c, b * b), rows, columns]);
  },
  {
    exact: true,
    attributes: strictObject({ blocksize: checked(int(), minimum(1)) }),
    settings: (_, { blocksize }) => ({ blocksize }),
    check: anything,
  },
);
