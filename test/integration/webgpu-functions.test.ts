import { readFileSync } from "node:fs";
import { type Backend, compile } from "@adjoint/compiler";
import {
  type Tensor,
  atan2,
  constant,
  div,
  fmod,
  input,
  pow,
  program,
  toNumbers,
  valueOf,
} from "@adjoint/ir";
import { evaluateTensors } from "@adjoint/ir/graph";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { forFloatFunctions } from "../float-functions.ts";
import { gpuTitle, missingGpu, nodeBackend } from "../gpu.ts";

const COUNT = 4096;
const readme = readFileSync(new URL("../../packages/backend-webgpu/README.md", import.meta.url), "utf8");
/** Units in the last place, as the table of the package's README promises them. */
const bounds = new Map(
  [...readme.matchAll(/(?<=^\|.*)(?<=\| )([a-z]\w*) \| ([\d.]+)(?= \|)/gm)].map(([, name = "", ulp]) => [
    name,
    Number(ulp),
  ]),
);
/** Of division and square root, which are the device's. */
const DEVICE_BOUND = 3.5;
const SMALLEST_NORMAL = 2 ** -126;

/** Repeatable words, every exponent and both signs among them. */
function words(seed: number): Uint32Array<ArrayBuffer> {
  let state = seed;
  return Uint32Array.from({ length: COUNT }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state ^ (state >>> 16);
  });
}

/** Any float, and numbers of everyday size. */
function samples(seed: number): readonly Float32Array[] {
  const bits = words(seed);
  const everyday = Float32Array.from(bits, (word, index) => (word / 2 ** 31 - 1) * 10 ** ((index % 7) - 4));
  return [new Float32Array(bits.buffer), everyday];
}

const isSubnormal = (x: number): boolean => x !== 0 && Math.abs(x) < SMALLEST_NORMAL;

/** The error in units in the last place; nothing if a device may give zero for a subnormal number. */
function error(actual: number, expected: number): number {
  const rounded = Math.fround(expected);
  if (!Number.isFinite(rounded)) return Object.is(actual, rounded) ? 0 : Infinity;
  if (Math.abs(expected) < 2 * SMALLEST_NORMAL) return Math.abs(actual) < 4 * SMALLEST_NORMAL ? 0 : Infinity;
  return Math.abs(actual - expected) / 2 ** (Math.floor(Math.log2(Math.abs(expected))) - 23);
}

/** Functions as graph; those of one operand ignore the second. */
const functions: { readonly [name: string]: (x: Tensor, y: Tensor) => Tensor } = {
  ...forFloatFunctions((name) => (x: Tensor) => x[name]()),
  pow,
  atan2,
  div,
  fmod,
};

/** The oracle's results in f64. */
function expectedOf(
  build: (x: Tensor, y: Tensor) => Tensor,
  x: Float32Array,
  y: Float32Array,
): readonly number[] {
  const [a, b] = [x, y].map((data) => constant(valueOf("f64", [data.length], Array.from(data))));
  return a && b ? evaluateTensors([build(a, b)], new Map()).flatMap(toNumbers) : [];
}

describe.skipIf(missingGpu !== undefined)(`${gpuTitle("functions in WGSL")}`, () => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await nodeBackend();
  });
  afterAll(() => backend?.[Symbol.dispose]?.());

  it("are all in the README's table", () => {
    expect([...bounds.keys()].toSorted()).toEqual(
      Object.keys(functions)
        .filter((name) => name !== "sqrt" && name !== "div")
        .toSorted(),
    );
  });

  it.for(Object.entries(functions))("%s is within its bound for any argument", async ([name, build]) => {
    const bound = bounds.get(name) ?? DEVICE_BOUND;
    const [x, y] = [input("x", "f32", [COUNT]), input("y", "f32", [COUNT])];
    await using session = await compile(
      { main: program({ inputs: { x, y }, outputs: { result: build(x, y) } }) },
      { backend },
    );
    const seconds = samples(2);
    for (const [index, a] of samples(1).entries()) {
      const b = seconds[index] ?? a;
      const expected = expectedOf(build, a, b);
      const { result } = await session.run("main", { x: a, y: b });
      const wrong = [...a].flatMap((left, at) => {
        const other = b[at] ?? NaN;
        if (isSubnormal(left) || isSubnormal(other)) return [];
        const [actual, right] = [Number(result.data[at]), expected[at] ?? NaN];
        return error(actual, right) <= bound ? [] : [`(${left}, ${other}): ${actual}, not ${right}`];
      });
      expect(wrong).toEqual([]);
    }
  });
});
