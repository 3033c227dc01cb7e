import { arraysMade } from "./array-counter.ts";
import { describe, expect, it } from "vitest";
import { cpu } from "@adjoint/backend-cpu";
import { type Session, compile, explain } from "@adjoint/compiler";
import { dim, input, program, register } from "@adjoint/ir";
import { crossEntropy, dense, flatten, relu, sequential } from "@adjoint/layers";
import { adam } from "@adjoint/optimizers";

const BATCH = 100;
const batch = dim("batch");
const images = input("images", "f32", [batch, 28, 28]);
const labels = input("labels", "i32", [batch]);
const logits = sequential([flatten(), dense({ units: 500 }), relu(), dense({ units: 10 })])(images);
const loss = crossEntropy(logits, labels);
const train = program({
  inputs: { images, labels },
  outputs: { loss },
  updates: adam({ learningRate: 1e-3 })(loss),
});

/** Ten blurred bars, one for each label, so that there is something to learn. */
const feedsOf = (examples: number): { readonly labels: Int32Array; readonly images: Float32Array } => ({
  labels: Int32Array.from({ length: examples }, (_, example) => example % 10),
  images: Float32Array.from({ length: examples * 784 }, (_, index) => {
    const [example, row] = [Math.floor(index / 784), Math.floor((index % 784) / 28)];
    return 1 / (1 + Math.abs(row - 2 * (example % 10) - 4)) + 0.1 * Math.sin(index * index);
  }),
});
/** Tests of many steps take fewer examples: a step of a hundred is a tenth of a second on this backend. */
const few = feedsOf(20);

const open = (): Promise<Session<{ train: typeof train }>> => compile({ train }, { backend: cpu(), seed: 1 });

/** The losses of some steps, all on the same examples. */
async function losses(session: Session<{ train: typeof train }>, steps: number): Promise<number[]> {
  const found: number[] = [];
  for (let step = 0; step < steps; step++) found.push((await session.run("train", few)).loss.item());
  return found;
}

describe("the training step of an MLP", () => {
  it("is 14 kernels in 5.5 MB, its parameters and moments updated in place", async (context) => {
    await using session = await open();
    await session.run("train", feedsOf(BATCH));
    const [explanation] = explain(session);
    if (explanation === undefined) throw new Error("nothing was compiled");
    const { kernels, peakBytes, slots, compileMilliseconds } = explanation;
    await context.annotate(`compiled in ${compileMilliseconds.toFixed(0)} ms`);
    // Form, sizes and number of results; what each computes is the business of losses and optimizers.
    const shape = /^(map \[.*?\]|reduce \[.*?\] over \[.*?\]|contract .*? inner \d+).*?( → \d results)?$/;
    expect(kernels.map(({ description }) => description.replace(shape, "$1$2"))).toMatchInlineSnapshot(`
      [
        "map [100]",
        "contract batch 1 rows 100 columns 500 inner 784",
        "contract batch 1 rows 100 columns 10 inner 500",
        "reduce [100] over [10]",
        "map [100, 10]",
        "reduce [100] over [10]",
        "reduce [] over [100]",
        "map [100, 10]",
        "map [] → 3 results",
        "reduce [10] over [100] → 3 results",
        "contract batch 1 rows 100 columns 500 inner 10",
        "contract batch 1 rows 500 columns 10 inner 100 → 3 results",
        "reduce [500] over [100] → 3 results",
        "contract batch 1 rows 784 columns 500 inner 100 → 3 results",
      ]
    `);
    // Parameters with their two moments: the weights behind the products, the biases behind the sums; and Adam's scalars.
    const updating = kernels.filter(({ description }) => /sqrt.*→ 3 results/.test(description));
    expect(updating.map(({ form }) => form).toSorted()).toEqual([
      "contract",
      "contract",
      "map",
      "reduce",
      "reduce",
    ]);
    // 397,510 parameters three times, three scalars that Adam counts with, and the slots.
    const state = 4 * 3 * 397_510;
    const total = slots.reduce((sum, bytes) => sum + bytes, 0);
    expect({ kernels: kernels.length, peakBytes, slots: total }).toMatchInlineSnapshot(`
      {
        "kernels": 14,
        "peakBytes": 5489328,
        "slots": 719204,
      }
    `);
    expect(peakBytes - total - state).toBeLessThan(64);
    // These must be alive at once: the images, the hidden layer and its gradient.
    expect(total).toBeLessThan(1.05 * 4 * BATCH * (784 + 500 + 500));
  });

  it("makes no array from the second step on, and learns", async () => {
    await using session = await open();
    arraysMade();
    const [first = 0] = await losses(session, 1);
    expect(arraysMade()).not.toEqual([]);
    const rest = await losses(session, 99);
    expect(arraysMade()).toEqual([]);
    expect(rest.at(-1)).toBeLessThan(first / 10);
    // The counter sees what a run that makes arrays makes: a state is a copy.
    await session.state(["dense_1.bias"]);
    expect(arraysMade()).toEqual(["slice"]);
    // A hundred steps are some seconds of arithmetic.
  }, 60_000);

  it("gives the same bits every time", async () => {
    const once = async (): Promise<readonly [number[], unknown]> => {
      await using session = await open();
      const found = await losses(session, 2);
      return [found, (await session.state())["dense_2.weight"]?.data];
    };
    const [first, second] = [await once(), await once()];
    expect(second).toEqual(first);
    expect(new Set(first[0]).size).toBe(2);
  });
});

describe("Adam", () => {
  it("updates a parameter and its two moments in one kernel, whatever gives the gradient", async () => {
    const x = input("x", "f32", [50, 30]);
    const weight = register("weight", "f32", [30, 20]);
    const bias = register("bias", "f32", [20]);
    const gain = register("gain", "f32", [50, 20]);
    const cost = x.matMul(weight).add(bias).tanh().mul(gain).reduceSum();
    const updates = adam({ learningRate: 0.1 })(cost);
    const main = program({ inputs: { x }, outputs: {}, updates });
    await using session = await compile({ main }, { backend: cpu() });
    const kernels = explain(session)[0]?.kernels ?? [];
    const updating = kernels.filter(
      ({ description }) => description.includes("sqrt") && !description.startsWith("map []"),
    );
    expect(updating.map(({ form, description }) => `${form}${/ → .*/.exec(description)?.[0]}`)).toEqual([
      // The gain's gradient is what the product itself gives; the fourth result is what goes back to the others.
      "contract → 4 results",
      "reduce → 3 results",
      "contract → 3 results",
    ]);
    // Nothing is left to copy: every one of them is written where it was.
    expect(kernels.some(({ description }) => description.endsWith("copy"))).toBe(false);
  });
});

describe("a small model", () => {
  it("makes no array in two thousand steps, and its memory stays where it is", async () => {
    const x = input("x", "f32", [8, 4]);
    const model = sequential([dense({ units: 8 }), relu(), dense({ units: 1 })]);
    const cost = model(x)
      .sub(x.reduceSum({ axes: [1], keepDims: true }))
      .abs()
      .reduceMean();
    const main = program({ inputs: { x }, outputs: { cost }, updates: adam({ learningRate: 1e-3 })(cost) });
    await using session = await compile({ main }, { backend: cpu(), seed: 3 });
    const given = { x: Float32Array.from({ length: 32 }, (_, index) => Math.sin(index)) };
    const first = (await session.run("main", given)).cost.item();
    arraysMade();
    const before = process.memoryUsage().arrayBuffers;
    let last = first;
    for (let step = 0; step < 2000; step++) last = (await session.run("main", given)).cost.item();
    expect(arraysMade()).toEqual([]);
    expect(process.memoryUsage().arrayBuffers).toBeLessThanOrEqual(before);
    expect(last).toBeLessThan(first / 4);
  });
});

describe("the counter of arrays", () => {
  it("sees every way to make one", () => {
    arraysMade();
    const array = new Float32Array(4);
    const ways: readonly (() => unknown)[] = [
      () => new ArrayBuffer(8),
      () => new DataView(array.buffer),
      () => Float64Array.of(1),
      () => Int32Array.from([1, 2]),
      () => array.slice(),
      () => array.subarray(1),
      () => array.map((element) => element),
      () => array.filter(() => true),
      () => array.toSorted(),
      () => array.buffer.slice(0),
      () => new Function("return new Uint8Array(3)")() as unknown,
    ];
    for (const way of ways) {
      arraysMade();
      way();
      expect({ way: String(way), made: arraysMade().length > 0 }).toEqual({ way: String(way), made: true });
    }
    array.set([1, 2], 1);
    array.fill(3);
    expect(arraysMade()).toEqual([]);
  });
});
