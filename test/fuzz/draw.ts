import { type Tensor, constant, input, register } from "@adjoint/ir";
import { type Node, isNode, nodesOf } from "@adjoint/ir/graph";
import { type DType, type TensorValue, elementCount, isFloat, valueOf } from "@adjoint/ir/values";
import { type Manner, Words, randomValue } from "./elements.ts";

/** The sizes that axes have: around the widths of vectors, tiles and panels. */
const sizes: readonly number[] = [
  3, 2, 1, 5, 7, 8, 9, 15, 16, 17, 31, 33, 48, 63, 64, 65, 100, 127, 128, 129, 200, 257, 0,
];

/** How large programs may be. */
export interface Limits {
  /** Elements of one tensor. */
  readonly elements: number;
  /** Multiplications of all products and convolutions. */
  readonly products: number;
}

/** Random decisions in order, from a list of natural numbers; 0, the plainest, once they run out. */
export class Choices {
  readonly #list: readonly number[];
  #at = 0;

  constructor(list: readonly number[]) {
    this.#list = list;
  }

  /** 0 to count − 1. */
  int(count: number): number {
    if (count <= 1) return 0;
    return (this.#list[this.#at++] ?? 0) % count;
  }

  /** True once in `count` times. */
  chance(count: number): boolean {
    return this.int(count) === count - 1;
  }

  pick<T>(list: readonly [T, ...T[]]): T;
  pick<T>(list: readonly T[]): T | undefined;
  pick<T>(list: readonly T[]): T | undefined {
    return list[this.int(list.length)];
  }
}

/** State that all parts of one program share while they are drawn. */
export class Shared {
  readonly words: Words;
  readonly limits: Limits;
  readonly main: DType;
  /** The names and values of inputs made on the way. */
  readonly inputs: { [name: string]: Tensor } = {};
  readonly feeds: { [name: string]: TensorValue } = {};
  /** The manner of the elements of each input. */
  readonly manners: { [name: string]: Manner } = {};
  /** A size that axes have now and then; undefined if none is preferred. */
  readonly size: number | undefined;
  products = 0;
  /** Only inputs, of the main type alone wherever it is accepted: the same numbers make the same program of another type. */
  readonly single: boolean;
  /** The next number of an input or register. */
  named = 0;

  constructor(
    seed: number,
    main: DType,
    limits: Limits,
    { single = false, size }: { readonly single?: boolean; readonly size?: number | undefined } = {},
  ) {
    this.single = single;
    this.size = size;
    this.words = new Words(seed);
    this.main = main;
    this.limits = limits;
  }

  nextName(): number {
    return this.named++;
  }
}

const otherTypes: readonly DType[] = [
  "f32",
  "i32",
  "bool",
  "f64",
  "f16",
  "bf16",
  "u8",
  "i8",
  "i64",
  "u32",
  "u16",
  "i16",
  "u64",
];

/** Source of random decisions and operands for makers of tensors. */
export class Draw {
  readonly choices: Choices;
  readonly shared: Shared;
  /** Tensors that may be used, the newest last. */
  readonly pool: Tensor[];
  /** Bodies around this one. */
  readonly depth: number;

  constructor(choices: Choices, shared: Shared, pool: Tensor[] = [], depth = 0) {
    this.choices = choices;
    this.shared = shared;
    this.pool = pool;
    this.depth = depth;
  }

  int(count: number): number {
    return this.choices.int(count);
  }

  chance(count: number): boolean {
    return this.choices.chance(count);
  }

  pick<T>(list: readonly [T, ...T[]]): T;
  pick<T>(list: readonly T[]): T | undefined;
  pick<T>(list: readonly T[]): T | undefined {
    return this.choices.pick(list);
  }

  /** The program's main type mostly, where it is accepted. */
  dtype(accepts: (dtype: DType) => boolean = () => true): DType {
    const { main } = this.shared;
    if (accepts(main) && (!this.chance(6) || this.shared.single)) return main;
    return this.pick(otherTypes.filter(accepts)) ?? main;
  }

  /** One of some sizes, or the program's own. */
  sized(list: readonly number[], most = Infinity): number {
    const { size } = this.shared;
    if (size !== undefined && size <= most && this.chance(3)) return size;
    return this.pick(list) ?? 1;
  }

  /** A size of the list, at most `most`. */
  size(most = 257): number {
    const fit = sizes.filter((size) => size <= most);
    // An empty axis makes the whole program empty: it is drawn once in a while.
    const list = this.chance(40) ? fit : fit.filter((size) => size > 0);
    return this.sized(list, most);
  }

  /** Sizes whose product is at most the limit of elements. */
  shape(
    rank = this.int(4) === 3 ? this.int(5) : 1 + this.int(3),
    most = this.shared.limits.elements,
  ): number[] {
    const shape: number[] = [];
    for (let axis = 0; axis < rank; axis++) {
      const left = Math.floor(most / Math.max(1, elementCount(shape)));
      shape.push(this.size(Math.max(1, axis === rank - 1 ? left : Math.min(left, 129))));
    }
    return shape;
  }

  manner(): Manner {
    return this.pick(["halves", "plain", "plain", "plain", "halves", "same", "small", "wide", "special"]);
  }

  /** A new source: an input mostly, else a register or a constant. */
  source(dtype: DType, shape: readonly number[], manner: Manner = this.manner()): Tensor {
    const { shared } = this;
    const value = randomValue(dtype, shape, manner, shared.words);
    const kind = shared.single ? 0 : this.int(10);
    // Bodies are closed: they see outer tensors, and constants.
    if (this.depth > 0 || kind === 8) return constant(value);
    return kind === 9 ? this.#held(value) : this.#fed(value, manner);
  }

  /** A new register. */
  register(dtype: DType, shape: readonly number[]): Tensor {
    return this.#held(randomValue(dtype, shape, this.manner(), this.shared.words));
  }

  #held(value: TensorValue): Tensor {
    const name = `r${this.shared.nextName()}`;
    return register(name, value.dtype, value.shape, { initial: { kind: "data", value } });
  }

  /** A new input. */
  input(dtype: DType, shape: readonly number[], manner: Manner): Tensor {
    return this.#fed(randomValue(dtype, shape, manner, this.shared.words), manner);
  }

  #fed(value: TensorValue, manner: Manner): Tensor {
    const { shared } = this;
    const name = `x${shared.nextName()}`;
    const made = input(name, value.dtype, value.shape);
    shared.inputs[name] = made;
    shared.feeds[name] = value;
    shared.manners[name] = manner;
    return made;
  }

  /** A tensor of the pool; the newest first. */
  tensor(accepts: (tensor: Tensor) => boolean = () => true): Tensor | undefined {
    const fit = this.pool.filter(accepts).toReversed();
    if (fit.length === 0) return undefined;
    return this.chance(2) ? this.pick(fit) : fit[this.int(Math.min(3, fit.length))];
  }

  /** A tensor of a type: from the pool, made to fit by views, or a new source behind views. */
  of(dtype: DType, shape: readonly number[], manner?: Manner): Tensor {
    const found = this.chance(3)
      ? undefined
      : this.tensor((tensor) => tensor.dtype === dtype && fits(tensor, shape));
    if (found !== undefined) return this.fitted(found, shape);
    return this.viewed(dtype, shape, manner);
  }

  /** A source seen through views that give this shape: stretched, turned, reversed, cut out with steps. */
  viewed(dtype: DType, shape: readonly number[], manner?: Manner): Tensor {
    const steps = this.int(3);
    let wanted = shape;
    const back: ((tensor: Tensor) => Tensor)[] = [];
    for (let step = 0; step < steps && wanted.length > 0; step++) {
      const target = wanted;
      const axis = this.int(target.length);
      const size = target[axis] ?? 1;
      switch (this.int(6)) {
        case 0: {
          wanted = target.with(axis, 1);
          back.push((tensor) => tensor.broadcast(target));
          break;
        }
        case 1: {
          const order = this.permutation(target.length);
          wanted = order.map((from) => target[from] ?? 1);
          back.push((tensor) => tensor.transpose(target.map((_, place) => order.indexOf(place))));
          break;
        }
        case 2:
          back.push((tensor) => tensor.flip([axis]));
          break;
        case 3: {
          const [start, every, rest] = [this.int(3), 1 + this.int(2), this.int(2)];
          if (size === 0) break;
          const extent = start + (size - 1) * every + 1 + rest;
          if (elementCount(target.with(axis, extent)) > this.shared.limits.elements * 2) break;
          wanted = target.with(axis, extent);
          const ranges = target.map((_, at) =>
            at === axis ? { start, end: start + (size - 1) * every + 1, step: every } : undefined,
          );
          back.push((tensor) => tensor.slice(ranges));
          break;
        }
        case 4: {
          const low = Math.min(size, 1 + this.int(3));
          const value = this.int(2);
          wanted = target.with(axis, size - low);
          back.push((tensor) =>
            tensor.pad({
              low: target.map((_, at) => (at === axis ? low : 0)),
              value: constant(dtype.endsWith("64") && !isFloat(dtype) ? BigInt(value) : value, dtype),
            }),
          );
          break;
        }
        default: {
          // Merged with its neighbour.
          const next = target[axis + 1];
          if (next === undefined) break;
          wanted = target.toSpliced(axis, 2, size * next);
          back.push((tensor) => tensor.reshape(target));
        }
      }
    }
    return back.toReversed().reduce((tensor, view) => view(tensor), this.source(dtype, wanted, manner));
  }

  /** A tensor as another of its size, stretched, or cut. */
  fitted(tensor: Tensor, shape: readonly number[]): Tensor {
    if (elementCount(shapeOf(tensor)) === elementCount(shape)) return tensor.reshape(shape);
    if (stretches(tensor, shape)) return tensor.broadcast(shape);
    const own = shapeOf(tensor);
    return tensor.slice(
      shape.map((size, axis) => {
        const spare = (own[axis] ?? 1) - size;
        const start = this.int(spare + 1);
        return { start, end: start + size };
      }),
    );
  }

  /** A partner of a broadcasting operation. */
  partner(other: Tensor): Tensor {
    const own = shapeOf(other);
    const shape = this.pick([
      () => own,
      () => own.map((size) => (this.chance(2) ? 1 : size)),
      () => own.slice(this.int(own.length + 1)),
      () => [],
    ])();
    return this.of(other.dtype, shape);
  }

  permutation(length: number): number[] {
    const rest = Array.from({ length }, (_, axis) => axis);
    return Array.from({ length }, () => rest.splice(this.int(rest.length), 1)[0] ?? 0);
  }

  /** Takes so many multiplications from what is left; false if there are not so many. */
  spend(products: number): boolean {
    if (this.shared.products + products > this.shared.limits.products) return false;
    this.shared.products += products;
    return true;
  }

  /**
   * Integers of a shape inside 0 … size − 1, from anything; now and then some that lie outside: in every round, or in some rounds
   * and not in others.
   */
  indices(shape: readonly number[], size: number, isWild = !this.shared.single && this.chance(6)): Tensor {
    if (isWild && this.chance(8)) {
      const places = Array.from(
        { length: elementCount(shape) },
        () => (this.shared.words.next() % (size + 2)) - 1,
      );
      return constant(valueOf("i32", shape, places));
    }
    const from = this.of(
      this.pick(["i32", "i32", "i32", "u8", "i64"]),
      shape,
      this.pick(["halves", "wide", "special"]),
    );
    const inside = from.cast("i32").mod(Math.max(1, size));
    return isWild && this.depth === 0 ? inside.add(this.input("i32", [], "jump")) : inside;
  }

  keep(tensors: readonly Tensor[]): void {
    for (const tensor of tensors)
      if (elementCount(shapeOf(tensor)) <= 2 * this.shared.limits.elements && !this.pool.includes(tensor))
        this.pool.push(tensor);
  }

  inner(tensors: readonly Tensor[]): Draw {
    return new Draw(this.choices, this.shared, [...tensors], this.depth + 1);
  }
}

/** The shape of a tensor of a static graph. */
export const shapeOf = (tensor: Tensor): readonly number[] => tensor.shape.map(Number);

const stretches = (tensor: Tensor, shape: readonly number[]): boolean => {
  const own = shapeOf(tensor);
  const missing = shape.length - own.length;
  return missing >= 0 && own.every((size, axis) => size === 1 || size === shape[axis + missing]);
};

const fits = (tensor: Tensor, shape: readonly number[]): boolean => {
  const own = shapeOf(tensor);
  const covers = own.length === shape.length && shape.every((size, axis) => size <= (own[axis] ?? 0));
  return elementCount(own) === elementCount(shape) || stretches(tensor, shape) || covers;
};

/** The inputs and registers of floats that a tensor rests on. */
export const floatSources = (tensor: Tensor): readonly Tensor[] =>
  nodesOf([tensor]).flatMap((node: Node) =>
    (isNode(node, "input") || isNode(node, "register")) && isFloat(node.output.dtype) ? [node.output] : [],
  );
