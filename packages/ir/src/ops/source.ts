import { at } from "../at.ts";
import { array, boolean, checked, custom, int, minimum, strictObject, string } from "../schema.ts";
import { type DType, dtypeInfo, isFloat } from "../dtype.ts";
import { AdjointError } from "../error.ts";
import { type Initial, initialSchema } from "../initial.ts";
import { type Tensor, apply } from "../tensor.ts";
import {
  type Rows,
  checkAxes,
  definePrimitive,
  dtypeSchema,
  normalizeAxis,
  operands,
  shapeSchema,
} from "../primitive.ts";
import { type Shape, elementCount, isStatic, rowMajorStrides, shapeText, typeText } from "../shape.ts";
import { threefry2x32 } from "../threefry.ts";
import { type Scalar, type TensorValue, elementReader, elementWriter, valueOf, zeroValue } from "../value.ts";

/** Static sizes of a node that is being evaluated. */
export function staticShape(operation: string, shape: Shape): readonly number[] {
  if (isStatic(shape)) return shape;
  throw new AdjointError(
    "shape",
    operation,
    `${shapeText(shape)} has unbound symbols`,
    "Bind them, or feed inputs that do.",
  );
}

const checkSizes = (operation: string, shape: Shape): Shape => {
  for (const size of shape) {
    if (typeof size === "number" && (!Number.isSafeInteger(size) || size < 0)) {
      throw new AdjointError(
        "shape",
        operation,
        `${shapeText(shape)} has a size that is not a whole number ≥ 0`,
      );
    }
  }
  return shape;
};

const fed = (operation: string): never => {
  throw new AdjointError("feed", operation, "has no value of its own", "Feed it.");
};

export const source: Rows<"input" | "register" | "constant" | "iota" | "randomBits"> = {
  input: definePrimitive({
    name: "input",
    kind: "source",
    attributes: strictObject({ name: string(), dtype: dtypeSchema, shape: shapeSchema }),
    infer: (inputs, { dtype, shape }) => {
      operands("input", inputs, 0);
      return [{ dtype, shape: checkSizes("input", shape) }];
    },
    gradient: () => [],
    evaluate: (_, node) => fed(`input "${node.attributes.name}"`),
  }),
  register: definePrimitive({
    name: "register",
    kind: "source",
    attributes: strictObject({
      name: string(),
      dtype: dtypeSchema,
      shape: array(checked(int(), minimum(0))),
      initial: initialSchema,
      trainable: boolean(),
    }),
    infer: (inputs, { dtype, shape }) => {
      operands("register", inputs, 0);
      return [{ dtype, shape: checkSizes("register", shape) }];
    },
    gradient: () => [],
    evaluate: (_, node) => fed(`register "${node.attributes.name}"`),
  }),
  constant: definePrimitive({
    name: "constant",
    kind: "source",
    attributes: strictObject({
      value: custom<TensorValue>((value) => typeof value === "object" && value !== null && "data" in value),
    }),
    infer: (inputs, { value }) => {
      operands("constant", inputs, 0);
      return [{ dtype: value.dtype, shape: value.shape }];
    },
    gradient: () => [],
    evaluate: (_, node) => [node.attributes.value],
  }),
  iota: definePrimitive({
    name: "iota",
    kind: "source",
    attributes: strictObject({ dtype: dtypeSchema, shape: shapeSchema, axis: int() }),
    infer: (inputs, { dtype, shape, axis }) => {
      operands("iota", inputs, 0);
      checkAxes("iota", [axis], shape.length);
      return [{ dtype, shape: checkSizes("iota", shape) }];
    },
    gradient: () => [],
    evaluate: (_, node) => {
      const shape = staticShape("iota", node.attributes.shape);
      const stride = at(rowMajorStrides(shape), node.attributes.axis);
      const size = at(shape, node.attributes.axis);
      const value = zeroValue(node.attributes.dtype, shape);
      const write = elementWriter(value);
      for (let i = 0; i < value.data.length; i++) write(i, Math.floor(i / stride) % size);
      return [value];
    },
  }),
  randomBits: definePrimitive({
    name: "randomBits",
    kind: "source",
    attributes: strictObject({ shape: shapeSchema }),
    infer: (inputs, { shape }) => {
      const [key] = operands("randomBits", inputs, 1);
      if (key === undefined || typeText(key.type) !== "u32[2]") {
        throw new AdjointError("dtype", "randomBits", `the key must be u32[2] and is ${key}`);
      }
      return [{ dtype: "u32", shape: checkSizes("randomBits", shape) }];
    },
    gradient: () => [undefined],
    evaluate: ([key], node) => {
      const shape = staticShape("randomBits", node.attributes.shape);
      const value = zeroValue("u32", shape);
      const [key0, key1] = [Number(key?.data[0]), Number(key?.data[1])];
      const words = new Uint32Array(2);
      for (let i = 0; i < value.data.length; i++)
        value.data[i] = threefry2x32(key0, key1, i, 0, words)[0] ?? 0;
      return [value];
    },
  }),
};

/**
 * A value fed at run time.
 * @param shape sizes, symbols from `dim("batch")` among them.
 */
export function input(name: string, dtype: DType, shape: Shape): Tensor {
  return apply(source.input, [], { name, dtype, shape }).output;
}

export interface RegisterOptions {
  readonly initial?: Initial;
  /** Optimizers update it; default true for floats. */
  readonly trainable?: boolean;
}

/** State that outlives a run, such as a parameter. Reads see the value from before the step. */
export function register(
  name: string,
  dtype: DType,
  shape: readonly number[],
  options: RegisterOptions = {},
): Tensor {
  return apply(source.register, [], {
    name,
    dtype,
    shape,
    initial: options.initial ?? { kind: "constant", value: 0 },
    trainable: options.trainable ?? isFloat(dtype),
  }).output;
}

/** Nested arrays of numbers. */
export type Nested = Scalar | boolean | readonly Nested[];

/**
 * A tensor known at declaration, from a number, nested arrays, or a host value.
 * @throws AdjointError when nested arrays are ragged.
 */
export function constant(value: Nested | TensorValue, dtype: DType = "f32"): Tensor {
  const host = isHostValue(value) ? value : fromNested(value, dtype);
  return apply(source.constant, [], { value: host }).output;
}

const isHostValue = (value: Nested | TensorValue): value is TensorValue =>
  typeof value === "object" && "data" in value;

function fromNested(nested: Nested, dtype: DType): TensorValue {
  const shape: number[] = [];
  for (let level = nested; isList(level); level = level[0] ?? 0) shape.push(level.length);
  const flat: (Scalar | boolean)[] = [];
  const collect = (level: Nested, depth: number): void => {
    if (!isList(level)) {
      if (depth !== shape.length) throw new AdjointError("shape", "constant", "nested arrays are ragged");
      flat.push(level);
      return;
    }
    if (level.length !== shape[depth])
      throw new AdjointError("shape", "constant", "nested arrays are ragged");
    for (const element of level) collect(element, depth + 1);
  };
  collect(nested, 0);
  return valueOf(dtype, shape, flat);
}

const isList = (value: Nested): value is readonly Nested[] => Array.isArray(value);

/** 0, 1, 2… along `axis`. */
export function iota(dtype: DType, shape: Shape, axis = 0): Tensor {
  return apply(source.iota, [], { dtype, shape, axis: normalizeAxis("iota", axis, shape.length) }).output;
}

/**
 * 32 random bits an element, a pure function of the key and the element's row-major index.
 * @param key u32[2].
 */
export function randomBits(key: Tensor, shape: Shape): Tensor {
  return apply(source.randomBits, [key], { shape }).output;
}

/** The element that a constant repeats; undefined if its elements differ. Looks through broadcasts. */
export function uniformConstant(tensor: Tensor): Scalar | undefined {
  const { node } = tensor;
  if (node.operation === source.constant) {
    // The operation decides the type of the attributes.
    const { value } = node.attributes as { value: TensorValue };
    if (value.data.length === 0 || elementCount(value.shape) > 64)
      return value.data.length === 1 ? elementReader(value)(0) : undefined;
    const read = elementReader(value);
    const first = read(0);
    for (let i = 1; i < value.data.length; i++) if (!Object.is(read(i), first)) return undefined;
    return first;
  }
  const [inner] = node.inputs;
  return node.operation.name === "broadcast" && inner !== undefined ? uniformConstant(inner) : undefined;
}

/** A constant of one element repeated to a type. */
export function filled(value: Scalar | boolean, dtype: DType, shape: Shape): Tensor {
  return constant(dtypeInfo[dtype].big ? BigInt(value) : value, dtype).broadcast(shape);
}
