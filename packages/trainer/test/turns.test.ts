import { dataset } from "@adjoint/datasets";
import { dim, input, program, register } from "@adjoint/ir";
import { type Callback, type Checkpoint, type Trainer, createTrainer } from "@adjoint/trainer";
import { describe, expect, test } from "vitest";
import { reference } from "./reference.ts";
import { bitsOf, circle, makeTrainer } from "./support.ts";

const examples = (count: number) =>
  dataset({ x: { dtype: "f32", shape: [count], data: new Float32Array(count).fill(1) } });

/** A training that counts its steps; outside training the loss is the count. */
async function counting(): Promise<Trainer<"x", never, never>> {
  const x = input("x", "f32", [dim("batch")]);
  const count = register("count", "f32", [], { initial: { kind: "constant", value: 0 } });
  const outputs = { loss: count.mul(x.reduceMean()) };
  return createTrainer(
    {
      train: program({ inputs: { x }, outputs, updates: [{ register: count, next: count.add(1) }] }),
      evaluate: program({ inputs: { x }, outputs }),
      predict: program({ inputs: { x }, outputs: { y: x.mul(count) } }),
    },
    reference(),
  );
}

describe("while a trainer trains", () => {
  test("a second fit is refused, and changes nothing; one after it, or after a failure, is not", async () => {
    const data = circle(20);
    await using alone = await makeTrainer();
    await alone.fit(data, { epochs: 2, batchSize: 5 });
    await using trainer = await makeTrainer();
    const first = trainer.fit(data, { epochs: 2, batchSize: 5 });
    await expect(trainer.fit(data, { epochs: 1 })).rejects.toMatchObject({
      name: "AdjointError",
      code: "state",
      message: expect.stringContaining("a training of this trainer is under way"),
    });
    await first;
    expect(bitsOf(await trainer.state())).toEqual(bitsOf(await alone.state()));
    const broken: Callback = { onStep: () => Promise.reject(new Error("broken")) };
    await expect(trainer.fit(data, { epochs: 1, callbacks: [broken] })).rejects.toThrow("broken");
    expect((await trainer.fit(data, { epochs: 1, batchSize: 20 })).step).toBe(1);
  });

  test("evaluate and predict see the weights of one moment, also where nobody waits for them", async () => {
    await using trainer = await counting();
    const data = examples(30);
    const passes: Promise<readonly number[]>[] = [];
    /** The count of steps as a pass of 30 batches sees it, all that it sees. */
    const evaluated = async (): Promise<readonly number[]> => [
      (await trainer.evaluate(data, { batchSize: 1 })).loss,
    ];
    const predicted = async (): Promise<readonly number[]> => {
      const { y } = await trainer.predict(data, { batchSize: 1 });
      return [...new Set(Array.from(y?.data ?? [], Number))];
    };
    const callback: Callback = {
      async onStep({ step }) {
        if (step === 5) passes.push(Promise.resolve(await evaluated()));
        // The training may go on meanwhile, and makes no step.
        if (step === 10) passes.push(evaluated(), predicted());
        if (step === 11) passes.push(predicted());
      },
    };
    await trainer.fit(examples(20), { epochs: 1, batchSize: 1, callbacks: [callback] });
    expect(await Promise.all(passes)).toEqual([[5], [10], [10], [11]]);
    expect(Number((await trainer.state())["count"]?.data[0])).toBe(20);
  });

  test("state is copied between two steps, and writing waits for the passes under way", async () => {
    await using trainer = await counting();
    const order: string[] = [];
    const pass = trainer
      .evaluate(examples(30), { batchSize: 1 })
      .then(({ loss }) => order.push(`pass ${loss}`));
    const count = { dtype: "f32", shape: [], data: Float32Array.of(7) } as const;
    await Promise.all([pass, trainer.writeState({ count }).then(() => order.push("written"))]);
    expect(order).toEqual(["pass 0", "written"]);
    expect((await trainer.evaluate(examples(1))).loss).toBe(7);
  });

  test("a checkpoint that a callback doesn't wait for has the registers of its progress", async () => {
    await using trainer = await counting();
    const pending: Promise<Checkpoint>[] = [];
    const callback: Callback = { onStep: (_, context) => void pending.push(context.checkpoint()) };
    await trainer.fit(examples(9), { epochs: 1, batchSize: 1, callbacks: [callback] });
    const made = (await Promise.all(pending)).map(({ progress, registers }) => [
      progress.step,
      Number(registers["count"]?.data[0]),
    ]);
    expect(made).toEqual(Array.from({ length: 9 }, (_, index) => [index + 1, index + 1]));
  });

  test("programs that measure may not update", async () => {
    const x = input("x", "f32", [dim("batch")]);
    const count = register("count", "f32", []);
    const updates = [{ register: count, next: count.add(1) }];
    const measuring = program({ inputs: { x }, outputs: { loss: x.reduceMean() }, updates });
    await expect(
      createTrainer({ train: measuring, evaluate: measuring, predict: measuring }, reference()),
    ).rejects.toThrow('program "evaluate" updates registers');
  });
});

describe("an abort", () => {
  test.for(["onTrainBegin", "onEpochBegin", "onStep", "onEpochEnd", "onTrainEnd"] as const)(
    "ends a training whose %s never comes back, by a typed error that names it",
    async (hook) => {
      await using trainer = await makeTrainer();
      const controller = new AbortController();
      const never = (): Promise<void> => {
        setTimeout(() => controller.abort(), 5);
        return new Promise(() => {});
      };
      await expect(
        trainer.fit(circle(20), {
          epochs: 1,
          signal: controller.signal,
          abortPatience: 0.05,
          callbacks: [{ name: "quick" }, { name: "sleeper", [hook]: never }],
        }),
      ).rejects.toMatchObject({
        name: "AdjointError",
        message: expect.stringContaining(`${hook} of callback sleeper has not come back for 0.05 s`),
      });
      expect((await trainer.fit(circle(20), { epochs: 1 })).step).toBe(1);
    },
  );

  test("waits for what is slow and not stuck, and runs the hooks of the end", async () => {
    await using trainer = await makeTrainer();
    const controller = new AbortController();
    const order: string[] = [];
    const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
    const { stopped } = await trainer.fit(circle(20), {
      epochs: 1,
      batchSize: 5,
      signal: controller.signal,
      abortPatience: 2,
      callbacks: [
        {
          async onStep() {
            controller.abort();
            await pause(60);
            order.push("step");
          },
          async onTrainEnd() {
            await pause(60);
            order.push("end");
          },
        },
      ],
    });
    expect([stopped?.aborted, order]).toEqual([true, ["step", "end"]]);
  });

  test("a training that was given up does not go on when its callback comes back after all", async () => {
    await using trainer = await counting();
    const controller = new AbortController();
    let release = (): void => {};
    const stuck = new Promise<void>((resolve) => (release = resolve));
    const hang = (): Promise<void> => {
      setTimeout(() => controller.abort(), 5);
      return stuck;
    };
    const given = trainer.fit(examples(10), {
      epochs: 3,
      batchSize: 1,
      signal: controller.signal,
      abortPatience: 0.03,
      callbacks: [{ onStep: ({ step }) => (step === 2 ? hang() : undefined) }],
    });
    await expect(given).rejects.toThrow("onStep of callback without a name");
    release();
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(Number((await trainer.state())["count"]?.data[0])).toBe(2);
  });
});
