import { type Tensor, broadcast, constant } from "@adjoint/ir";
import { type Node, type PrimitiveName, isNode, nodesOf } from "@adjoint/ir/graph";
import {
  type DType,
  type Scalar,
  type TensorValue,
  elementCount,
  isFloat,
  isStatic,
  valueOf,
} from "@adjoint/ir/values";
import { precisionOf } from "./graph-precision.ts";

/** What random graphs are made of. */
export interface GraphOptions {
  /** Element types of inputs, constants and casts; f64, f32, i32 and bool by default. */
  readonly dtypes?: readonly DType[];
  /** Primitives that are not drawn (gradients and composites may still hold them). */
  readonly without?: readonly PrimitiveName[];
  /** NaN, ±∞ and −0 among the elements of floats; true by default. */
  readonly special?: boolean;
  /** Sizes of 0; true by default. */
  readonly empty?: boolean;
  /** Composites; true by default. */
  readonly composites?: boolean;
  /** Gradients of drawn tensors; true by default. */
  readonly gradients?: boolean;
  /** Registers with updates; true by default. */
  readonly registers?: boolean;
}

/** Elements of one tensor at most. */
const MOST_ELEMENTS = 64;

const DTYPES: readonly DType[] = ["f64", "f32", "i32", "bool"];
/** Halves: sums and products of a few are exact in any order. */
const HALVES = [0, 1, -1, 2, 0.5, -0.5, 3, -2, 1.5, -3];
const SPECIAL = [NaN, Infinity, -Infinity, -0];
const INTEGERS = [0, 1, -1, 2, 3, -2, 5, 7];

/** The choices of all draws of one graph, in order; 0 once they run out. */
export class Choices {
  readonly #list: readonly number[];
  #at = 0;
  #state: number;

  constructor(list: readonly number[]) {
    this.#list = list;
    this.#state = list[0] ?? 0;
  }

  get isDone(): boolean {
    return this.#at >= this.#list.length;
  }

  next(): number {
    return this.#list[this.#at++] ?? 0;
  }

  /** Pseudorandom bits for elements, which take no choices. Source: the finalizer of MurmurHash3 over a counter. */
  bits(): number {
    this.#state = (this.#state + 0x9e3779b9) | 0;
    let hash = this.#state;
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    return (hash ^ (hash >>> 16)) >>> 0;
  }
}

/** What a maker of tensors draws from. */
export class Draw {
  readonly choices: Choices;
  readonly options: GraphOptions;
  /** Tensors that may be used, the oldest first. */
  readonly pool: Tensor[] = [];
  /** Bodies around this one. */
  readonly depth: number;

  constructor(choices: Choices, options: GraphOptions, depth = 0) {
    this.choices = choices;
    this.options = options;
    this.depth = depth;
  }

  /** 0 to count − 1. */
  int(count: number): number {
    return count <= 1 ? 0 : this.choices.next() % count;
  }

  pick<T>(list: readonly T[]): T | undefined {
    return list[this.int(list.length)];
  }

  /** True once in `count` times. */
  chance(count: number): boolean {
    return this.int(count) === count - 1;
  }

  dtype(accepts: (dtype: DType) => boolean = () => true): DType {
    return this.pick((this.options.dtypes ?? DTYPES).filter(accepts)) ?? "f32";
  }

  size(): number {
    return this.options.empty === false
      ? 1 + this.int(4)
      : ([2, 3, 1, 4, 2, 3, 1, 2, 4, 1, 2, 3, 2, 0][this.int(14)] ?? 1);
  }

  shape(rank: number = [2, 1, 3, 2, 0][this.int(5)] ?? 0): number[] {
    const shape: number[] = [];
    for (let axis = 0; axis < rank; axis++) shape.push(elementCount(shape) > 16 ? 1 : this.size());
    return shape;
  }

  value(dtype: DType, shape: readonly number[]): TensorValue {
    const special = this.options.special === false ? [] : SPECIAL;
    const element = (): Scalar => {
      const bits = this.choices.bits();
      if (dtype === "bool") return bits % 2;
      if (!isFloat(dtype)) {
        const integer = INTEGERS[bits % INTEGERS.length] ?? 0;
        const fits = dtype.startsWith("u") ? Math.abs(integer) : integer;
        return dtype.endsWith("64") ? BigInt(fits) : fits;
      }
      const list = bits % 8 === 7 && special.length > 0 ? special : HALVES;
      return list[(bits >>> 3) % list.length] ?? 0;
    };
    // Half of the values are the same everywhere, often a neutral element: that is what rules look for.
    const uniform = this.choices.bits() % 4 === 0 ? element() : undefined;
    return valueOf(
      dtype,
      shape,
      Array.from({ length: elementCount(shape) }, () => uniform ?? element()),
    );
  }

  constant(dtype: DType, shape: readonly number[]): Tensor {
    return constant(this.value(dtype, shape));
  }

  /** A tensor of the pool; later ones more often. */
  tensor(accepts: (tensor: Tensor) => boolean = () => true): Tensor | undefined {
    const fit = this.pool.filter(accepts);
    const newest = fit.slice(-4);
    return this.pick([...newest, ...fit.slice(0, -4)]);
  }

  /** A tensor of this type: from the pool, reshaped or stretched from it, or a constant. */
  ofType(dtype: DType, shape: readonly number[]): Tensor {
    const count = elementCount(shape);
    const found = this.tensor((tensor) => {
      if (tensor.dtype !== dtype) return false;
      return sizeOf(tensor) === count || stretches(tensor, shape);
    });
    if (found === undefined || this.chance(6)) return this.constant(dtype, shape);
    return stretches(found, shape) ? broadcast(found, shape) : found.reshape(shape);
  }

  /** A tensor that goes with another in a broadcasting operation: from the pool, or a scalar. */
  partner(other: Tensor): Tensor {
    const found = this.tensor((tensor) => tensor.dtype === other.dtype && broadcasts(tensor, other));
    return found === undefined || this.chance(6)
      ? this.constant(other.dtype, this.chance(3) ? shapeOf(other) : [])
      : found;
  }

  /** Adds tensors that are small, and whose value does not hang on the last bit of another. */
  keep(tensors: readonly Tensor[]): void {
    for (const tensor of tensors) {
      const precision = precisionOf(tensor.node);
      const isSafe = precision === "exact" || (precision === "rounded" && isFloat(tensor.dtype));
      // What rests on constants alone is one constant to a compiler; some of it will do.
      const isWanted = restsOnSources(tensor.node) || this.chance(4);
      if (isSafe && isWanted && sizeOf(tensor) <= MOST_ELEMENTS && !this.pool.includes(tensor))
        this.pool.push(tensor);
    }
  }

  /** For a body, over some tensors. */
  inner(tensors: readonly Tensor[]): Draw {
    const draw = new Draw(this.choices, this.options, this.depth + 1);
    draw.pool.push(...tensors);
    return draw;
  }
}

/** The shape of a tensor of a static graph. */
export function shapeOf({ shape }: Tensor): readonly number[] {
  if (!isStatic(shape)) throw new Error("random graphs are static");
  return shape;
}

const sizeOf = (tensor: Tensor): number => elementCount(shapeOf(tensor));

const stretches = (tensor: Tensor, shape: readonly number[]): boolean => {
  const own = shapeOf(tensor);
  const missing = shape.length - own.length;
  return missing >= 0 && own.every((size, axis) => size === 1 || size === shape[axis + missing]);
};

const broadcasts = (a: Tensor, b: Tensor): boolean => {
  const [x, y] = [shapeOf(a).toReversed(), shapeOf(b).toReversed()];
  return x.every((size, axis) => size === 1 || (y[axis] ?? 1) === 1 || size === y[axis]);
};

const sourced = new WeakMap<Node, boolean>();

/** True where a node reads an input or a register. */
function restsOnSources(node: Node): boolean {
  for (const each of nodesOf(node.outputs)) {
    const isSource = isNode(each, "input") || isNode(each, "register");
    if (!sourced.has(each))
      sourced.set(each, isSource || each.inputs.some((input) => sourced.get(input.node)));
  }
  return sourced.get(node) ?? false;
}
