import { dataset } from "@adjoint/datasets";
import { dim, input, program, register, toNumbers } from "@adjoint/ir";
import { dense, meanSquaredError, sequential } from "@adjoint/layers";
import { sgd } from "@adjoint/optimizers";
import { type Callback, createPredictor, createTrainer } from "@adjoint/trainer";
import { describe, expect, test, vi } from "vitest";
import { reference } from "./reference.ts";
import { bitsOf, circle, declaration, makeTrainer } from "./support.ts";

describe("fit", () => {
  test("learns: the loss falls and held-out examples are classified", async () => {
    await using trainer = await makeTrainer(1, 0);
    const [train, validation] = [circle(100), circle(130).skip(100)];
    const before = await trainer.evaluate(validation);
    const { history, step, stopped } = await trainer.fit(train, { epochs: 10, batchSize: 25, validation });
    expect(step).toBe(10 * 4);
    expect(stopped).toBeUndefined();
    expect(history.map(({ epoch }) => epoch)).toEqual(Array.from({ length: 10 }, (_, index) => index + 1));
    const after = await trainer.evaluate(validation, { batchSize: 25 });
    expect(after.loss).toBeLessThan(before.loss * 0.8);
    expect(after.accuracy).toBeGreaterThan(before.accuracy);
    expect(history.at(-1)?.validation).toEqual({ loss: after.loss, metrics: { accuracy: after.accuracy } });
  });

  test("is the same for one seed and another for another", async () => {
    const trained = async (seed: number): Promise<unknown> => {
      await using trainer = await makeTrainer(seed);
      await trainer.fit(circle(40), { epochs: 2, batchSize: 7 });
      return bitsOf(await trainer.state());
    };
    const first = await trained(3);
    expect(await trained(3)).toEqual(first);
    expect(await trained(4)).not.toEqual(first);
  });

  test("shuffles by its seed, another order each epoch; false keeps the order of the data", async () => {
    const seen = async (shuffle: number | false): Promise<readonly number[][]> => {
      const x = input("x", "f32", [dim("batch")]);
      const sum = register("sum", "f32", [], { initial: { kind: "constant", value: 0 } });
      // Each step of one example puts the example itself out as the loss.
      const outputs = { loss: x.reduceSum() };
      const train = program({ inputs: { x }, outputs, updates: [{ register: sum, next: sum.add(1) }] });
      const evaluate = program({ inputs: { x }, outputs });
      await using trainer = await createTrainer(
        { train, evaluate, predict: program({ inputs: { x }, outputs: { same: x } }) },
        reference(),
      );
      const data = dataset({ x: { dtype: "f32", shape: [6], data: Float32Array.of(0, 1, 2, 3, 4, 5) } });
      const epochs: number[][] = [];
      await trainer.fit(data, {
        epochs: 2,
        batchSize: 1,
        shuffle,
        callbacks: [
          { onEpochBegin: () => void epochs.push([]), onStep: ({ loss }) => void epochs.at(-1)?.push(loss) },
        ],
      });
      return epochs;
    };
    expect(await seen(false)).toEqual([
      [0, 1, 2, 3, 4, 5],
      [0, 1, 2, 3, 4, 5],
    ]);
    const [first, second] = await seen(5);
    expect(first?.toSorted()).toEqual([0, 1, 2, 3, 4, 5]);
    expect(first).not.toEqual([0, 1, 2, 3, 4, 5]);
    expect(second).not.toEqual(first);
    expect(await seen(5)).toEqual([first, second]);
  });

  test("averages an epoch by examples, a smaller last batch included", async () => {
    const x = input("x", "f32", [dim("batch")]);
    const outputs = { loss: x.reduceMean(), largest: x.reduceMax() };
    const entry = program({ inputs: { x }, outputs });
    await using trainer = await createTrainer(
      { train: entry, evaluate: entry, predict: program({ inputs: { x }, outputs: { same: x } }) },
      reference(),
    );
    const data = dataset({ x: { dtype: "f32", shape: [5], data: Float32Array.of(1, 2, 3, 4, 10) } });
    const { history } = await trainer.fit(data, { epochs: 1, batchSize: 2, shuffle: false });
    // The mean of all five is 4; the mean of the three batches' means would be 5.
    expect(history[0]?.train.loss).toBe(4);
    expect(await trainer.evaluate(data, { batchSize: 2 })).toEqual({
      loss: 4,
      largest: (2 * 2 + 2 * 4 + 10) / 5,
    });
    expect(await trainer.evaluate(data, { batchSize: 5 })).toEqual({ loss: 4, largest: 10 });
    const dropped = await trainer.fit(data, { epochs: 1, batchSize: 2, shuffle: false, lastBatch: "drop" });
    expect(dropped.step).toBe(2);
    expect(dropped.history[0]?.train.loss).toBe(2.5);
  });

  test("makes no array in a step: every full batch is in the same arrays, and measures are numbers", async () => {
    await using trainer = await makeTrainer();
    const fed = new Set<unknown>();
    const run = trainer.session.run.bind(trainer.session);
    vi.spyOn(trainer.session, "run").mockImplementation((entry, feeds) => {
      for (const feed of Object.values(feeds))
        fed.add(typeof feed === "object" && "data" in feed ? feed.data : feed);
      return run(entry, feeds);
    });
    const seen = new Set<string>();
    const callback: Callback = {
      onStep: ({ loss, metrics }) => void seen.add(`${typeof loss} ${typeof metrics["accuracy"]}`),
    };
    await trainer.fit(circle(30), { epochs: 1, batchSize: 5, callbacks: [callback] });
    expect(fed.size).toBe(2);
    expect([...seen]).toEqual(["number number"]);
  });

  test("an abort ends it after the step, `onTrainEnd` included", async () => {
    await using trainer = await makeTrainer();
    const controller = new AbortController();
    const ends: unknown[] = [];
    const { step, stopped, history } = await trainer.fit(circle(40), {
      epochs: 5,
      batchSize: 10,
      signal: controller.signal,
      callbacks: [
        {
          onStep: (info) => void (info.step === 6 && controller.abort()),
          onTrainEnd: (context) => void ends.push(context.stopped?.aborted),
        },
      ],
    });
    expect([step, history.length]).toEqual([6, 1]);
    expect(stopped?.aborted).toBe(true);
    expect(ends).toEqual([true]);
  });

  test("a signal from outside is heard although every step is computed at once", async () => {
    await using trainer = await makeTrainer();
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 20);
    const { stopped } = await trainer.fit(circle(100), {
      epochs: 100,
      batchSize: 1,
      signal: controller.signal,
    });
    expect(stopped?.aborted).toBe(true);
  });

  test("refuses data and settings that don't fit, by name", async () => {
    await using trainer = await makeTrainer();
    const points = circle(10);
    // The types refuse what follows too; callers without types must hear it as well.
    const untyped = trainer as unknown as { fit(examples: unknown, options: object): Promise<unknown> };
    await expect(
      (async () => untyped.fit(points.rename({ classes: "labels" }), { epochs: 1 }))(),
    ).rejects.toThrow(
      'fit: the data have no field "classes" (i32[batch]). Their fields are points, labels; rename({ old: "classes" }) renames one.',
    );
    await expect((async () => untyped.fit(points.cast("classes", "f32"), { epochs: 1 }))()).rejects.toThrow(
      'field "classes" has f32[] for each example, and input "classes" is i32[batch]',
    );
    await expect((async () => untyped.fit(points, { epochs: 0, batchSize: 1.5 }))()).rejects.toThrow(
      "fit: epochs must be a whole number ≥ 1 and is 0; batchSize must be a whole number ≥ 1 and is 1.5",
    );
    await expect(
      (async () => trainer.fit(points, { epochs: 1, callbacks: [{ name: "a" }, { name: "a" }] }))(),
    ).rejects.toThrow('two callbacks are named "a"');
  });
});

describe("programs", () => {
  test("without a target the input is the target", async () => {
    const model = sequential([dense({ units: 1 }), dense({ units: 2 })]);
    await using trainer = await createTrainer(
      {
        model,
        input: { name: "points", dtype: "f32", shape: [2] },
        loss: meanSquaredError,
        optimizer: sgd({ learningRate: 0.05 }),
      },
      reference(),
    );
    const { history } = await trainer.fit(circle(60).select("points"), { epochs: 6, batchSize: 10 });
    expect(history.at(-1)?.train.loss).toBeLessThan((history[0]?.train.loss ?? 0) * 0.8);
  });

  test("what can't be averaged or told apart is refused", async () => {
    const x = input("x", "f32", [dim("batch")]);
    const bad = program({ inputs: { x }, outputs: { loss: x } });
    const good = program({ inputs: { x }, outputs: { loss: x.reduceMean() } });
    const more = program({ inputs: { x }, outputs: { loss: x.reduceMean(), top: x.reduceMax() } });
    const predict = program({ inputs: { x }, outputs: { same: x } });
    await expect(createTrainer({ train: good, evaluate: bad, predict }, reference())).rejects.toThrow(
      /output "loss" of program "evaluate" is input "x": f32\[batch\].* must be a scalar/,
    );
    // The types refuse it too: a measure of one program that the other lacks.
    await expect(
      createTrainer({ train: more, evaluate: good as typeof more, predict }, reference()),
    ).rejects.toThrow('program "train" puts out loss, top, and "evaluate" loss');
    await expect(
      (async () =>
        createTrainer(
          { ...declaration(), metrics: { loss: (output) => output.reduceMean() } },
          reference(),
        ))(),
    ).rejects.toThrow('a metric is named "loss"');
  });
});

test("measures and outputs may have the names that objects have anyway", async () => {
  const x = input("x", "f32", [dim("batch")]);
  const outputs = { loss: x.reduceMean(), constructor: x.reduceMax(), toString: x.reduceMin() };
  const entry = program({ inputs: { x }, outputs });
  const predict = program({ inputs: { x }, outputs: { constructor: x, valueOf: x.add(1) } });
  await using trainer = await createTrainer({ train: entry, evaluate: entry, predict }, reference());
  const data = dataset({ x: { dtype: "f32", shape: [3], data: Float32Array.of(1, 2, 6) } });
  const { history } = await trainer.fit(data, { epochs: 1, batchSize: 3 });
  expect(history[0]?.train).toEqual({ loss: 3, metrics: { constructor: 6, toString: 1 } });
  expect(await trainer.evaluate(data)).toEqual({ loss: 3, constructor: 6, toString: 1 });
  const predicted = Object.entries(await trainer.predict(data, { batchSize: 2 }));
  expect(predicted.map(([name, { data: list }]) => [name, ...list])).toEqual([
    ["constructor", 1, 2, 6],
    ["valueOf", 2, 3, 7],
  ]);
});

describe("predict", () => {
  test("gives all examples in one array, in order, whatever the batch size", async () => {
    await using trainer = await makeTrainer();
    const points = circle(23);
    const whole = await trainer.predict(points, { batchSize: 23 });
    const parts = await trainer.predict(points.select("points"), { batchSize: 4 });
    expect(parts.output.shape).toEqual([23, 2]);
    expect(parts.output.data).toEqual(whole.output.data);
    expect(new Set(toNumbers(parts.output)).size).toBeGreaterThan(40);
  });

  test("refuses outputs that don't count the examples", async () => {
    const x = input("x", "f32", [dim("batch")]);
    const entry = program({ inputs: { x }, outputs: { loss: x.reduceMean() } });
    await using trainer = await createTrainer({ train: entry, evaluate: entry, predict: entry }, reference());
    const data = dataset({ x: { dtype: "f32", shape: [3], data: Float32Array.of(1, 2, 3) } });
    await expect(trainer.predict(data)).rejects.toThrow('output "loss" is f32[] for 3 examples');
  });

  test("a predictor with the weights of a trainer predicts the same bits, and refuses others", async () => {
    await using trainer = await makeTrainer();
    const points = circle(30);
    await trainer.fit(points, { epochs: 1 });
    const weights = await trainer.weights();
    expect(Object.keys(weights)).toEqual([
      "dense_1.weight",
      "dense_1.bias",
      "dense_2.weight",
      "dense_2.bias",
    ]);
    await using predictor = await createPredictor(declaration(), {
      ...reference(9),
      state: await trainer.state(),
    });
    expect((await predictor.predict(points)).output.data).toEqual(
      (await trainer.predict(points)).output.data,
    );
    const rest = Object.fromEntries(Object.entries(weights).filter(([name]) => name !== "dense_2.bias"));
    await expect(createPredictor(declaration(), { ...reference(), state: rest })).rejects.toThrow(
      'the state lacks register "dense_2.bias"',
    );
  });
});
