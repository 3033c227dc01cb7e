import type { TensorValue } from "@adjoint/ir";
import {
  type Callback,
  type Checkpoint,
  type FitContext,
  checkpoints,
  decodeCheckpoint,
  decodeSafetensors,
  encodeCheckpoint,
  encodeSafetensors,
  history,
} from "@adjoint/trainer";
import { describe, expect, test, vi } from "vitest";
import { Watchdog } from "../src/watchdog.ts";
import { circle, makeTrainer } from "./support.ts";

const data = circle(23);

/** The last checkpoint of a short training. */
async function checkpointOf(callbacks: readonly Callback[]): Promise<Checkpoint> {
  await using trainer = await makeTrainer();
  let last: Uint8Array = new Uint8Array();
  const keep = checkpoints((bytes) => void (last = bytes), { every: 1 });
  await trainer.fit(data, { epochs: 1, batchSize: 5, callbacks: [...callbacks, keep] });
  return decodeCheckpoint(last);
}

describe("callbacks in checkpoints", () => {
  test("history comes back with the numbers of its metrics", async () => {
    const own = history();
    const made = await checkpointOf([own]);
    const other = history();
    await using trainer = await makeTrainer();
    await trainer.fit(data, { epochs: 1, batchSize: 5, callbacks: [other], resume: made });
    expect(other.steps).toEqual(own.steps);
    expect(other.steps.every(({ metrics }) => Number.isFinite(metrics["accuracy"]))).toBe(true);
  });

  test("history refuses columns of different lengths", async () => {
    const made = await checkpointOf([history()]);
    const { data: columns, tensors } = made.callbacks["history"] ?? { data: {} };
    const short: TensorValue = { dtype: "f64", shape: [1], data: Float64Array.of(1) };
    for (const name of ["loss", "metric_0"]) {
      const state = { data: columns, tensors: { ...tensors, [name]: short } };
      expect(() => history().restore?.(state)).toThrow(`column "${name}"`);
    }
  });

  test("one with a name and nothing to save is left out, and one whose name objects have gets no state", async () => {
    const made = await checkpointOf([{ name: "silent" }]);
    expect(Object.keys(made.callbacks)).not.toContain("silent");
    const restore = vi.fn<NonNullable<Callback["restore"]>>();
    await using trainer = await makeTrainer();
    const callbacks = [{ name: "toString", restore }, { restore }];
    await trainer.fit(data, { epochs: 1, batchSize: 5, callbacks, resume: made });
    expect(restore).not.toHaveBeenCalled();
  });

  test("a checkpoint whose lists of values are no objects is refused", async () => {
    const made = await checkpointOf([]);
    const { tensors, metadata } = decodeSafetensors(encodeCheckpoint(made));
    for (const callbacks of ["[]", "null", "3"])
      expect(() => decodeCheckpoint(encodeSafetensors(tensors, { ...metadata, callbacks }))).toThrow(
        "is no object",
      );
  });
});

describe("what callbacks are told", () => {
  const contextOf = async (lastBatch: "drop" | "keep"): Promise<FitContext> => {
    let given: FitContext | undefined;
    await using trainer = await makeTrainer();
    await trainer.fit(data, {
      epochs: 1,
      batchSize: 5,
      lastBatch,
      callbacks: [{ onStep: (_, context) => void (given = context) }],
    });
    if (given === undefined) throw new Error("no step was told");
    return given;
  };

  test("how many examples an epoch has, without those that are dropped", async () => {
    expect((await contextOf("drop")).examples).toBe(20);
    expect((await contextOf("keep")).examples).toBe(23);
  });

  test("validation can't be measured where there is none", async () => {
    await using trainer = await makeTrainer();
    const measuring: Callback = {
      onEpochEnd: async (_, context) => void (await context.measure("validation")),
    };
    await expect(trainer.fit(data, { epochs: 1, batchSize: 5, callbacks: [measuring] })).rejects.toThrow(
      "there are no validation examples",
    );
  });
});

test("a training that was aborted before it began is given up too", async () => {
  const never = new Watchdog(AbortSignal.abort(), 5);
  await expect(never.watch(() => new Promise<never>(() => undefined))).rejects.toThrow("the training");
});
