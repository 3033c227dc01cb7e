import { Buffer } from "node:buffer";
import type { Affine, ContractKernel, Guard, ScalarNode, Store } from "@adjoint/compiler";
import { type DType, bf16ToNumber, dtypeInfo, f16ToNumber, numberToBf16, numberToF16 } from "@adjoint/ir";
import { ModuleBuilder } from "../src/emit/index.ts";
import { type ContractOptions, contractKernel, contractRegions } from "../src/kernels/contract.ts";
import { MathLibrary } from "../src/math/library.ts";
import { type Region, type RegionLayout, layOut } from "../src/region.ts";
import { Helpers } from "../src/scalar/helpers.ts";
import { families } from "../src/wasm.ts";

/**
 * Random contractions at the level of kernels: any layout of either side, any dtype, any epilogue, shared by one to three
 * threads. The judge is a loop over coordinates that knows nothing of the code under test. Memory around every buffer and
 * between the regions of every workspace holds NaN, which must stay and must not be used.
 */

const ROWS = Array.from({ length: 40 }, (_, index) => index + 1);
const COLUMNS = [1, 3, 4, 7, 8, 20, 47, 48, 64, 100, 129];
const INNER = [1, 3, 8, 16, 17, 24, 64, 100, 256, 257];
const DTYPES = ["f32", "f64", "f16", "bf16", "i32", "i8", "u8", "i16", "i64", "u32"] as const;
type Swept = (typeof DTYPES)[number];

/** Numbers from a seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

class Draw {
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

const product = (sizes: readonly number[]): number => sizes.reduce((all, size) => all * size, 1);

/** An axis of an operand in memory: its coordinate is offset + Σ step·axis of the domain. */
interface Dimension {
  readonly steps: readonly (readonly [axis: number, step: number])[];
  readonly offset: number;
  readonly size: number;
  readonly guarded: boolean;
}

interface SweptCase {
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
  const sizeOf = (axis: number): number => domain[axis] ?? 1;
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
    for (const [at, step] of dimension.steps) {
      strides[at] = (strides[at] ?? 0) + step * pitch;
      ofAxes[at] = (ofAxes[at] ?? 0) + step;
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
    pitch *= outer[axis] ?? 1;
  }
  const result: Affine = { offset: 0, strides };
  // The epilogue: nothing, or a bias along some axes, added once or several times.
  const added = draw.of([0, 0, 0, 1, 4]);
  const biasAxes = all.filter(() => draw.chance(0.5));
  const bias = outer.map(() => 0);
  let biasElements = 1;
  for (const axis of biasAxes.toReversed()) {
    bias[axis] = biasElements;
    biasElements *= outer[axis] ?? 1;
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

type Words =
  | Float32Array
  | Float64Array
  | Uint16Array
  | Int16Array
  | Int32Array
  | Uint32Array
  | Int8Array
  | Uint8Array
  | BigInt64Array;

/** Elements of a dtype over bytes. */
function wordsOf(dtype: Swept, buffer: ArrayBuffer, at: number, count: number): Words {
  switch (dtype) {
    case "f32":
      return new Float32Array(buffer, at, count);
    case "f64":
      return new Float64Array(buffer, at, count);
    case "f16":
    case "bf16":
      return new Uint16Array(buffer, at, count);
    case "i16":
      return new Int16Array(buffer, at, count);
    case "i32":
      return new Int32Array(buffer, at, count);
    case "u32":
      return new Uint32Array(buffer, at, count);
    case "i8":
      return new Int8Array(buffer, at, count);
    case "u8":
      return new Uint8Array(buffer, at, count);
    case "i64":
      return new BigInt64Array(buffer, at, count);
  }
}

const isFloating = (dtype: Swept): boolean => dtypeInfo[dtype].class === "float";

function fill(words: Words, dtype: Swept, draw: Draw): void {
  if (words instanceof BigInt64Array) {
    for (let index = 0; index < words.length; index++)
      words[index] = BigInt(Math.floor(draw.number() * 2 ** 31)) * BigInt(draw.below(2 ** 31));
    return;
  }
  for (let index = 0; index < words.length; index++) {
    const number = draw.number();
    words[index] =
      dtype === "f16"
        ? numberToF16(number)
        : dtype === "bf16"
          ? numberToBf16(number)
          : isFloating(dtype)
            ? number
            : number * 2 ** 31;
  }
}

/** Elements as numbers, or as whole numbers where the dtype is one of integers. */
function valuesOf(words: Words, dtype: Swept): Float64Array | BigInt64Array {
  if (dtype === "f16") return Float64Array.from(words as Uint16Array, f16ToNumber);
  if (dtype === "bf16") return Float64Array.from(words as Uint16Array, bf16ToNumber);
  if (words instanceof BigInt64Array) return words;
  return Float64Array.from(words);
}

/** Values of an affine function at all points of some axes, row-major. */
function places({ offset, strides }: Affine, axes: readonly number[], sizes: readonly number[]): Int32Array {
  let all = Int32Array.of(offset);
  axes.forEach((axis, at) => {
    const size = sizes[at] ?? 1;
    const step = strides[axis] ?? 0;
    const next = new Int32Array(all.length * size);
    all.forEach((value, index) => {
      for (let coordinate = 0; coordinate < size; coordinate++)
        next[index * size + coordinate] = value + coordinate * step;
    });
    all = next;
  });
  return all;
}

interface Judged {
  /** The result at each row-major point of batch ++ rows ++ columns, before it is fitted to the dtype. */
  readonly sums: Float64Array | BigInt64Array;
  readonly magnitudes: Float64Array;
}

/** Σ left·right by coordinates. */
function judge(
  kernel: ContractKernel,
  [a, b]: readonly [Float64Array | BigInt64Array, Float64Array | BigInt64Array],
): Judged {
  const { batch, rows, columns, inner } = kernel;
  const sizes = [...batch, ...rows, ...columns, ...inner];
  const outerAxes = sizes.slice(0, sizes.length - inner.length).map((_, axis) => axis);
  const innerAxes = inner.map((_, index) => outerAxes.length + index);
  const outerSizes = sizes.slice(0, outerAxes.length);
  const terms = product(inner);
  const side = (index: ContractKernel["left"]["index"]) => {
    const at = places(index, outerAxes, outerSizes);
    const along = places({ ...index, offset: 0 }, innerAxes, inner);
    const guards = index.guards.map((guard) => ({
      at: places(guard, outerAxes, outerSizes),
      along: places({ ...guard, offset: 0 }, innerAxes, inner),
      limit: guard.limit,
    }));
    return (point: number, term: number): number => {
      for (const guard of guards) {
        const value = (guard.at[point] ?? 0) + (guard.along[term] ?? 0);
        if (value < 0 || value >= guard.limit) return -1;
      }
      return (at[point] ?? 0) + (along[term] ?? 0);
    };
  };
  const [left, right] = [side(kernel.left.index), side(kernel.right.index)];
  const points = product(outerSizes);
  const magnitudes = new Float64Array(points);
  if (a instanceof BigInt64Array && b instanceof BigInt64Array) {
    const sums = new BigInt64Array(points);
    for (let point = 0; point < points; point++) {
      let sum = 0n;
      for (let term = 0; term < terms; term++) {
        const [i, j] = [left(point, term), right(point, term)];
        if (i >= 0 && j >= 0) sum += (a[i] ?? 0n) * (b[j] ?? 0n);
      }
      sums[point] = BigInt.asIntN(64, sum);
    }
    return { sums, magnitudes };
  }
  const exact =
    kernel.dtype !== "f32" && kernel.dtype !== "f64" && kernel.dtype !== "f16" && kernel.dtype !== "bf16";
  const sums = new Float64Array(points);
  for (let point = 0; point < points; point++) {
    let [sum, magnitude] = [0, 0];
    for (let term = 0; term < terms; term++) {
      const [i, j] = [left(point, term), right(point, term)];
      if (i < 0 || j < 0) continue;
      const [x, y] = [Number(a[i] ?? NaN), Number(b[j] ?? NaN)];
      if (exact) sum = (sum + Math.imul(x, y)) | 0;
      else {
        sum += x * y;
        magnitude += Math.abs(x * y);
      }
    }
    sums[point] = sum;
    magnitudes[point] = magnitude;
  }
  return { sums, magnitudes };
}

/** Roundings of a sum of this many terms, in units of the last place: terms of a block, then the blocks. */
function roundings(terms: number, dtype: DType): number {
  const block = dtypeInfo[dtype].bytes === 8 ? 200 : 400;
  return Math.min(terms, block) + Math.ceil(terms / block) + 1;
}

const POISON = 0xff;
const SLACK = 64;
const align = (bytes: number): number => Math.ceil(bytes / 64) * 64;

interface Placed {
  readonly swept: SweptCase;
  readonly regions: readonly Region[];
  readonly buffers: readonly number[];
  readonly workspace: number;
  readonly from: number;
  readonly to: number;
}

/** Runs cases as one module. @returns what is wrong with each, nothing where all is well */
export function sweep(cases: readonly SweptCase[]): readonly string[] {
  const placed: Placed[] = [];
  const module = new ModuleBuilder();
  let end = SLACK;
  const environmentOf = (
    builder: ModuleBuilder,
    { dtype, options }: SweptCase,
    buffers: readonly number[],
  ) => ({
    module: builder,
    math: new MathLibrary(builder, options.fused, families),
    helpers: new Helpers(builder),
    families,
    place: {
      address: (buffer: number) => buffers[buffer] ?? 0,
      dtype: (): DType => dtype,
      outOfRange: () => {},
    },
  });
  for (const swept of cases) {
    const { kernel, options, dtype } = swept;
    const points = product([...kernel.batch, ...kernel.rows, ...kernel.columns]);
    const from = end;
    const buffers = [...swept.elements, ...swept.results.map(() => points)].map((elements) => {
      const at = end + SLACK;
      end = align(at + elements * dtypeInfo[dtype].bytes + SLACK);
      return at;
    });
    const regions = contractRegions(environmentOf(new ModuleBuilder(), swept, buffers), kernel, options);
    const workspace = end + SLACK;
    end = align(workspace + layOut(regions, options.threads, options.gap).bytes + SLACK);
    placed.push({ swept, regions, buffers, workspace, from, to: end });
  }
  const pages = Math.ceil((end + SLACK) / 65536);
  module.importMemory("env", "memory", { initial: pages });
  placed.forEach(({ swept, buffers, workspace }, index) => {
    const environment = environmentOf(module, swept, buffers);
    module.export(`run${index}`, contractKernel(environment, swept.kernel, { ...swept.options, workspace }));
  });
  const memory = new WebAssembly.Memory({ initial: pages });
  const all = new Uint8Array(memory.buffer).fill(POISON);
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.finish()), { env: { memory } });
  return placed.flatMap((one, index) => {
    // The module exports a function of (thread, threads) by this name.
    const code = instance.exports[`run${index}`] as (thread: number, threads: number) => void;
    const wrong = checkCase(one, memory.buffer, all, code);
    return wrong === undefined ? [] : [`${one.swept.name}: ${wrong}`];
  });
}

/** @returns what is wrong, or undefined */
function checkCase(
  { swept, regions, buffers, workspace, from, to }: Placed,
  buffer: ArrayBuffer,
  all: Uint8Array,
  code: (thread: number, threads: number) => void,
): string | undefined {
  const { kernel, dtype, options } = swept;
  const { bytes } = dtypeInfo[dtype];
  const points = product([...kernel.batch, ...kernel.rows, ...kernel.columns]);
  const draw = new Draw(randomOf(swept.seed + 1));
  const words = swept.elements.map((elements, index) =>
    wordsOf(dtype, buffer, buffers[index] ?? 0, elements),
  );
  for (const list of words) fill(list, dtype, draw);
  const [a, b, bias] = words.map((list) => valuesOf(list, dtype));
  if (a === undefined || b === undefined || bias === undefined) return "no operands";
  const results = swept.results.map((_, index) => ({ at: buffers[3 + index] ?? 0, bytes: points * bytes }));
  const before = all.slice(from, to);
  const layout = layOut(regions, options.threads, options.gap);
  /** What must stay as it is while a thread runs: all but the results and the thread's regions. */
  const stays = (thread: number): readonly (readonly [number, number])[] => {
    const changes = [
      ...results.map((result) => [result.at, result.at + result.bytes] as const),
      ...regions.map((region) => {
        const start = workspace + offsetOf(layout, region.name);
        const at = start + (region.perThread ? thread * layout.threadBytes : 0);
        return [at, at + region.bytes] as const;
      }),
    ].toSorted(([one], [other]) => one - other);
    return [...changes, [to, to] as const].map(
      ([first], index) => [changes[index - 1]?.[1] ?? from, first] as const,
    );
  };
  const staying = Array.from({ length: options.threads }, (_, thread) => stays(thread));
  let bits: Uint8Array | undefined;
  for (let threads = 1; threads <= options.threads; threads++) {
    const made = results.map((result) => new Uint8Array(result.bytes));
    const owners = results.map((result) => new Uint8Array(result.bytes).fill(255));
    // Another order than that of their numbers.
    for (let turn = 0; turn < threads; turn++) {
      const thread = (turn + threads - 1) % threads;
      // What a thread writes is what differs from one of two fillings.
      for (const filling of [POISON, 0]) {
        all.set(before, from);
        for (const result of results) all.fill(filling, result.at, result.at + result.bytes);
        code(thread, threads);
        const changed = firstChange(all, before, from, staying[thread] ?? []);
        if (changed !== undefined)
          return `thread ${thread} of ${threads} writes ${placeText(changed, buffers, workspace, regions, layout)}`;
        for (const [which, result] of results.entries()) {
          const [owner, own] = [owners[which], made[which]];
          if (owner === undefined || own === undefined) return "no result";
          for (let index = 0; index < result.bytes; index++) {
            const byte = all[result.at + index] ?? 0;
            if (byte === filling) continue;
            if (owner[index] !== 255 && owner[index] !== thread)
              return `threads ${owner[index]} and ${thread} of ${threads} both write byte ${index} of result ${which}`;
            owner[index] = thread;
            own[index] = byte;
          }
        }
      }
    }
    if (owners.some((list) => list.includes(255))) {
      // A byte that equals both fillings can't be told, so an owner is missing only where nobody wrote.
      const which = owners.findIndex((list) => list.includes(255));
      return `nobody of ${threads} writes byte ${owners[which]?.indexOf(255)} of result ${which}`;
    }
    const now = new Uint8Array(made.reduce((sum, list) => sum + list.length, 0));
    let at = 0;
    for (const list of made) {
      now.set(list, at);
      at += list.length;
    }
    if (bits !== undefined && bits.some((byte, index) => byte !== now[index]))
      return `${threads} threads give other bits`;
    bits ??= now;
  }
  if (bits === undefined) return "nothing ran";
  return compare(kernel, dtype, judge(kernel, [a, b]), bias, bits, points);
}

/** A region's place; the names are those of the layout. */
const offsetOf = ({ offsets }: RegionLayout, name: string): number => offsets[name] ?? 0;

/** The address of the first byte in some spans that is no longer what it was. */
function firstChange(
  now: Uint8Array,
  before: Uint8Array,
  from: number,
  spans: readonly (readonly [number, number])[],
): number | undefined {
  for (const [first, end] of spans) {
    const old = before.subarray(first - from, end - from);
    if (Buffer.compare(now.subarray(first, end), old) !== 0)
      return first + old.findIndex((byte, index) => byte !== now[first + index]);
  }
  return undefined;
}

function placeText(
  address: number,
  buffers: readonly number[],
  workspace: number,
  regions: readonly Region[],
  layout: RegionLayout,
): string {
  if (address < workspace)
    return `${address - (buffers.findLast((at) => at <= address) ?? 0)} bytes from buffer ${buffers.findLastIndex((at) => at <= address)}`;
  const thread = Math.floor((address - workspace) / layout.threadBytes);
  const within = address - workspace - thread * layout.threadBytes;
  const region = regions.findLast(({ name }) => offsetOf(layout, name) <= within);
  return `${within - offsetOf(layout, region?.name ?? "")} bytes from "${region?.name}" (${region?.bytes} bytes) of thread ${thread}`;
}

/** Rounds or wraps to a dtype. */
function fitted(dtype: Swept): (value: number) => number {
  switch (dtype) {
    case "f16":
      return (value) => f16ToNumber(numberToF16(value));
    case "bf16":
      return (value) => bf16ToNumber(numberToBf16(value));
    case "f32":
      return Math.fround;
    case "i8":
      return (value) => (value << 24) >> 24;
    case "u8":
      return (value) => value & 255;
    case "i16":
      return (value) => (value << 16) >> 16;
    case "i32":
      return (value) => value | 0;
    case "u32":
      return (value) => value >>> 0;
    case "f64":
    case "i64":
      return (value) => value;
  }
}

const UNITS: { readonly [D in Swept]?: number } = {
  f32: 2 ** -24,
  f64: 2 ** -53,
  f16: 2 ** -11,
  bf16: 2 ** -8,
};

function compare(
  kernel: ContractKernel,
  dtype: Swept,
  { sums, magnitudes }: Judged,
  bias: Float64Array | BigInt64Array,
  bits: Uint8Array,
  points: number,
): string | undefined {
  const { bytes } = dtypeInfo[dtype];
  const sizes = [...kernel.batch, ...kernel.rows, ...kernel.columns];
  const axes = sizes.map((_, axis) => axis);
  const load = kernel.epilogue.find((node) => node.kind === "load");
  const biasAt = places(load?.kind === "load" ? load.index : { offset: 0, strides: [] }, axes, sizes);
  const fit = fitted(dtype);
  const terms = product(kernel.inner);
  const accumulated = dtypeInfo[dtype].bytes === 8 ? 2 ** -53 : 2 ** -24;
  const unit = UNITS[dtype] ?? 0;
  for (const [which, store] of kernel.stores.entries()) {
    const added = store.value === 0 ? 0 : kernel.epilogue.length - 2;
    const at = places(store.index, axes, sizes);
    const got = valuesOf(
      wordsOf(dtype, bits.slice(which * points * bytes, (which + 1) * points * bytes).buffer, 0, points),
      dtype,
    );
    for (let point = 0; point < points; point++) {
      const value = got[at[point] ?? 0];
      if (sums instanceof BigInt64Array) {
        const wanted = BigInt.asIntN(
          64,
          (sums[point] ?? 0n) + BigInt(added) * BigInt(bias[biasAt[point] ?? 0] ?? 0n),
        );
        if (value !== wanted) return `result ${which} at ${point} is ${value}, not ${wanted}`;
        continue;
      }
      const own = Number(bias[biasAt[point] ?? 0] ?? NaN);
      let wanted = fit(sums[point] ?? NaN);
      for (let count = 0; count < added; count++) wanted = fit(wanted + own);
      const magnitude = magnitudes[point] ?? 0;
      const error =
        unit === 0
          ? 0
          : roundings(terms, dtype) * accumulated * magnitude * 1.001 +
            2 * (added + 1) * unit * (magnitude + added * Math.abs(own)) +
            (dtype === "f16" ? 2 ** -24 : 0);
      // NaN is no number within the bound.
      if (!(Math.abs(Number(value) - wanted) <= error))
        return `result ${which} at ${point} is ${String(value)}, not ${wanted} (within ${error})`;
    }
  }
  return undefined;
}
