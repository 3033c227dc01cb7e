import {
  type Tensor,
  commit,
  concat,
  cond,
  constant,
  iota,
  pad,
  randomBits,
  register,
  scan,
  scatter,
  sort,
  stack,
  topK,
  valueOf,
  window,
  windowSum,
} from "@adjoint/ir";
import { type Kind, type PrimitiveName, primitives } from "@adjoint/ir/graph";
import { type Draw, shapeOf } from "./graph-draw.ts";
import { contractMakers, permutation, ranked } from "./graph-contract-makers.ts";
import { type Maker, mapMakers, numeric } from "./graph-map-makers.ts";

const axisOf = (draw: Draw, tensor: Tensor): number => draw.int(tensor.rank);

const axesOf = (draw: Draw, tensor: Tensor): number[] =>
  [...tensor.shape.keys()].filter(() => draw.int(2) === 0);

const reduction =
  (name: "reduceSum" | "reduceProd" | "reduceMax" | "reduceMin"): Maker =>
  (draw) => {
    const x = ranked(draw, 0, numeric);
    return x?.[name]({ axes: axesOf(draw, x), keepDims: draw.chance(3) });
  };

const extremePlace =
  (name: "argMax" | "argMin"): Maker =>
  (draw) => {
    const x = draw.tensor(
      (tensor) => tensor.rank > 0 && numeric(tensor.dtype) && !shapeOf(tensor).includes(0),
    );
    return x?.[name]({ axis: axisOf(draw, x) });
  };

const running =
  (name: "cumSum" | "cumProd"): Maker =>
  (draw) => {
    const x = ranked(draw, 1, numeric);
    return x?.[name]({ axis: axisOf(draw, x), exclusive: draw.chance(2), reverse: draw.chance(2) });
  };

/** Merges two neighbours, splits an axis, or adds or drops an axis of size 1. */
function reshaped(draw: Draw, shape: readonly number[]): number[] {
  const at = draw.int(shape.length);
  const [size, next] = [shape[at], shape[at + 1]];
  switch (draw.int(4)) {
    case 0:
      return shape.toSpliced(draw.int(shape.length + 1), 0, 1);
    case 1:
      return size !== undefined && next !== undefined ? shape.toSpliced(at, 2, size * next) : [...shape, 1];
    case 2:
      return size === 1
        ? shape.toSpliced(at, 1)
        : size === 4
          ? shape.toSpliced(at, 1, 2, 2)
          : shape.toSpliced(at, 0, 1);
    default:
      return [shape.reduce((product, each) => product * each, 1)];
  }
}

/** Indices i32[…, depth] inside the leading axes of a tensor without empty ones. */
function indicesInto(draw: Draw, data: Tensor): Tensor {
  const depth = 1 + draw.int(data.rank);
  const rows = [1 + draw.int(3)];
  const columns = shapeOf(data)
    .slice(0, depth)
    .map((size) => draw.ofType("i32", rows).mod(size));
  return stack(columns, 1);
}

const full = (tensor: Tensor): boolean => tensor.rank > 0 && !shapeOf(tensor).includes(0);

/** One maker for each primitive. */
const makers: { readonly [N in PrimitiveName]: Maker } = {
  input: () => undefined,
  register: (draw) => {
    if (draw.options.registers === false || draw.depth > 0) return undefined;
    const value = draw.value(draw.dtype(), draw.shape());
    return register(`register_${draw.pool.length}`, value.dtype, value.shape, {
      initial: { kind: "data", value },
    });
  },
  constant: (draw) => draw.constant(draw.dtype(), draw.shape()),
  iota: (draw) => {
    const shape = draw.shape(1 + draw.int(2));
    return iota(draw.dtype(numeric), shape, draw.int(shape.length));
  },
  randomBits: (draw) => {
    const bits = randomBits(constant(valueOf("u32", [2], [draw.int(3), draw.int(3)])), draw.shape());
    return bits.shiftRight(24).cast("i32");
  },
  ...mapMakers,
  reduceSum: reduction("reduceSum"),
  reduceProd: reduction("reduceProd"),
  reduceMax: reduction("reduceMax"),
  reduceMin: reduction("reduceMin"),
  argMax: extremePlace("argMax"),
  argMin: extremePlace("argMin"),
  cumSum: running("cumSum"),
  cumProd: running("cumProd"),
  reshape: (draw) => {
    const x = draw.tensor();
    return x?.reshape(reshaped(draw, shapeOf(x)));
  },
  transpose: (draw) => {
    const x = ranked(draw, 2);
    return x?.transpose(permutation(draw, x.rank));
  },
  broadcast: (draw) => {
    const x = draw.tensor();
    if (x === undefined) return undefined;
    const stretched = shapeOf(x).map((size) => (size === 1 && draw.int(2) === 0 ? draw.size() : size));
    return x.broadcast([...draw.shape(draw.int(2)), ...stretched]);
  },
  slice: (draw) => {
    const x = ranked(draw, 1);
    return x?.slice(
      x.shape.map(() =>
        draw.chance(2) ? { start: draw.int(3), end: 1 + draw.int(4), step: 1 + draw.int(2) } : undefined,
      ),
    );
  },
  pad: (draw) => {
    const x = ranked(draw, 1);
    const counts = (): number[] => x?.shape.map(() => draw.int(2)) ?? [];
    const value = x && draw.ofType(x.dtype, []);
    return x && value && pad(x, { low: counts(), high: counts(), interior: counts(), value });
  },
  concat: (draw) => {
    const x = ranked(draw, 1);
    if (x === undefined) return undefined;
    const axis = axisOf(draw, x);
    const others = Array.from({ length: 1 + draw.int(2) }, () =>
      draw.ofType(x.dtype, shapeOf(x).with(axis, draw.size())),
    );
    return concat([x, ...others], axis);
  },
  flip: (draw) => {
    const x = ranked(draw, 1);
    return x?.flip(axesOf(draw, x));
  },
  window: (draw) => {
    const x = draw.tensor((tensor) => shapeOf(tensor).some((size) => size >= 2));
    const axis = x === undefined ? -1 : shapeOf(x).findIndex((size) => size >= 2);
    return x && window(x, { axes: [axis], sizes: [2], strides: [1 + draw.int(2)] });
  },
  windowSum: (draw) => {
    const size = 1 + draw.int(3);
    const x = draw.ofType(draw.dtype(numeric), [2, size, 2]);
    return windowSum(x, { axes: [1], sizes: [2], extents: [2, size + 1] });
  },
  ...contractMakers,
  gather: (draw) => {
    const data = draw.tensor(full);
    return data?.gather(indicesInto(draw, data));
  },
  scatter: (draw) => {
    const data = draw.tensor(full);
    if (data === undefined) return undefined;
    const indices = indicesInto(draw, data);
    const updates = draw.ofType(data.dtype, shapeOf(data.gather(indices)));
    const reductions =
      data.dtype === "bool" ? (["none"] as const) : (["none", "add", "mul", "max", "min"] as const);
    return scatter(data, indices, updates, draw.pick(reductions));
  },
  sort: (draw) => {
    const x = ranked(draw, 1, numeric);
    return x && Object.values(sort(x, { axis: axisOf(draw, x), descending: draw.chance(2) }));
  },
  topK: (draw) => {
    const x = ranked(draw, 1, numeric);
    if (x === undefined) return undefined;
    const axis = axisOf(draw, x);
    const k = draw.int((shapeOf(x)[axis] ?? 0) + 1);
    return Object.values(topK(x, k, { axis, largest: draw.chance(2) }));
  },
  scan: (draw) => {
    if (draw.depth > 1) return undefined;
    const first = draw.chance(4) ? undefined : ranked(draw, 1);
    const second = first && draw.tensor((tensor) => tensor.rank > 0 && tensor.shape[0] === first.shape[0]);
    const sequences = [first, second].filter((tensor) => tensor !== undefined).slice(0, 1 + draw.int(2));
    const carry = [draw.tensor(), draw.tensor()]
      .filter((tensor) => tensor !== undefined)
      .slice(0, draw.int(3));
    const length = first === undefined ? draw.int(4) : (shapeOf(first)[0] ?? 0);
    const outer = draw.pool.slice(-3);
    const { carry: last, outputs } = scan(
      { carry, sequences, length, reverse: draw.chance(2) },
      (carries, slices) => {
        const inner = draw.inner([...outer, ...slices, ...carries]);
        run(inner, 1 + draw.int(4));
        const next = carries.map(
          (own) =>
            inner.tensor(
              (tensor) => tensor.dtype === own.dtype && tensor.shape.join() === own.shape.join(),
            ) ?? own,
        );
        const found = inner.pool.at(-1);
        return { carry: next, outputs: found === undefined ? [] : [found, ...slices.slice(0, draw.int(2))] };
      },
    );
    return [...last, ...outputs];
  },
  if: (draw) => {
    if (draw.depth > 1) return undefined;
    const condition = draw.chance(4) ? constant(draw.int(2), "bool") : draw.ofType("bool", [1]).reshape([]);
    const outer = draw.pool.slice(-4);
    const [yes, no] = [draw.inner(outer), draw.inner(outer)];
    return cond(
      condition,
      () => {
        run(yes, 1 + draw.int(3));
        return yes.pool.slice(-2);
      },
      () => {
        run(no, draw.int(3));
        return yes.pool.slice(-2).map((tensor) => no.ofType(tensor.dtype, shapeOf(tensor)));
      },
    );
  },
  // Only a program collects commits; an update of a register is one.
  commit: (draw) => {
    const state = draw.tensor((tensor) => tensor.node.operation.name === "register");
    if (state === undefined || draw.depth > 0 || updated.has(state)) return undefined;
    const next = draw.ofType(state.dtype, shapeOf(state));
    const value = draw.tensor();
    if (value === undefined) return undefined;
    updated.add(state);
    return commit(value, state, next);
  },
};

const updated = new WeakSet<Tensor>();

/** How often a kind is drawn; the many maps share theirs. Views on views are what there are most rules about. */
const weights: { readonly [K in Kind]: number } = {
  source: 1,
  map: 7,
  reduce: 2,
  cumulative: 1,
  view: 5,
  contract: 2,
  index: 1,
  order: 1,
  control: 1,
};

function makersByKind(without: readonly PrimitiveName[]): (readonly Maker[])[] {
  const kinds = new Map<Kind, Maker[]>();
  for (const { kind, name } of Object.values(primitives)) {
    if (without.includes(name)) continue;
    kinds.set(kind, [...(kinds.get(kind) ?? []), makers[name]]);
  }
  return [...kinds].flatMap(([kind, list]) => Array.from({ length: weights[kind] }, () => list));
}

/** Makes some tensors. */
export function run(draw: Draw, steps: number, extra: readonly Maker[] = []): void {
  const kinds = makersByKind(draw.options.without ?? []);
  const all = extra.length > 0 ? [...kinds, extra] : kinds;
  for (let step = 0; step < steps && !draw.choices.isDone; step++) {
    const made = draw.pick(draw.pick(all) ?? [])?.(draw);
    if (made !== undefined) draw.keep(Array.isArray(made) ? made : [made as Tensor]);
  }
}
