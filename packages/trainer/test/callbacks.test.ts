import { dataset } from "@adjoint/datasets";
import { type State, dim, input, program, register } from "@adjoint/ir";
import {
  type Callback,
  type Trainer,
  createTrainer,
  earlyStopping,
  history,
  progress,
  stepLine,
  stopOnNaN,
} from "@adjoint/trainer";
import { describe, expect, test, vi } from "vitest";
import { reference } from "./reference.ts";
import { bitsOf, circle, makeTrainer } from "./support.ts";

const none = dataset({ x: { dtype: "f32", shape: [2], data: Float32Array.of(0, 0) } });

/** A "training" whose loss after each step is the next of a list, and whose weight counts the steps. */
async function scripted(losses: readonly number[]): Promise<Trainer<"x", never, never>> {
  const x = input("x", "f32", [dim("batch")]);
  const step = register("step", "i32", [], { trainable: false });
  const weight = register("weight", "f32", []);
  const table = register("table", "f32", [losses.length], {
    initial: {
      kind: "data",
      value: { dtype: "f32", shape: [losses.length], data: Float32Array.from(losses) },
    },
    trainable: false,
  });
  const loss = table.take(step).add(x.reduceSum().mul(0));
  const train = program({
    inputs: { x },
    outputs: { loss },
    updates: [
      { register: step, next: step.add(1) },
      { register: weight, next: weight.add(1) },
    ],
  });
  // Measured after the step, whose counter has moved on.
  const evaluate = program({
    inputs: { x },
    outputs: { loss: table.take(step.sub(1)).add(x.reduceSum().mul(0)) },
  });
  const predict = program({ inputs: { x }, outputs: { y: x.mul(weight) } });
  return createTrainer({ train, evaluate, predict }, reference());
}

const weightOf = (state: State): number => Number(state["weight"]?.data[0]);

describe("the order of things", () => {
  test("hooks are called in order, each awaited, with counts from 1", async () => {
    await using trainer = await makeTrainer();
    const log: string[] = [];
    const note = async (entry: string): Promise<void> => {
      await Promise.resolve();
      log.push(entry);
    };
    const first: Callback = {
      onTrainBegin: ({ epochs, batches, examples, measures }) =>
        note(`begin ${epochs} ${batches} ${examples} ${measures.join(" ")}`),
      onEpochBegin: ({ epoch, epochs, done, batches }) => note(`epoch ${epoch}/${epochs} ${done}/${batches}`),
      onStep: ({ epoch, batch, step, examples }) => note(`step ${epoch} ${batch} ${step} ${examples}`),
      onEpochEnd: ({ epoch, step }) => note(`end of ${epoch} at ${step}`),
      onTrainEnd: ({ history: records }) => note(`end ${records.length}`),
    };
    await trainer.fit(circle(5), {
      epochs: 2,
      batchSize: 3,
      validation: circle(4),
      callbacks: [first, { onStep: () => note("second") }],
    });
    expect(log).toEqual([
      "begin 2 2 5 train.loss train.accuracy validation.loss validation.accuracy",
      "epoch 1/2 0/2",
      "step 1 1 1 3",
      "second",
      "step 1 2 2 2",
      "second",
      "end of 1 at 2",
      "epoch 2/2 0/2",
      "step 2 1 3 3",
      "second",
      "step 2 2 4 2",
      "second",
      "end of 2 at 4",
      "end 2",
    ]);
  });

  test("`stop` lets the other callbacks see the step, and what a hook throws ends fit", async () => {
    await using trainer = await makeTrainer();
    let seen = 0;
    const stopping: Callback = {
      onStep: ({ step }, context) => (step === 2 ? context.stop("Enough.") : undefined),
    };
    const { stopped, step } = await trainer.fit(circle(10), {
      epochs: 1,
      batchSize: 2,
      callbacks: [stopping, { onStep: () => void seen++ }],
    });
    expect([step, seen]).toEqual([2, 2]);
    expect(stopped).toEqual({ reason: "Enough.", aborted: false });
    const broken: Callback = { onStep: () => Promise.reject(new Error("disk full")) };
    await expect(trainer.fit(circle(10), { epochs: 1, callbacks: [broken] })).rejects.toThrow("disk full");
  });
});

describe("history", () => {
  test("keeps every n-th step and all epochs", async () => {
    await using trainer = await makeTrainer();
    const kept = history({ every: 2 });
    const result = await trainer.fit(circle(10), { epochs: 2, batchSize: 2, callbacks: [kept] });
    expect(kept.steps.map(({ step }) => step)).toEqual([2, 4, 6, 8, 10]);
    expect(kept.steps[0]?.metrics).toHaveProperty("accuracy");
    expect(kept.epochs).toEqual(result.history);
    expect(kept.epochs).toHaveLength(2);
  });
});

describe("progress", () => {
  test("reports every n-th step and the last of an epoch, with speed and time left", async () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    try {
      await using trainer = await makeTrainer();
      const lines: string[] = [];
      const left: number[] = [];
      const clock: Callback = { onStep: () => void vi.advanceTimersByTime(10) };
      const callback = progress(
        (at) => {
          lines.push(`${stepLine({ ...at, loss: 0.12344 })} ${at.examplesPerSecond.toFixed(0)}/s`);
          left.push(at.secondsLeft);
        },
        { every: 2 },
      );
      await trainer.fit(circle(50), { epochs: 2, batchSize: 10, callbacks: [clock, callback] });
      expect(lines).toEqual([
        "Epoch [1/2], Step [2/5], Loss: 0.1234 1000/s",
        "Epoch [1/2], Step [4/5], Loss: 0.1234 1000/s",
        "Epoch [1/2], Step [5/5], Loss: 0.1234 1000/s",
        "Epoch [2/2], Step [2/5], Loss: 0.1234 1000/s",
        "Epoch [2/2], Step [4/5], Loss: 0.1234 1000/s",
        "Epoch [2/2], Step [5/5], Loss: 0.1234 1000/s",
      ]);
      // 100 examples in all at 1000 a second: after 20, 0.08 s are left.
      expect(left.map((seconds) => Number(seconds.toFixed(6)))).toEqual([0.08, 0.06, 0.05, 0.03, 0.01, 0]);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("early stopping (S9)", () => {
  const run = async (
    losses: readonly number[],
    callback: Callback,
  ): Promise<{ epochs: number; weight: number; reason: string | undefined }> => {
    await using trainer = await scripted(losses);
    const { history: records, stopped } = await trainer.fit(none, {
      epochs: losses.length,
      batchSize: 2,
      validation: none,
      callbacks: [callback],
    });
    return { epochs: records.length, weight: weightOf(await trainer.state()), reason: stopped?.reason };
  };

  test("stops after `patience` epochs without improvement and puts the best weights back", async () => {
    const callback = earlyStopping({ patience: 2 });
    // The weight is the number of steps, and an epoch is one: 2 is the weight of the second epoch.
    expect(await run([5, 1, 2, 3, 0, 0], callback)).toEqual({
      epochs: 4,
      weight: 2,
      reason: "validation.loss has not improved since epoch 2 (1).",
    });
    expect(callback.best).toEqual({ epoch: 2, value: 1 });
    expect(await run([5, 1, 2, 3, 0, 0], earlyStopping({ patience: 2, restoreBest: false }))).toMatchObject({
      epochs: 4,
      weight: 4,
    });
  });

  test("puts the best weights back also where the last epoch comes first", async () => {
    expect(await run([5, 1, 2], earlyStopping({ patience: 10 }))).toEqual({
      epochs: 3,
      weight: 2,
      reason: undefined,
    });
  });

  test("an improvement must exceed minDelta; NaN is none", async () => {
    expect(await run([5, 4.9, 4.8, 4.7], earlyStopping({ patience: 2, minDelta: 0.15 }))).toMatchObject({
      epochs: 4,
      weight: 3,
    });
    expect(await run([5, 4.9, 4.8, 4.7], earlyStopping({ patience: 2, minDelta: 0.5 }))).toMatchObject({
      epochs: 3,
      weight: 1,
    });
    expect(await run([NaN, NaN, 3], earlyStopping({ patience: 2 }))).toMatchObject({
      epochs: 2,
      reason: "validation.loss was never a number.",
    });
    expect(await run([5, NaN, NaN, 3], earlyStopping({ patience: 2 }))).toMatchObject({
      epochs: 3,
      weight: 1,
    });
  });

  test("`mode` turns the direction around, and accuracies rise by themselves", async () => {
    expect(await run([1, 3, 2, 1, 9], earlyStopping({ patience: 2, mode: "max" }))).toMatchObject({
      epochs: 4,
      weight: 2,
    });
    await using trainer = await makeTrainer(1, 0);
    const callback = earlyStopping({ monitor: "train.accuracy", patience: 50, restoreBest: false });
    const { history: records } = await trainer.fit(circle(60), {
      epochs: 6,
      batchSize: 10,
      callbacks: [callback],
    });
    expect(callback.best?.value).toBe(
      Math.max(...records.map(({ train }) => train.metrics["accuracy"] ?? 0)),
    );
  });

  test("a measure that is not there is refused before the first step", async () => {
    await using trainer = await makeTrainer();
    const before = bitsOf(await trainer.state());
    await expect(trainer.fit(circle(10), { epochs: 1, callbacks: [earlyStopping()] })).rejects.toThrow(
      'earlyStopping: "validation.loss" is not measured. Measured are train.loss, train.accuracy; give fit a validation set for more.',
    );
    expect(bitsOf(await trainer.state())).toEqual(before);
    expect(() => earlyStopping({ patience: 0 })).toThrow("patience must be a whole number ≥ 1 and is 0");
  });

  test("an aborted training keeps its last weights", async () => {
    await using trainer = await scripted([1, 5, 5, 5]);
    const controller = new AbortController();
    const abort: Callback = { onEpochEnd: ({ epoch }) => void (epoch === 3 && controller.abort()) };
    await trainer.fit(none, {
      epochs: 4,
      batchSize: 2,
      validation: none,
      signal: controller.signal,
      callbacks: [earlyStopping({ patience: 9 }), abort],
    });
    expect(weightOf(await trainer.state())).toBe(3);
  });
});

describe("stopOnNaN", () => {
  /** A loss of registers one of which grows tenfold with each step. */
  async function exploding(values: {
    readonly a: number;
    readonly b: number;
  }): Promise<Trainer<"x", never, never>> {
    const x = input("x", "f32", [dim("batch")]);
    const constant = (value: number) => ({ initial: { kind: "constant", value } as const });
    const count = register("count", "i32", [], { trainable: false });
    const [a, b] = [
      register("a", "f32", [2], constant(values.a)),
      register("b", "f32", [2], constant(values.b)),
    ];
    const loss = a.reduceSum().add(b.reduceSum()).add(x.reduceSum().mul(0));
    const updates = [
      { register: count, next: count.add(1) },
      { register: a, next: a.add(1) },
      { register: b, next: b.mul(10) },
    ];
    const evaluate = program({ inputs: { x }, outputs: { loss } });
    return createTrainer(
      {
        train: program({ inputs: { x }, outputs: { loss }, updates }),
        evaluate,
        predict: program({ inputs: { x }, outputs: { x } }),
      },
      reference(),
    );
  }

  test("names the step and the first register that is not finite", async () => {
    await using trainer = await exploding({ a: 1, b: 1e36 });
    const callback = stopOnNaN();
    const { stopped, step } = await trainer.fit(none, { epochs: 9, batchSize: 2, callbacks: [callback] });
    // b is 1e36, 1e37, 1e38, then infinite; the loss of the third step is still finite.
    expect(step).toBe(4);
    expect(callback.found).toEqual({ step: 4, loss: Infinity, register: "b" });
    expect(stopped).toEqual({
      reason: 'The loss is Infinity at step 4. The first register that is not finite is "b".',
      aborted: false,
    });
  });

  test("looks every n steps, at registers only when the loss is bad", async () => {
    await using trainer = await exploding({ a: 1, b: 1e36 });
    let copies = 0;
    const state = trainer.session.state.bind(trainer.session);
    vi.spyOn(trainer.session, "state").mockImplementation((names) => {
      copies++;
      return state(names);
    });
    const { step } = await trainer.fit(none, {
      epochs: 20,
      batchSize: 2,
      callbacks: [stopOnNaN({ every: 5 })],
    });
    expect([step, copies]).toEqual([5, 1]);
  });

  test("says so where only the loss is bad", async () => {
    const x = input("x", "f32", [dim("batch")]);
    const entry = program({ inputs: { x }, outputs: { loss: x.sub(1).log().reduceMean() } });
    await using trainer = await createTrainer(
      { train: entry, evaluate: entry, predict: program({ inputs: { x }, outputs: { x } }) },
      reference(),
    );
    const callback = stopOnNaN();
    const { stopped } = await trainer.fit(none, { epochs: 3, batchSize: 2, callbacks: [callback] });
    expect(callback.found).toEqual({ step: 1, loss: NaN, register: undefined });
    expect(stopped?.reason).toBe("The loss is NaN at step 1. All registers are finite still.");
  });
});
