import type { State } from "@adjoint/ir";
import { registersOf } from "@adjoint/ir/graph";
import {
  type Callback,
  type Checkpoint,
  type FitOptions,
  type FitResult,
  checkpoints,
  decodeCheckpoint,
  decodeSafetensors,
  earlyStopping,
  encodeCheckpoint,
  encodeSafetensors,
  history,
  trainingPrograms,
} from "@adjoint/trainer";
import { describe, expect, test, vi } from "vitest";
import { bitsOf, circle, declaration, makeTrainer } from "./support.ts";

const [train, validation] = [circle(23), circle(30).skip(23)];
const settings = { epochs: 2, batchSize: 5, validation, notes: { model: "circle" } };

/** A whole training and all its checkpoints, one after each step and each epoch. */
async function trained(
  options: Partial<FitOptions> = {},
): Promise<{ files: readonly Uint8Array[]; state: State; result: FitResult }> {
  await using trainer = await makeTrainer();
  const files: Uint8Array[] = [];
  const last = checkpoints((bytes) => void files.push(bytes), { every: 1 });
  const result = await trainer.fit(train, {
    ...settings,
    ...options,
    callbacks: [...(options.callbacks ?? []), last],
  });
  return { files, state: await trainer.state(), result };
}

const whole = trained();
/** The n-th checkpoint of the whole training: 0 to 4 after the steps of the first epoch, 5 after the epoch, and so on. */
const nth = async (index: number): Promise<Checkpoint> =>
  decodeCheckpoint((await whole).files[index] ?? new Uint8Array());

const timeless = ({ history: records, ...rest }: FitResult): unknown => ({
  ...rest,
  history: records.map(({ seconds: _, ...record }) => record),
});

describe("resuming", () => {
  test("from any place gives the bits and the history of a run that never stopped", async () => {
    const { files, state, result } = await whole;
    expect(files).toHaveLength(12);
    // Within an epoch, after its last step, after its validation, and within the next.
    for (const index of [1, 4, 5, 7]) {
      // Another seed: all that matters must come from the checkpoint.
      await using trainer = await makeTrainer(77);
      const resumed = await trainer.fit(train, { ...settings, shuffle: 1, resume: await nth(index) });
      expect(bitsOf(await trainer.state())).toEqual(bitsOf(state));
      expect(timeless(resumed)).toEqual(timeless(result));
    }
  });

  test("callbacks go on where they were: history, and early stopping with its best weights", async () => {
    const callbacks = (): readonly Callback[] => [
      history({ every: 3 }),
      earlyStopping({ patience: 1, monitor: "train.loss", mode: "max" }),
    ];
    const { files, state, result } = await trained({ epochs: 3, callbacks: callbacks() });
    // The loss falls, which counts as worse here: it stops after two epochs with the weights of the first.
    expect(result.history).toHaveLength(2);
    const steps = decodeCheckpoint(files.at(-1) ?? new Uint8Array()).callbacks["history"];
    const file = files[7] ?? new Uint8Array();
    const { registers, callbacks: kept } = decodeCheckpoint(file);
    expect(Object.keys(kept["early-stopping"]?.tensors ?? {}).toSorted()).toEqual(
      Object.keys(registers).toSorted(),
    );
    await using trainer = await makeTrainer();
    const again = callbacks();
    await trainer.fit(train, { ...settings, epochs: 3, resume: decodeCheckpoint(file), callbacks: again });
    expect(bitsOf(await trainer.state())).toEqual(bitsOf(state));
    expect(again[0]?.save?.()).toEqual(steps);
  });

  test("a finished training takes more epochs, as if they had been asked for at first", async () => {
    const longer = await trained({ epochs: 3 });
    const resume = await nth(11);
    const { result, state } = await trained({ epochs: 3, resume });
    expect(result.step).toBe(15);
    expect(bitsOf(state)).toEqual(bitsOf(longer.state));
    expect((await trained({ resume })).result.step).toBe(10);
    await expect(trained({ epochs: 1, resume })).rejects.toThrow(
      "the checkpoint is in epoch 3, and epochs is 1",
    );
  });

  test("is refused where the batches or the model would be others", async () => {
    const resume = await nth(3);
    await using trainer = await makeTrainer();
    const fails = (options: object, data = train): Promise<unknown> =>
      trainer.fit(data, { ...settings, resume, ...options });
    await expect(fails({ batchSize: 6 })).rejects.toThrow(
      "resume: batchSize is 6, and was 5 when the checkpoint was made",
    );
    await expect(fails({ shuffle: 2 })).rejects.toThrow("shuffle is 2, and was 1");
    await expect(fails({ lastBatch: "drop" })).rejects.toThrow("lastBatch is drop, and was keep");
    await expect(fails({}, train.skip(1))).rejects.toThrow("examples is 22, and was 23");
    const { "dense_1.bias": bias, ...others } = resume.registers;
    await expect(fails({ resume: { ...resume, registers: others } })).rejects.toThrow(
      'the checkpoint lacks register "dense_1.bias"',
    );
    await expect(
      fails({ resume: { ...resume, registers: { ...resume.registers, more: bias } } }),
    ).rejects.toThrow('has register "more", which the model lacks');
  });
});

describe("a checkpoint", () => {
  test("holds every register, the random counter, the cursor and the caller's notes", async () => {
    const { registers, progress, notes } = await nth(7);
    expect(Object.keys(registers).toSorted()).toEqual(
      [...registersOf(trainingPrograms(declaration()).train).keys()].toSorted(),
    );
    // Seven steps were done, and each drew from the counter once.
    expect([...(registers["random"]?.data ?? [])]).toEqual([1, 7]);
    expect([...(registers["optimizer.step"]?.data ?? [])]).toEqual([7]);
    expect(progress).toMatchObject({
      plan: { examples: 23, batchSize: 5, shuffle: 1, lastBatch: "keep" },
      epoch: 1,
      batch: 2,
      step: 7,
      sums: { examples: 10 },
    });
    expect(progress.history).toHaveLength(1);
    expect(notes).toEqual({ model: "circle" });
  });

  test("the same state gives the same bytes, and NaN in a history survives", async () => {
    const checkpoint = await nth(7);
    expect(encodeCheckpoint(checkpoint)).toEqual((await whole).files[7]);
    const [first] = checkpoint.progress.history;
    if (first === undefined) throw new Error("no history");
    const record = { ...first, train: { loss: NaN, metrics: { accuracy: -Infinity } } };
    const bad: Checkpoint = { ...checkpoint, progress: { ...checkpoint.progress, history: [record] } };
    expect(decodeCheckpoint(encodeCheckpoint(bad)).progress.history).toEqual([record]);
  });

  test("what is none is refused by name", async () => {
    const { files } = await whole;
    const { tensors, metadata } = decodeSafetensors(files[0] ?? new Uint8Array());
    const refuse = (change: { readonly [key: string]: string }, problem: string | RegExp): void =>
      expect(() => decodeCheckpoint(encodeSafetensors(tensors, { ...metadata, ...change }))).toThrow(problem);
    expect(() => decodeCheckpoint(encodeSafetensors(tensors))).toThrow(
      "the file has tensors, but is no checkpoint",
    );
    refuse({ version: "3" }, 'the file has version "3", and this library reads versions 1 and 2');
    refuse({ progress: "{" }, "the metadata are damaged at progress: is not JSON");
    refuse({ progress: "{}" }, "the metadata are damaged at progress.plan");
    refuse(
      { progress: (metadata["progress"] ?? "").replace('"step":1', '"step":-1') },
      "the metadata are damaged at progress.step",
    );
    refuse({ callbacks: "[]" }, "the metadata are damaged at callbacks");
    refuse({ notes: '{"a":1}' }, "the metadata are damaged at notes.a");
    expect(() => decodeCheckpoint(new Uint8Array(20))).toThrow("safetensors: byte 8");
  });

  test("is made every n steps, after each epoch and at the end, once each", async () => {
    await using trainer = await makeTrainer();
    const made: string[] = [];
    const note = (_: Uint8Array, { progress: { epoch, batch, step } }: Checkpoint): void =>
      void made.push(`${epoch}:${batch} ${step}`);
    await trainer.fit(train, { ...settings, callbacks: [checkpoints(note, { every: 2 })] });
    expect(made).toEqual(["0:2 2", "0:4 4", "1:0 5", "1:1 6", "1:3 8", "1:5 10", "2:0 10"]);
    made.length = 0;
    const controller = new AbortController();
    const abort: Callback = { onStep: ({ step }) => void (step === 4 && controller.abort()) };
    await trainer.fit(train, {
      ...settings,
      signal: controller.signal,
      callbacks: [abort, checkpoints(note, { eachEpoch: false })],
    });
    expect(made).toEqual(["0:4 4"]);
  });

  test("of an abort while an epoch is measured stands before that", async () => {
    await using trainer = await makeTrainer();
    const { files, state, result } = await whole;
    const controller = new AbortController();
    let file: Uint8Array | undefined;
    const run = trainer.session.run.bind(trainer.session);
    vi.spyOn(trainer.session, "run").mockImplementation((entry, feeds) => {
      if (entry === "evaluate") controller.abort();
      return run(entry, feeds);
    });
    const { stopped } = await trainer.fit(train, {
      ...settings,
      signal: controller.signal,
      callbacks: [checkpoints((bytes) => void (file = bytes))],
    });
    expect(stopped?.aborted).toBe(true);
    const resume = decodeCheckpoint(file ?? new Uint8Array());
    expect(resume.progress).toMatchObject({ epoch: 0, batch: 5, history: [] });
    expect(resume.registers).toEqual(decodeCheckpoint(files[4] ?? new Uint8Array()).registers);
    const resumed = await trained({ resume });
    expect(bitsOf(resumed.state)).toEqual(bitsOf(state));
    expect(timeless(resumed.result)).toEqual(timeless(result));
  });
});
