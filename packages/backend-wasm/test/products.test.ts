import { type WasmBackend, wasm } from "@adjoint/backend-wasm";
import { type Feeds, compile } from "@adjoint/compiler";
import { type Graph, type Tensor, conv, gradients, input, program } from "@adjoint/ir";
import { afterAll, beforeAll, expect, test } from "vitest";

/** Products and convolutions of whole programs, beside loops in doubles, on one thread and on three. */

const backends: WasmBackend[] = [];
beforeAll(async () => {
  for (const threads of [1, 3]) {
    // All kernels are shared, however small.
    const backend = await wasm({ threads, shareFrom: 0 });
    backends.push(backend);
    while (backend.threads < threads) await new Promise((resolve) => setTimeout(resolve, 1));
  }
});
afterAll(() => {
  for (const backend of backends) backend[Symbol.dispose]();
});

/** Numbers in −1 … 1 from a seed. */
function noise(length: number, seed: number): Float32Array<ArrayBuffer> {
  let state = Math.imul(seed, 2654435761) | 1;
  return Float32Array.from({ length }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state / 2 ** 31;
  });
}

const count = (sizes: readonly number[]): number => sizes.reduce((all, size) => all * size, 1);

/** A sum in doubles, and the sum of its terms' magnitudes. */
class Sums {
  readonly values: Float64Array;
  readonly magnitudes: Float64Array;
  constructor(length: number) {
    this.values = new Float64Array(length);
    this.magnitudes = new Float64Array(length);
  }
  add(at: number, term: number): void {
    this.values[at] = (this.values[at] ?? 0) + term;
    this.magnitudes[at] = (this.magnitudes[at] ?? 0) + Math.abs(term);
  }
}

/** Runs a program twice on each backend: the same bits every time, and within so many roundings of the sums. */
async function check(
  main: Graph,
  feeds: Feeds,
  wanted: { readonly [output: string]: { readonly sums: Sums; readonly roundings: number } },
): Promise<void> {
  const runs: { readonly [output: string]: Float32Array }[] = [];
  for (const backend of backends) {
    await using session = await compile({ main }, { backend });
    for (let run = 0; run < 2; run++) {
      const outputs = await session.run("main", feeds);
      runs.push(
        // All outputs are f32.
        Object.fromEntries(
          Object.entries(outputs).map(([name, { data }]) => [name, (data as Float32Array).slice()]),
        ),
      );
    }
  }
  for (const [name, { sums, roundings }] of Object.entries(wanted)) {
    const [first, ...others] = runs.map((run) => run[name]);
    if (first === undefined) throw new Error(`no output ${name}`);
    let worst = 0;
    first.forEach((value, index) => {
      const error =
        Math.abs(value - (sums.values[index] ?? NaN)) / ((sums.magnitudes[index] ?? 0) * 2 ** -24 + 1e-30);
      worst = Math.max(worst, Number.isNaN(error) ? Infinity : error);
    });
    expect(worst, `roundings of ${name}`).toBeLessThanOrEqual(roundings);
    for (const other of others) expect(other, `${name}, run again`).toEqual(first);
  }
}

test.each([32])("weight gradients of every width up to 60, of a batch of %i", async (batch) => {
  const widths = Array.from({ length: 60 }, (_, index) => index + 1);
  const columns = 48;
  const d = input("d", "f32", [batch, columns]);
  const xs = widths.map((width) => input(`x${width}`, "f32", [batch, width]));
  const main = program({
    inputs: { d, ...Object.fromEntries(xs.map((x, index) => [`x${index + 1}`, x])) },
    outputs: Object.fromEntries(xs.map((x, index) => [`w${index + 1}`, x.transpose().matMul(d)])),
  });
  const deltas = noise(batch * columns, 7);
  const data = widths.map((width) => noise(batch * width, width));
  const wanted = widths.map((width, index) => {
    const sums = new Sums(width * columns);
    for (let example = 0; example < batch; example++)
      for (let row = 0; row < width; row++)
        for (let column = 0; column < columns; column++)
          sums.add(
            row * columns + column,
            (data[index]?.[example * width + row] ?? NaN) * (deltas[example * columns + column] ?? NaN),
          );
    return [`w${width}`, { sums, roundings: batch + 2 }] as const;
  });
  await check(
    main,
    { d: deltas, ...Object.fromEntries(data.map((x, index) => [`x${index + 1}`, x])) },
    Object.fromEntries(wanted),
  );
});

// Each term rounds the same way, so the error of a sum without blocks grows with the terms: some 10⁴ roundings here.
test("long sums: the error of blocks of at most 400 terms, however they are read", async () => {
  const terms = 200_000;
  const [rows, columns] = [input("rows", "f32", [2, terms]), input("columns", "f32", [terms, 3])];
  const row = rows.slice([{ end: 1 }]);
  const column = columns.slice([{}, { end: 1 }]);
  const main = program({
    inputs: { rows, columns },
    outputs: {
      matrices: rows.matMul(columns),
      row: row.matMul(columns),
      alongTerms: rows.matMul(column),
    },
  });
  const feeds = {
    rows: new Float32Array(2 * terms).fill(0.1),
    columns: new Float32Array(terms * 3).fill(0.7),
  };
  const term = Math.fround(0.1) * Math.fround(0.7);
  const wanted = (results: number): { readonly sums: Sums; readonly roundings: number } => {
    const sums = new Sums(results);
    for (let index = 0; index < results; index++) sums.add(index, term * terms);
    return { sums, roundings: 400 + terms / 400 + 1 };
  };
  await check(main, feeds, { matrices: wanted(6), row: wanted(3), alongTerms: wanted(2) });
});

interface Geometry {
  readonly batch: number;
  readonly groups: number;
  /** Of each group. */
  readonly channels: number;
  readonly filters: number;
  readonly extents: readonly number[];
  readonly taps: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly padLow: readonly number[];
  readonly padHigh: readonly number[];
  /** [N, …, C] instead of [N, C, …]. */
  readonly channelsLast: boolean;
}

/** A convolution from a seed. */
function geometryOf(seed: number): Geometry {
  const numbers = noise(64, seed);
  let next = 0;
  const below = (most: number): number => Math.floor((((numbers[next++] ?? 0) + 1) / 2) * most);
  const of = (list: readonly number[]): number => list[below(list.length)] ?? 1;
  const rank = of([1, 2, 2, 2, 3]);
  const each = (draw: () => number): number[] => Array.from({ length: rank }, draw);
  const taps = each(() => of([1, 2, 3, 3, 5]));
  const dilations = each(() => of([1, 1, 1, 2]));
  const padLow = each(() => of([0, 1, 1, 2]));
  return {
    batch: of([1, 2, 3, 9]),
    groups: of([1, 1, 1, 2, 3]),
    channels: of([1, 2, 3, 7, 16]),
    filters: of([1, 2, 4, 5, 8, 13]),
    extents: taps.map(
      (tap, axis) =>
        (tap - 1) * (dilations[axis] ?? 1) +
        1 +
        of(rank === 1 ? [7, 30, 61] : rank === 2 ? [3, 7, 12, 13] : [1, 3, 5]),
    ),
    taps,
    strides: each(() => of([1, 1, 1, 2, 3])),
    dilations,
    padLow,
    padHigh: each(() => of([0, 1, 1, 2])),
    channelsLast: below(3) === 0,
  };
}

/** Coordinates of a row-major number. */
function coordinates(index: number, sizes: readonly number[]): number[] {
  let rest = index;
  return sizes
    .toReversed()
    .map((size) => {
      const own = rest % size;
      rest = Math.floor(rest / size);
      return own;
    })
    .toReversed();
}

const linear = (at: readonly number[], sizes: readonly number[]): number =>
  at.reduce((all, coordinate, axis) => all * (sizes[axis] ?? 1) + coordinate, 0);

/** The result and both gradients of Σ result·r, by their definition. */
function convolved(
  geometry: Geometry,
  x: Float32Array,
  w: Float32Array,
  r: Float32Array,
  positions: readonly number[],
): { readonly y: Sums; readonly gx: Sums; readonly gw: Sums } {
  const { batch, groups, channels, filters, extents, taps, strides, dilations, padLow, channelsLast } =
    geometry;
  const result = { y: new Sums(r.length), gx: new Sums(x.length), gw: new Sums(w.length) };
  const points = Array.from({ length: count(positions) }, (_, index) => coordinates(index, positions));
  const offsets = Array.from({ length: count(taps) }, (_, index) => coordinates(index, taps));
  const space = count(extents);
  for (let n = 0; n < batch; n++)
    for (const [p, point] of points.entries())
      for (const [t, tap] of offsets.entries()) {
        const source = point.map(
          (at, axis) =>
            at * (strides[axis] ?? 1) + (tap[axis] ?? 0) * (dilations[axis] ?? 1) - (padLow[axis] ?? 0),
        );
        if (source.some((at, axis) => at < 0 || at >= (extents[axis] ?? 0))) continue;
        const s = linear(source, extents);
        for (let group = 0; group < groups; group++)
          for (let o = 0; o < filters; o++)
            for (let c = 0; c < channels; c++) {
              const [filter, channel] = [group * filters + o, group * channels + c];
              const all = groups * channels;
              const i = channelsLast ? (n * space + s) * all + channel : (n * all + channel) * space + s;
              const j = (filter * channels + c) * offsets.length + t;
              const k = (n * groups * filters + filter) * points.length + p;
              const [a, b, g] = [x[i] ?? NaN, w[j] ?? NaN, r[k] ?? NaN];
              result.y.add(k, a * b);
              result.gx.add(i, g * b);
              result.gw.add(j, g * a);
            }
      }
  return result;
}

test.each([1, 2])("convolutions of any kind and their gradients, from seed %i", async (seed) => {
  const inputs: { [name: string]: Tensor } = {};
  const outputs: { [name: string]: Tensor } = {};
  const feeds: { [name: string]: Float32Array } = {};
  const wanted: { [name: string]: { readonly sums: Sums; readonly roundings: number } } = {};
  for (let index = 0; index < 8; index++) {
    const geometry = geometryOf(seed * 100 + index);
    const { batch, groups, channels, filters, extents, taps, channelsLast, ...options } = geometry;
    const all = groups * channels;
    const given = channelsLast ? [batch, ...extents, all] : [batch, all, ...extents];
    const x = input(`x${index}`, "f32", given);
    const w = input(`w${index}`, "f32", [groups * filters, channels, ...taps]);
    const toFirst = [0, given.length - 1, ...extents.map((_, axis) => axis + 1)];
    const { strides, dilations, padLow, padHigh } = options;
    const y = conv(channelsLast ? x.transpose(toFirst) : x, w, {
      strides,
      dilations,
      padLow,
      padHigh,
      groups,
    });
    const shape = y.shape.map(Number);
    const r = input(`r${index}`, "f32", shape);
    const [gx, gw] = gradients(y.mul(r).reduceSum(), [x, w]);
    if (gx === undefined || gw === undefined) throw new Error("no gradients");
    const data = [given, [groups * filters, channels, ...taps], shape].map((sizes, at) =>
      noise(count(sizes), seed * 1000 + index * 10 + at + 1),
    );
    const [a = new Float32Array(), b = new Float32Array(), c = new Float32Array()] = data;
    Object.assign(inputs, { [`x${index}`]: x, [`w${index}`]: w, [`r${index}`]: r });
    Object.assign(feeds, { [`x${index}`]: a, [`w${index}`]: b, [`r${index}`]: c });
    Object.assign(outputs, { [`y${index}`]: y, [`gx${index}`]: gx, [`gw${index}`]: gw });
    const sums = convolved(geometry, a, b, c, shape.slice(2));
    wanted[`y${index}`] = { sums: sums.y, roundings: channels * count(taps) + 2 };
    wanted[`gx${index}`] = { sums: sums.gx, roundings: filters * count(taps) + 2 };
    wanted[`gw${index}`] = { sums: sums.gw, roundings: batch * count(shape.slice(2)) + 2 };
  }
  await check(program({ inputs, outputs }), feeds, wanted);
});
