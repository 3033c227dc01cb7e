import { at } from "../at.ts";
import { checked, int, minimum, strictObject } from "../schema.ts";
import { type Dim, addDims, divDims, equalDims, mulDims, subDims } from "../dim.ts";
import { AdjointError } from "../error.ts";
import { dtypeInfo, isFloat } from "../dtype.ts";
import { type ConvOptions, type Tensor, apply } from "../tensor.ts";
import { type Rows, axesSchema, definePrimitive, operands, shapeSchema } from "../primitive.ts";
import type { ConvAttributes } from "../primitive-set.ts";
import { type Shape, elementCount, equalShapes, rowMajorStrides, shapeText } from "../shape.ts";
import { type Scalar, type TensorValue, elementReader, elementWriter, zeroValue } from "../value.ts";
import { checkDomain, pair } from "./elementwise.ts";
import { stepsIn } from "./steps.ts";

const fields = {
  strides: axesSchema,
  dilations: axesSchema,
  padLow: axesSchema,
  padHigh: axesSchema,
  groups: checked(int(), minimum(1)),
};

/** Sizes of the output along the spatial axes. */
function outputSizes(operation: string, spatial: Shape, kernel: Shape, attributes: ConvAttributes): Dim[] {
  return spatial.map((extent, axis) => {
    const size = at(kernel, axis);
    if (typeof size !== "number")
      throw new AdjointError("shape", operation, `kernel size ${size} must be a number`);
    const padded = addDims(extent, at(attributes.padLow, axis) + at(attributes.padHigh, axis));
    const room = subDims(padded, (size - 1) * at(attributes.dilations, axis) + 1);
    if (typeof room === "number" && room < 0) {
      throw new AdjointError(
        "shape",
        operation,
        `a kernel of ${shapeText(kernel)} does not fit ${shapeText(spatial)} with its padding`,
      );
    }
    return stepsIn(operation, addDims(room, 1), at(attributes.strides, axis));
  });
}

function checkAttributes(operation: string, rank: number, attributes: ConvAttributes): void {
  const { strides, dilations, padLow, padHigh, groups } = attributes;
  const counts = [strides, dilations, padLow, padHigh];
  const least = [1, 1, 0, 0];
  const bad = counts.some(
    (list, index) =>
      list.length !== rank || list.some((count) => !Number.isInteger(count) || count < (least[index] ?? 0)),
  );
  if (bad || !Number.isInteger(groups) || groups < 1) {
    throw new AdjointError(
      "attribute",
      operation,
      `wants a stride ≥ 1, a dilation ≥ 1 and pads ≥ 0 for each of the ${rank} spatial axes, and groups ≥ 1`,
      "Slice the input to crop instead of padding by a negative count.",
    );
  }
}

/** x's, w's and the result's shapes agree with one convolution; all three primitives describe the same one. */
function checkConv(
  operation: string,
  x: Shape,
  w: Shape,
  g: Shape | undefined,
  attributes: ConvAttributes,
): Shape {
  checkRanks(operation, x, w);
  checkAttributes(operation, x.length - 2, attributes);
  const [channels, filters, perGroup] = [x[1] ?? 0, w[0] ?? 0, w[1] ?? 0];
  const { groups } = attributes;
  if (
    !equalDims(channels, mulDims(perGroup, groups)) ||
    (typeof filters === "number" && filters % groups !== 0)
  ) {
    throw new AdjointError(
      "shape",
      operation,
      `${channels} channels and ${filters} filters of ${perGroup} channels don't go with ${groups} groups: input ${shapeText(x)}, weight ${shapeText(w)}`,
      "Channels must be groups times the weight's second size.",
    );
  }
  const shape = [at(x, 0), filters, ...outputSizes(operation, x.slice(2), w.slice(2), attributes)];
  if (g !== undefined && !equalShapes(g, shape)) {
    throw new AdjointError(
      "shape",
      operation,
      `the convolution of ${shapeText(x)} with ${shapeText(w)} has shape ${shapeText(shape)}, not ${shapeText(g)}`,
    );
  }
  return shape;
}

function checkRanks(operation: string, x: Shape, w: Shape): void {
  if (x.length < 3 || w.length !== x.length)
    throw new AdjointError(
      "shape",
      operation,
      `wants [N, C, …spatial] and [O, C/groups, …kernel] of one rank ≥ 3 and got ${shapeText(x)} and ${shapeText(w)}`,
    );
}

function floats(operation: string, inputs: readonly Tensor[]): readonly [Tensor, Tensor] {
  operands(operation, inputs, 2);
  const [a, b] = pair(inputs);
  checkDomain(operation, "numeric", a);
  if (a.dtype !== b.dtype)
    throw new AdjointError("dtype", operation, `dtypes differ: a is ${a} and b is ${b}`, "Cast one of them.");
  checkRanks(operation, a.shape, b.shape);
  return [a, b];
}

export const convolution: Rows<"conv" | "convTranspose" | "convWeight"> = {
  conv: definePrimitive({
    name: "conv",
    kind: "contract",
    attributes: strictObject(fields),
    infer: (inputs, attributes) => {
      const [x, w] = floats("conv", inputs);
      return [{ dtype: x.dtype, shape: checkConv("conv", x.shape, w.shape, undefined, attributes) }];
    },
    gradient: ({ inputs, attributes }, [g]) => {
      const [x, w] = pair(inputs);
      if (g === undefined) return [undefined, undefined];
      return [
        convTranspose(g, w, { ...attributes, extents: x.shape.slice(2) }),
        convWeight(x, g, { ...attributes, extents: numbers(w.shape.slice(2)) }),
      ];
    },
    evaluate: ([x, w], { attributes, output }) => {
      if (x === undefined || w === undefined) return [];
      return [accumulate(x.dtype, output.shape, { x, w }, attributes, "g")];
    },
  }),
  convTranspose: definePrimitive({
    name: "convTranspose",
    kind: "contract",
    attributes: strictObject({ ...fields, extents: shapeSchema }),
    infer: (inputs, attributes) => {
      const [g, w] = floats("convTranspose", inputs);
      const shape = [at(g.shape, 0), mulDims(at(w.shape, 1), attributes.groups), ...attributes.extents];
      checkConv("convTranspose", shape, w.shape, g.shape, attributes);
      return [{ dtype: g.dtype, shape }];
    },
    gradient: ({ inputs, attributes: { extents: _, ...attributes } }, [cotangent]) => {
      const [g, w] = pair(inputs);
      if (cotangent === undefined) return [undefined, undefined];
      return [
        conv(cotangent, w, attributes),
        convWeight(cotangent, g, { ...attributes, extents: numbers(w.shape.slice(2)) }),
      ];
    },
    evaluate: ([g, w], { attributes, output }) => {
      if (g === undefined || w === undefined) return [];
      return [accumulate(g.dtype, output.shape, { g, w }, attributes, "x")];
    },
  }),
  convWeight: definePrimitive({
    name: "convWeight",
    kind: "contract",
    attributes: strictObject({ ...fields, extents: axesSchema }),
    infer: (inputs, attributes) => {
      const [x, g] = floats("convWeight", inputs);
      const channels = at(x.shape, 1);
      const shape = [at(g.shape, 1), divDims(channels, attributes.groups) ?? channels, ...attributes.extents];
      checkConv("convWeight", x.shape, shape, g.shape, attributes);
      return [{ dtype: x.dtype, shape }];
    },
    gradient: ({ inputs, attributes: { extents: _, ...attributes } }, [cotangent]) => {
      const [x, g] = pair(inputs);
      if (cotangent === undefined) return [undefined, undefined];
      return [
        convTranspose(g, cotangent, { ...attributes, extents: x.shape.slice(2) }),
        conv(x, cotangent, attributes),
      ];
    },
    evaluate: ([x, g], { attributes, output }) => {
      if (x === undefined || g === undefined) return [];
      return [accumulate(x.dtype, output.shape, { x, g }, attributes, "w")];
    },
  }),
};

const numbers = (shape: Shape): number[] => shape.filter((size): size is number => typeof size === "number");

type Role = "x" | "w" | "g";

const multiplyAdd = (sum: Scalar, a: Scalar, b: Scalar): Scalar => Number(sum) + Number(a) * Number(b);

/** Wraps to 32 or 64 bits; storage wraps narrower types. */
const multiplyAddInteger = (sum: Scalar, a: Scalar, b: Scalar): Scalar =>
  typeof sum === "bigint"
    ? BigInt.asIntN(64, sum + BigInt(a) * BigInt(b))
    : (sum + Math.imul(Number(a), Number(b))) | 0;

/** One walk over all products x·w of a convolution; each of the three primitives sums into the role that it computes. */
function accumulate(
  dtype: TensorValue["dtype"],
  shape: Shape,
  given: { readonly [role in Role]?: TensorValue },
  { strides, dilations, padLow, groups }: ConvAttributes,
  target: Role,
): TensorValue {
  // Evaluation runs on static graphs only.
  const result = zeroValue(dtype, shape as readonly number[]);
  const sums = Array.from({ length: result.data.length }, (): Scalar => (dtypeInfo[dtype].big ? 0n : 0));
  const roles = { ...given, [target]: result };
  const { x, w, g } = roles;
  if (x === undefined || w === undefined || g === undefined) return result;
  const readers = { x: elementReader(x), w: elementReader(w), g: elementReader(g) };
  const [xs, ws, gs] = [rowMajorStrides(x.shape), rowMajorStrides(w.shape), rowMajorStrides(g.shape)];
  const kernel = w.shape.slice(2);
  const kernelSize = elementCount(kernel);
  const positions = g.shape.slice(2);
  const positionCount = elementCount(positions);
  const [filters, perGroup] = [w.shape[0] ?? 0, w.shape[1] ?? 0];
  const filtersPerGroup = filters / groups;
  const join = isFloat(dtype) ? multiplyAdd : multiplyAddInteger;
  const offsets = spatialOffsets(x.shape.slice(2), positions, kernel, { strides, dilations, padLow });
  for (let n = 0; n < (x.shape[0] ?? 0); n++) {
    for (let o = 0; o < filters; o++) {
      const firstChannel = Math.floor(o / filtersPerGroup) * perGroup;
      for (let c = 0; c < perGroup; c++) {
        const xBase = n * (xs[0] ?? 0) + (firstChannel + c) * (xs[1] ?? 0);
        const wBase = o * (ws[0] ?? 0) + c * (ws[1] ?? 0);
        const gBase = n * (gs[0] ?? 0) + o * (gs[1] ?? 0);
        for (let p = 0; p < positionCount; p++) {
          for (let k = 0; k < kernelSize; k++) {
            const offset = offsets[p * kernelSize + k] ?? -1;
            if (offset < 0) continue;
            const index = { x: xBase + offset, w: wBase + k, g: gBase + p };
            const [a, b] =
              target === "g"
                ? (["x", "w"] as const)
                : target === "x"
                  ? (["g", "w"] as const)
                  : (["x", "g"] as const);
            sums[index[target]] = join(sums[index[target]] ?? 0, readers[a](index[a]), readers[b](index[b]));
          }
        }
      }
    }
  }
  const write = elementWriter(result);
  sums.forEach((sum, index) => write(index, sum));
  return result;
}

/** The element of the input that each (position, tap) reads, −1 in the padding. */
function spatialOffsets(
  extents: readonly number[],
  positions: readonly number[],
  kernel: readonly number[],
  { strides, dilations, padLow }: Pick<ConvAttributes, "strides" | "dilations" | "padLow">,
): Int32Array {
  const steps = rowMajorStrides(extents);
  const taps = elementCount(kernel);
  const table = new Int32Array(elementCount(positions) * taps);
  for (let index = 0; index < table.length; index++) {
    let [p, k, offset] = [Math.floor(index / taps), index % taps, 0];
    for (let axis = extents.length - 1; axis >= 0; axis--) {
      const [count, size] = [positions[axis] ?? 1, kernel[axis] ?? 1];
      const coordinate =
        (p % count) * (strides[axis] ?? 1) + (k % size) * (dilations[axis] ?? 1) - (padLow[axis] ?? 0);
      p = Math.floor(p / count);
      k = Math.floor(k / size);
      if (coordinate < 0 || coordinate >= (extents[axis] ?? 0)) {
        offset = -1;
        break;
      }
      offset += coordinate * (steps[axis] ?? 1);
    }
    table[index] = offset;
  }
  return table;
}

const filledIn = (options: ConvOptions, rank: number): ConvAttributes => {
  const all = (value: number): number[] => Array.from({ length: rank }, () => value);
  const { strides = all(1), dilations = all(1), padLow = all(0), padHigh = all(0), groups = 1 } = options;
  return { strides, dilations, padLow, padHigh, groups };
};

/** Cross-correlation of x [N, C, …spatial] with w [O, C/groups, …kernel], channels first as ONNX Conv. */
export function conv(x: Tensor, w: Tensor, options: ConvOptions = {}): Tensor {
  return apply(convolution.conv, [x, w], filledIn(options, x.rank - 2)).output;
}

/** The transpose of `conv` by its input, as ONNX ConvTranspose: [N, O, …], w [O, C/groups, …] → [N, C, …extents]. */
export function convTranspose(
  g: Tensor,
  w: Tensor,
  options: ConvOptions & { readonly extents: Shape },
): Tensor {
  return apply(convolution.convTranspose, [g, w], {
    ...filledIn(options, g.rank - 2),
    extents: options.extents,
  }).output;
}

/** The transpose of `conv` by its weight: x [N, C, …], g [N, O, …] → [O, C/groups, …extents]. */
export function convWeight(
  x: Tensor,
  g: Tensor,
  options: ConvOptions & { readonly extents: readonly number[] },
): Tensor {
  return apply(convolution.convWeight, [x, g], { ...filledIn(options, x.rank - 2), extents: options.extents })
    .output;
}
