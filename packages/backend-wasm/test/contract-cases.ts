import type { Affine, ContractKernel, Guard, ScalarNode, Store } from "@adjoint/compiler";
import { type DType, at } from "@adjoint/ir/values";
import type { ContractOptions } from "../src/kernels/contract/kernel.ts";

/** Contractions from seeds: any layout of either side, any dtype, any epilogue. */

const ROWS = Array.from({ length: 40 }, (_, index) => index + 1);
const COLUMNS = [1, 3, 4, 7, 8, 20, 47, 48, 64, 100, 129];
const INNER = [1, 3, 8, 16, 17, 24, 64, 100, 256, 257];
const DTYPES = ["f32", "f64", "f16", "bf16", "i32", "i8", "u8", "i16", "i64", "u32"] as const;
export type Swept = (typeof DTYPES)[number];

/** Numbers from a seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export class Draw {
  readonly #next: () => number;
  constructor(next: () => number) {
    this.#next = next;
  }
  below(count: number): number {
    return Math.floor(this.#next() * count);
  }
  of<T>(list: readonly T[]): T {
    const item = list[this.below(list.length)];
    if (item === undefined) throw new RangeError("nothing to draw from");
    return item;
  }
  chance(share: number): boolean {
    return this.#next() < share;
  }
  shuffled<T>(list: readonly T[]): T[] {
    const left = [...list];
    return list.flatMap(() => left.splice(this.below(left.length), 1));
  }
  number(): number {
    return this.#next() * 2 - 1;
  }
}

export const product = (sizes: readonly number[]): number => sizes.reduce((all, size) => all * size, 1);

/** An axis of an operand in memory: its coordinate is offset + Σ step·axis of the domain. */
interface Dimension {
  readonly steps: readonly (readonly [axis: number, step: number])[];
  readonly offset: number;
  readonly size: number;
  readonly guarded: boolean;
}

export interface SweptCase {
  readonly name: string;
  readonly kernel: ContractKernel;
  readonly dtype: Swept;
  /** Elements of the left, right and bias. */
  readonly elements: readonly [number, number, number];
  readonly results: readonly DType[];
  readonly options: ContractOptions;
  readonly seed: number;
}

/** Sizes as one axis or as several. */
function split(draw: Draw, size: number): readonly number[] {
  if (draw.chance(0.65)) return draw.chance(0.05) && size === 1 ? [] : [size];
  const divisors = ROWS.filter((divisor) => size % divisor === 0);
  const first = draw.of(divisors);
  return draw.shuffled([first, size / first]);
}

type Form = "plain" | "transposed" | "mixed" | "window";

function operand(
  draw: Draw,
  domain: readonly number[],
  axes: {
    readonly batch: readonly number[];
    readonly free: readonly number[];
    readonly inner: readonly number[];
  },
  form: Form,
): {
  readonly index: { readonly offset: number; readonly strides: readonly number[]; readonly guards: Guard[] };
  readonly elements: number;
  readonly text: string;
} {
  const sizeOf = (axis: number): number => at(domain, axis);
  const notes: string[] = [];
  // In most operands one axis at most is read in an unusual way.
  const chosen = draw.of([...axes.batch, ...axes.free, ...axes.inner, -1, -1]);
  const usual = form === "mixed" ? 7 : 40;
  const single = (axis: number): Dimension => {
    const size = sizeOf(axis);
    const kind = draw.below(axis === chosen ? 4 : usual);
    if (kind === 0) {
      notes.push(`broadcast${axis}`);
      return { steps: [], offset: 0, size: 1, guarded: false };
    }
    if (kind === 1 && size > 0) {
      notes.push(`flipped${axis}`);
      return { steps: [[axis, -1]], offset: size - 1, size, guarded: false };
    }
    if (kind === 2 && size > 0) {
      const [step, skipped] = [2 + draw.below(2), draw.below(2)];
      notes.push(`strided${axis}`);
      return {
        steps: [[axis, step]],
        offset: skipped,
        size: skipped + (size - 1) * step + 1 + draw.below(2),
        guarded: false,
      };
    }
    if (kind === 3 && size > 1) {
      const low = draw.below(Math.min(size, 4));
      const high = draw.below(Math.min(size - low, 4));
      notes.push(`padded${axis}`);
      return { steps: [[axis, 1]], offset: -low, size: size - low - high, guarded: low + high > 0 };
    }
    return { steps: [[axis, 1]], offset: 0, size, guarded: false };
  };
  const windowed = new Map<number, number>();
  if (form === "window") {
    const positions = draw.shuffled(axes.free);
    // Mostly a position and a tap; now and then two positions, as where windows are taken of windows.
    const others = draw.chance(0.15) ? positions.splice(0, Math.floor(positions.length / 2)) : axes.inner;
    others.forEach((tap, index) => {
      const position = positions[index];
      if (position === undefined || sizeOf(position) * sizeOf(tap) === 0) return;
      if (draw.chance(0.8)) windowed.set(position, tap);
    });
  }
  const taps = new Set(windowed.values());
  const dimensions = new Map<number, Dimension>();
  for (const axis of [...axes.batch, ...axes.free, ...axes.inner]) {
    if (taps.has(axis)) continue;
    const tap = windowed.get(axis);
    if (tap === undefined) {
      dimensions.set(axis, single(axis));
      continue;
    }
    const [step, apart] = [draw.chance(0.7) ? 1 : 2, draw.chance(0.7) ? 1 : 2];
    const back = draw.chance(0.3);
    const reach = (sizeOf(axis) - 1) * step + (sizeOf(tap) - 1) * apart + 1;
    const padded = draw.chance(0.6);
    const low = padded ? Math.min(reach - 1, draw.below(3)) : 0;
    const high = padded ? Math.min(reach - 1 - low, draw.below(3)) : 0;
    notes.push(`window${axis}+${tap}:${step},${back ? -apart : apart},${low},${high}`);
    dimensions.set(axis, {
      steps: [
        [axis, step],
        [tap, back ? -apart : apart],
      ],
      offset: (back ? (sizeOf(tap) - 1) * apart : 0) - low,
      size: reach - low - high,
      guarded: low + high > 0,
    });
  }
  const own = [...dimensions.keys()];
  const byPart = (parts: readonly (readonly number[])[]): number[] =>
    parts.flat().filter((axis) => own.includes(axis));
  const order =
    form === "plain"
      ? byPart([axes.batch, axes.inner, axes.free])
      : form === "transposed"
        ? byPart([axes.batch, axes.free, axes.inner])
        : form === "window" && draw.chance(0.85)
          ? byPart(
              draw.chance(0.7)
                ? [axes.batch, axes.free.slice(0, 1), axes.inner, axes.free.slice(1)]
                : [axes.batch, axes.inner, axes.free],
            )
          : draw.shuffled(own);
  let pitch = 1;
  let offset = 0;
  const strides = domain.map(() => 0);
  const guards: Guard[] = [];
  for (const axis of order.toReversed()) {
    const dimension = dimensions.get(axis);
    if (dimension === undefined) continue;
    offset += dimension.offset * pitch;
    const ofAxes = domain.map(() => 0);
    for (const [moving, step] of dimension.steps) {
      strides[moving] = at(strides, moving) + step * pitch;
      ofAxes[moving] = at(ofAxes, moving) + step;
    }
    if (dimension.guarded) guards.push({ offset: dimension.offset, strides: ofAxes, limit: dimension.size });
    pitch *= dimension.size;
  }
  return { index: { offset, strides, guards }, elements: pitch, text: [form, ...notes].join(" ") };
}

/** A case from a seed. */
export function caseOf(seed: number, engine: { readonly relaxed: boolean }): SweptCase {
  const draw = new Draw(randomOf(seed));
  const dtype = draw.chance(0.4) ? "f32" : draw.of(DTYPES);
  const counts = [1, 1, 1, 1, 2, 3, 9];
  const sizes = {
    batch: draw.of(counts),
    rows: draw.chance(0.3) ? 1 + draw.below(7) : draw.of(ROWS),
    columns: draw.of(COLUMNS),
    inner: draw.of(INNER),
  };
  // Now and then a long sum, more rows than a block, or nothing at all.
  const rare = draw.below(40);
  if (rare === 0) {
    sizes.inner = draw.of([400, 401, 801, 1201, 3203, 7001]);
    // A long sum may be of a matrix and a vector.
    if (sizes.inner > 2000 || draw.chance(0.5)) sizes[draw.of(["rows", "columns"] as const)] = 1;
  }
  if (rare === 1) sizes.rows = draw.of([96, 97, 100, 193, 361, 400]);
  if (rare === 2) sizes.columns = draw.of([319, 320, 321, 1030]);
  if (rare === 3) sizes[draw.of(["batch", "rows", "columns", "inner"] as const)] = 0;
  if (rare < 3) sizes.batch = 1;
  const isWindow = draw.chance(0.3);
  const batch = sizes.batch === 1 && draw.chance(0.6) ? [] : split(draw, sizes.batch);
  const rows = split(draw, sizes.rows);
  const columns =
    isWindow && sizes.columns > 3
      ? draw.of([[3, 4, 5], [2, 20], [2, 7, 9], [5, 8, 8], [30], [2, 3, 3, 11]])
      : split(draw, sizes.columns);
  const inner = isWindow
    ? draw.of([[3], [3, 3], [2, 3, 3], [16, 3, 3], [24, 5], [3, 2, 2, 2]])
    : split(draw, sizes.inner);
  // As a weight's gradient: sums run over positions.
  const isWeight = isWindow && draw.chance(0.35);
  const parts = isWeight ? { columns: inner, inner: columns } : { columns, inner };
  const domain = [...batch, ...rows, ...parts.columns, ...parts.inner];
  const range = (start: number, list: readonly number[]): number[] => list.map((_, index) => start + index);
  const starts = [
    0,
    batch.length,
    batch.length + rows.length,
    batch.length + rows.length + parts.columns.length,
  ] as const;
  const axes = {
    batch: range(starts[0], batch),
    rows: range(starts[1], rows),
    columns: range(starts[2], parts.columns),
    inner: range(starts[3], parts.inner),
  };
  const form = (): Form => draw.of(["plain", "transposed", "plain", "transposed", "mixed"] as const);
  const leftAxes = { batch: axes.batch, free: axes.rows, inner: axes.inner };
  const left = operand(draw, domain, leftAxes, draw.chance(0.1) ? "window" : form());
  const right = operand(
    draw,
    domain,
    isWeight
      ? { batch: axes.batch, free: axes.inner, inner: axes.columns }
      : { batch: axes.batch, free: axes.columns, inner: axes.inner },
    isWindow ? "window" : form(),
  );
  // The result: its axes in their order, or in any.
  const outer = domain.slice(0, starts[3]);
  const all = outer.map((_, axis) => axis);
  const strides = outer.map(() => 0);
  let pitch = 1;
  const order = draw.chance(0.6) ? all : draw.shuffled(all);
  for (const axis of order.toReversed()) {
    strides[axis] = pitch;
    pitch *= at(outer, axis);
  }
  const result: Affine = { offset: 0, strides };
  // The epilogue: nothing, or a bias along some axes, added once or several times.
  const added = draw.of([0, 0, 0, 1, 4]);
  const biasAxes = all.filter(() => draw.chance(0.5));
  const bias = outer.map(() => 0);
  let biasElements = 1;
  for (const axis of biasAxes.toReversed()) {
    bias[axis] = biasElements;
    biasElements *= at(outer, axis);
  }
  const epilogue: ScalarNode[] = [{ kind: "accumulator", dtype, index: 0 }];
  if (added > 0)
    epilogue.push({
      kind: "load",
      dtype,
      buffer: 2,
      index: { offset: 0, strides: bias, guards: [] },
      dynamic: [],
    });
  for (let count = 0; count < added; count++)
    epilogue.push({
      kind: "map",
      dtype,
      from: dtype,
      operation: "add",
      operands: [epilogue.length - 1 === 1 ? 0 : epilogue.length - 1, 1],
    });
  const stores: Store[] = [{ buffer: 3, index: result, value: epilogue.length - 1 }];
  // The sum itself beside it.
  if (draw.chance(0.2)) stores.push({ buffer: 4, index: result, value: 0 });
  const kernel: ContractKernel = {
    form: "contract",
    batch,
    rows,
    columns: parts.columns,
    inner: parts.inner,
    dtype,
    left: { buffer: 0, dtype, index: left.index },
    right: { buffer: 1, dtype, index: right.index },
    epilogue,
    stores,
    ...(isWeight && {
      convolution: {
        variant: "convWeight",
        attributes: { strides: [], dilations: [], padLow: [], padHigh: [], groups: 1 },
        x: [],
        w: [],
        g: [],
      },
    }),
  };
  const mode = draw.of(engine.relaxed ? ["plain", "fused", "wide", "both"] : ["plain", "wide"]);
  const options = {
    fused: mode === "fused" || mode === "both",
    wide: mode === "wide" || mode === "both",
    threads: 3,
    gap: 64,
  };
  return {
    name: `seed ${seed}: ${dtype} ${JSON.stringify([batch, rows, parts.columns, parts.inner])}, left ${left.text}, right ${right.text}${isWeight ? ", as a weight's gradient" : ""}, ${added} biases along ${biasAxes.join("+")}, ${mode}`,
    kernel,
    dtype,
    elements: [left.elements, right.elements, biasElements],
    results: stores.map(() => dtype),
    options,
    seed,
  };
}
