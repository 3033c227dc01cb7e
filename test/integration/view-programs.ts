import {
  type DType,
  type Graph,
  type Tensor,
  type TensorValue,
  concat,
  gatherElements,
  input,
  isFloat,
  program,
  scatterElements,
  sort,
  topK,
  valueOf,
} from "@adjoint/ir";

/** Sizes at which vectors, groups of them and blocks end, or nearly. */
const SIZES = [0, 1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 100, 127, 128, 129, 257];
const DTYPES: readonly DType[] = [
  "f32",
  "f32",
  "f32",
  "f32",
  "i32",
  "i32",
  "u32",
  "bool",
  "f64",
  "f16",
  "bf16",
  "i64",
  "u64",
  "i16",
  "u16",
  "i8",
  "u8",
];
/** Elements of an operand, at most. */
const MOST = 20_000;

/** Whole numbers below a bound, by an LCG; the same for a seed. */
class Draw {
  #state: number;

  constructor(seed: number) {
    this.#state = (Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995) | 0;
    for (let turn = 0; turn < 4; turn++) this.below(2);
  }

  below(limit: number): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) | 0;
    return Math.floor(((this.#state >>> 4) / 2 ** 28) * limit);
  }

  of<T>(list: readonly T[]): T {
    const drawn = list[this.below(list.length)];
    if (drawn === undefined) throw new RangeError("nothing to draw from");
    return drawn;
  }

  chance(part: number): boolean {
    return this.below(1000) < part * 1000;
  }
}

const count = (shape: readonly number[]): number => shape.reduce((all, size) => all * size, 1);
const sizes = (tensor: Tensor): readonly number[] => tensor.shape.map(Number);

function shapeOf(draw: Draw, rank: number): number[] {
  const shape: number[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const fitting = SIZES.filter((size) => count(shape) * size <= MOST && (size > 0 || draw.chance(0.2)));
    shape.push(draw.of(fitting));
  }
  return shape;
}

/** A program, what it is fed, and how its operands came about. */
export interface ViewProgram {
  readonly graph: Graph;
  readonly feeds: { readonly [name: string]: TensorValue };
}

/**
 * Every form of kernel over operands that are read through chains of views: flipped, strided, transposed, stretched,
 * padded, cut. All numbers are small and whole, so that results are the same in any order and precision.
 */
export function viewProgram(seed: number): ViewProgram {
  const draw = new Draw(seed);
  const feeds: { [name: string]: TensorValue } = {};
  const inputs: { [name: string]: Tensor } = {};
  const fed = (dtype: DType, shape: readonly number[], element: () => number): Tensor => {
    const name = `in${Object.keys(inputs).length}`;
    feeds[name] = valueOf(dtype, shape, Array.from({ length: count(shape) }, element));
    return (inputs[name] = input(name, dtype, shape));
  };
  const number = (dtype: DType) => (): number => {
    if (dtype === "bool") return draw.below(2);
    return dtype.startsWith("u") ? draw.below(5) : draw.below(9) - 4;
  };
  const step = (x: Tensor): Tensor => {
    const shape = sizes(x);
    const axis = draw.below(Math.max(1, x.rank));
    switch (draw.below(7)) {
      case 0:
        return x.flip(shape.flatMap((_, at) => (draw.chance(0.6) ? [at] : [])));
      case 1:
        return x.transpose([...shape.keys()].toSorted(() => draw.below(3) - 1));
      case 2:
        return x.slice(
          shape.map((size) => {
            const start = draw.below(Math.min(3, size + 1));
            return { start, end: size - draw.below(Math.min(3, size - start + 1)), step: 1 + draw.below(3) };
          }),
        );
      case 3: {
        if (count(shape) * 3 > MOST) return x;
        const around = (): number[] => shape.map(() => (draw.chance(0.5) ? draw.below(3) : 0));
        return x.pad({ low: around(), high: around(), ...(draw.chance(0.3) && { interior: around() }) });
      }
      case 4: {
        const wide = shape.map((size) => (size === 1 ? draw.of([1, 2, 5, 16, 33]) : size));
        return count(wide) > MOST ? x : x.broadcast(wide);
      }
      case 5:
        return x.rank > 1 && shape[axis] === 1 ? x.squeeze([axis]) : x.unsqueeze([draw.below(x.rank + 1)]);
      default:
        return x;
    }
  };
  const viewed = (x: Tensor, most = 4): Tensor => {
    let result = x;
    for (let steps = draw.below(most + 1); steps > 0; steps--) result = step(result);
    return result;
  };
  /** Views of something fed that end with this shape. */
  const operand = (dtype: DType, shape: readonly number[]): Tensor => {
    const own = viewed(fed(dtype, shape, number(dtype)));
    // Cut or stretched to the wanted shape along axes that the views have left.
    const flat = own.reshape([count(sizes(own))]);
    const wanted = count(shape);
    const [have] = sizes(flat);
    if (have === undefined || wanted === 0 || have === 0) return fed(dtype, shape, number(dtype));
    if (sizes(own).join() === shape.join()) return own;
    if (have === 1) return own.reshape(shape.map(() => 1)).broadcast(shape);
    return have >= wanted
      ? flat.slice([{ start: have - wanted, end: have }]).reshape(shape)
      : viewed(fed(dtype, shape, number(dtype)).flip([draw.below(shape.length)]), 0);
  };
  const places = (shape: readonly number[], size: number): Tensor => {
    const fresh = fed("i32", shape, () => draw.below(Math.max(1, size)));
    return draw.chance(0.5) && shape.length > 0 ? fresh.flip([draw.below(shape.length)]) : fresh;
  };

  const outputs: { [name: string]: Tensor } = {};
  const put = (name: string, tensor: Tensor): void => {
    outputs[`${name}${Object.keys(outputs).length}`] = tensor;
  };
  const wide = (x: Tensor): Tensor => (x.dtype === "bool" ? x.cast("i32") : x);
  /** Sums of what has few bits are sums of what they are cast to. */
  const summable = (x: Tensor): Tensor =>
    x.dtype === "f16" || x.dtype === "bf16" ? x.cast("f32") : x.dtype === "bool" ? x.cast("i32") : x;

  for (let forms = 2 + draw.below(4); forms > 0; forms--) {
    const dtype = draw.of(DTYPES);
    const x = viewed(fed(dtype, shapeOf(draw, 1 + draw.below(4)), number(dtype)));
    const shape = sizes(x);
    const axis = draw.below(Math.max(1, x.rank));
    const size = shape[axis] ?? 1;
    const isEmpty = count(shape) === 0;
    switch (draw.below(12)) {
      case 0:
        put("map", wide(x).add(wide(operand(dtype, shape))));
        break;
      case 1:
        put("where", operand("bool", shape).where(operand(dtype, shape), x));
        break;
      case 2:
        put("cast", x.cast(draw.of(DTYPES)));
        break;
      case 3: {
        const axes = shape.flatMap((_, at) => (draw.chance(0.5) ? [at] : []));
        if (isEmpty) break;
        put("sum", summable(x).reduceSum({ axes }));
        if (dtype !== "bool") put("max", x.reduceMax({ axes }));
        const signs = wide(x)
          .greater(wide(operand(dtype, shape)))
          .where(x.cast("f32").mul(0).add(-1), 1);
        put("prod", signs.reduceProd({ axes }));
        break;
      }
      case 4:
        if (size > 0 && x.rank > 0) put("place", wide(x).argMax({ axis }));
        break;
      case 5:
        if (x.rank === 0) break;
        put("running", summable(x).cumSum({ axis, exclusive: draw.chance(0.5), reverse: draw.chance(0.5) }));
        break;
      case 6:
        if (size > 0 && x.rank > 0)
          put(
            "take",
            x.take(
              places(
                shapeOf(draw, 1).map((n) => n % 40),
                size,
              ),
              axis,
            ),
          );
        break;
      case 7: {
        if (isEmpty || x.rank === 0) break;
        const depth = 1 + draw.below(x.rank);
        const rows = 1 + draw.below(20);
        const columns = Array.from({ length: depth }, (_, at) => places([rows, 1], shape[at] ?? 1));
        put("gather", x.gather(concat(columns, 1)));
        break;
      }
      case 8:
        if (isEmpty || x.rank === 0) break;
        put("elements", gatherElements(x, places(shape, size), axis));
        break;
      case 9: {
        if (isEmpty || x.rank === 0 || dtype === "bool") break;
        const rows = 1 + draw.below(12);
        const how = draw.of(["none", "add", "max", "min"] as const);
        const updates = operand(dtype, [rows, ...shape.slice(1)]);
        put("scatter", summable(x).scatter(places([rows, 1], shape[0] ?? 1), summable(updates), how));
        const many = shape.map((n, at) => (at === axis ? Math.min(n, 3) : n));
        put("joined", scatterElements(x, places(many, size), operand(dtype, many), axis, "max"));
        break;
      }
      case 10: {
        if (size === 0 || x.rank === 0) break;
        const { values, indices } = draw.chance(0.5)
          ? sort(wide(x), { axis, descending: draw.chance(0.5) })
          : topK(wide(x), 1 + draw.below(size), { axis, largest: draw.chance(0.5) });
        put("sorted", values);
        put("order", indices);
        break;
      }
      default: {
        if (x.rank === 0) break;
        const others = [x, operand(dtype, shape), viewed(x, 0).flip([axis])];
        put("concat", concat(others.slice(0, 1 + draw.below(3)), axis));
        if (isFloat(dtype)) put("fused", viewed(x.mul(2).abs()).max(1).cast("f32"));
      }
    }
  }
  const used = Object.keys(outputs).length > 0 ? outputs : { nothing: fed("f32", [1], () => 1) };
  return { graph: program({ inputs, outputs: used }), feeds };
}
