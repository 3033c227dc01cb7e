import { dataset } from "@adjoint/datasets";
import { type State, type Tensor, dim, input, program, register } from "@adjoint/ir";
import {
  type Callback,
  type Checkpoint,
  type Trainer,
  checkpoints,
  createTrainer,
  decodeCheckpoint,
  earlyStopping,
  history,
  stopOnNaN,
} from "@adjoint/trainer";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { reference } from "./reference.ts";
import { bitsOf, circle, makeTrainer } from "./support.ts";

const examples = (count: number) =>
  dataset({ x: { dtype: "f32", shape: [count], data: new Float32Array(count).fill(1) } });

/**
 * A training whose weight is the n-th of a list after n steps. Its loss is a function of the weight: in a step of the one before
 * the update, as in every training.
 */
async function walking(
  weights: readonly number[],
  lossOf: (weight: Tensor) => Tensor = (weight) => weight.mul(weight),
  extra: readonly { readonly register: Tensor; readonly next: Tensor }[] = [],
): Promise<Trainer<"x", never, never>> {
  const x = input("x", "f32", [dim("batch")]);
  const [first = 0, ...others] = weights;
  const count = register("count", "i32", [], { trainable: false });
  const weight = register("weight", "f32", [], { initial: { kind: "constant", value: 0 } });
  const path = register("path", "f32", [others.length], {
    initial: {
      kind: "data",
      value: { dtype: "f32", shape: [others.length], data: Float32Array.from(others) },
    },
    trainable: false,
  });
  const outputs = { loss: lossOf(weight).mul(x.reduceMean()) };
  const trainer = await createTrainer(
    {
      train: program({
        inputs: { x },
        outputs,
        updates: [
          { register: count, next: count.add(1) },
          { register: weight, next: path.take(count) },
          ...extra,
        ],
      }),
      evaluate: program({ inputs: { x }, outputs }),
      predict: program({ inputs: { x }, outputs: { y: x.mul(weight) } }),
    },
    reference(),
  );
  await trainer.writeState({ weight: { dtype: "f32", shape: [], data: Float32Array.of(first) } });
  return trainer;
}

const weightIn = (state: State): number => Number(state["weight"]?.data[0]);

describe("a step's loss belongs to the weights before its update", () => {
  test("a checkpoint of weights that are not finite takes the place of none, although the loss is finite", async () => {
    await using trainer = await walking([1, 2, 3, Infinity, 4]);
    const kept: Checkpoint[] = [];
    const callback = checkpoints((_, checkpoint) => void kept.push(checkpoint), { every: 1 });
    const losses: number[] = [];
    const { stopped, step } = await trainer.fit(examples(4), {
      epochs: 1,
      batchSize: 1,
      callbacks: [callback, { onStep: ({ loss }) => void losses.push(loss) }],
    });
    expect(losses).toEqual([1, 4, 9]);
    expect(kept.map(({ registers }) => weightIn(registers))).toEqual([2, 3]);
    expect(callback.written).toEqual({ epoch: 0, step: 2 });
    expect([step, stopped]).toEqual([
      3,
      {
        reason:
          'Register "weight" is not finite after step 3, so no checkpoint was written. The last is of step 2.',
        aborted: false,
      },
    ]);
  });

  test("nor one of weights that a callback spoilt, wherever it stands; nor after a loss that is not finite", async () => {
    await using trainer = await walking([1, 2, 3, 4, 5]);
    const poison: Callback = {
      onStep: ({ step }, context) =>
        step === 2
          ? context.writeState({ weight: { dtype: "f32", shape: [], data: Float32Array.of(NaN) } })
          : undefined,
    };
    const made: number[] = [];
    const note = checkpoints((_, { progress }) => void made.push(progress.step), { every: 1 });
    await trainer.fit(examples(4), { epochs: 1, batchSize: 1, callbacks: [note, poison] });
    expect(made).toEqual([1]);
    // Here every register is finite, and the loss is not.
    await using other = await walking([1, 0, 1, 2, 3], (weight) => weight.log());
    made.length = 0;
    await other.fit(examples(3), { epochs: 1, batchSize: 1, callbacks: [note] });
    // The last twice: after the step, and when the epoch is done.
    expect(made).toEqual([1, 3, 3]);
  });

  test("a register that is declared to start at infinity may stay there", async () => {
    const least = register("least", "f32", [], {
      initial: { kind: "constant", value: Infinity },
      trainable: false,
    });
    await using trainer = await walking([1, 2, 3], undefined, [{ register: least, next: least.add(0) }]);
    let made = 0;
    const { stopped } = await trainer.fit(examples(2), {
      epochs: 1,
      batchSize: 1,
      callbacks: [checkpoints(() => void made++)],
    });
    expect([made, stopped]).toEqual([1, undefined]);
  });

  test("stopOnNaN finds the very step and register where it looks at registers", async () => {
    await using trainer = await walking([1, 2, NaN, 3]);
    const callback = stopOnNaN({ registers: 1 });
    const { stopped } = await trainer.fit(examples(3), { epochs: 1, batchSize: 1, callbacks: [callback] });
    expect(callback.found).toEqual({ step: 2, loss: 4, register: "weight" });
    expect(stopped?.reason).toBe(
      'The loss is 4 at step 2. The first register that is not finite is "weight".',
    );
  });
});

describe("early stopping keeps the weights that its measure belongs to (S9)", () => {
  test("on train.loss, an epoch that ends in ruin is not the best", async () => {
    // The steps of the first epoch have losses 1 and 0.25, and leave a weight whose own loss is 20,164.
    await using trainer = await walking([1, 0.5, 142, 3, 2]);
    const callback = earlyStopping({ monitor: "train.loss", patience: 9 });
    const { history: records } = await trainer.fit(examples(2), {
      epochs: 2,
      batchSize: 1,
      callbacks: [callback],
    });
    expect(records.map(({ train }) => train.loss)).toEqual([0.625, (142 * 142 + 9) / 2]);
    expect(callback.best).toEqual({ epoch: 2, value: 4 });
    expect(weightIn(await trainer.state())).toBe(2);
  });

  test("any path of weights, measure, batch size and interference: what is restored measures as it says", async () => {
    const value = fc.oneof(
      fc.integer({ min: -50, max: 50 }),
      fc.constantFrom(NaN, Infinity, -Infinity, 1e30, 3e38),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(value, { minLength: 2, maxLength: 13 }),
        fc.integer({ min: 1, max: 3 }),
        fc.constantFrom("train.loss", "validation.loss"),
        fc.option(fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: -9, max: 9 }))),
        async (weights, steps, monitor, written) => {
          const epochs = Math.max(1, Math.floor((weights.length - 1) / steps));
          const path = [...weights, ...Array.from({ length: steps }, () => 7)];
          await using trainer = await walking(path);
          const callback = earlyStopping({ monitor, patience: 99 });
          const writing: Callback = {
            onEpochEnd: ({ epoch }, context) =>
              written?.[0] === epoch
                ? context.writeState({
                    weight: { dtype: "f32", shape: [], data: Float32Array.of(written[1]) },
                  })
                : undefined,
          };
          const data = examples(steps);
          await trainer.fit(data, {
            epochs,
            batchSize: 1,
            validation: data,
            callbacks: [writing, callback],
          });
          const ends = Array.from({ length: epochs }, (_, epoch) =>
            written?.[0] === epoch + 1 ? written[1] : (path[(epoch + 1) * steps] ?? 0),
          );
          const losses = ends
            .map((weight) => Math.fround(Math.fround(weight) * Math.fround(weight)))
            .filter(Number.isFinite);
          const best = losses.length === 0 ? undefined : Math.min(...losses);
          expect(callback.best?.value).toBe(best);
          const { loss } = await trainer.evaluate(data);
          expect(best === undefined ? "none" : loss).toBe(best ?? "none");
        },
      ),
      { numRuns: 60 },
    );
  });

  test("leaves all registers as a run has them that ended with that epoch, the optimizer's too", async () => {
    const settings = { batchSize: 5, validation: circle(30).skip(23) };
    await using stopped = await makeTrainer();
    const callback = earlyStopping({ mode: "max", patience: 2 });
    await stopped.fit(circle(23), { ...settings, epochs: 9, callbacks: [callback] });
    const epoch = callback.best?.epoch ?? 0;
    await using short = await makeTrainer();
    await short.fit(circle(23), { ...settings, epochs: epoch });
    expect(bitsOf(await stopped.state())).toEqual(bitsOf(await short.state()));
  });

  test("the checkpoint of the end is of the last step, wherever the callbacks stand, and ends where the run ended", async () => {
    const run = async (options: object, ...others: Callback[]): Promise<unknown> => {
      await using trainer = await walking([9, 1, 2, 3, 4, 5]);
      const stopping = earlyStopping({ monitor: "train.loss", patience: 2 });
      const { step } = await trainer.fit(examples(1), {
        epochs: 5,
        batchSize: 1,
        ...options,
        callbacks: [...others, stopping],
      });
      return [step, weightIn(await trainer.state()), stopping.best];
    };
    let file = new Uint8Array();
    const keep = checkpoints((bytes) => void (file = new Uint8Array(bytes)), { eachEpoch: false });
    const ended = [3, 1, { epoch: 1, value: 1 }];
    expect(await run({}, keep)).toEqual(ended);
    const resume = decodeCheckpoint(file);
    expect([weightIn(resume.registers), resume.progress.step]).toEqual([3, 3]);
    // No step more: the one that ended would not have made it either.
    expect(await run({ resume })).toEqual(ended);
  });
});

describe("callbacks that are used again", () => {
  test("begin anew, and go on where a checkpoint says so", async () => {
    const kept = history();
    const stopping = earlyStopping({ monitor: "train.loss", patience: 99 });
    const made: string[] = [];
    const files: Uint8Array[] = [];
    const keep = checkpoints((bytes, { progress: { epoch, step } }) => {
      made.push(`${epoch} ${step}`);
      files.push(bytes);
    });
    const fit = async (weights: readonly number[], resume?: Checkpoint): Promise<void> => {
      await using trainer = await walking(weights);
      await trainer.fit(examples(2), {
        epochs: 2,
        batchSize: 1,
        resume,
        // First, and yet it has what the others kept.
        callbacks: [keep, kept, stopping],
      });
    };
    await fit([1, 1, 1, 1, 1]);
    expect(made).toEqual(["1 2", "2 4"]);
    const [half = new Uint8Array()] = files;
    await fit([5, 5, 5, 5, 5]);
    expect(made).toEqual(["1 2", "2 4", "1 2", "2 4"]);
    expect(kept.steps.map(({ step, loss }) => [step, loss])).toEqual([1, 2, 3, 4].map((step) => [step, 25]));
    expect(stopping.best).toEqual({ epoch: 1, value: 25 });
    await fit([1, 1, 1, 1, 1], decodeCheckpoint(half));
    expect(kept.steps.map(({ step, loss }) => [step, loss])).toEqual([1, 2, 3, 4].map((step) => [step, 1]));
    expect(stopping.best).toEqual({ epoch: 1, value: 1 });
  });
});
