import type { State, TensorValue } from "@adjoint/ir";
import {
  type Callback,
  type Checkpoint,
  type FitContext,
  SafetensorsError,
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

/** A safetensors file of a header and its data. */
function file(header: string, bytes: readonly number[] = []): Uint8Array {
  const text = new TextEncoder().encode(header);
  const made = new Uint8Array(8 + text.length + bytes.length);
  new DataView(made.buffer).setBigUint64(0, BigInt(text.length), true);
  made.set(text, 8);
  made.set(bytes, 8 + text.length);
  return made;
}

function refusal(bytes: Uint8Array): SafetensorsError {
  try {
    decodeSafetensors(bytes);
  } catch (error) {
    if (error instanceof SafetensorsError) return error;
    throw error;
  }
  throw new Error("the file was taken");
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

describe("the format of weights", () => {
  test("orders names by their bytes, the shorter of two first where one begins the other", () => {
    const value: TensorValue = { dtype: "u8", shape: [1], data: Uint8Array.of(1) };
    const state: State = { ab: value, a: value, abc: value, aa: value };
    expect(Object.keys(decodeSafetensors(encodeSafetensors(state)).tensors)).toEqual([
      "a",
      "aa",
      "ab",
      "abc",
    ]);
  });

  test("refuses headers that are no objects", () => {
    for (const header of ["[1]", "null", "3", '"x"', " {}"])
      expect(refusal(file(header)).message).toContain("no object");
  });

  test("says what a tensor should have, and where a bool is wrong", () => {
    const header = JSON.stringify({ b: { dtype: "BOOL", shape: [3], data_offsets: [0, 3] } });
    expect(refusal(file(header, [1, 0, 7])).byte).toBe(8 + header.length + 2);
    const long = JSON.stringify({
      a: { dtype: "U8", shape: [2], data_offsets: [0, 2] },
      b: { dtype: "F32", shape: [2], data_offsets: [2, 6] },
    });
    expect(refusal(file(long, [0, 0, 0, 0, 0, 0])).message).toContain(
      "has 8 bytes, and its data_offsets give it 4",
    );
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

test("a training that was aborted before it began is given up too", async () => {
  const never = new Watchdog(AbortSignal.abort(), 5);
  await expect(never.watch(() => new Promise<never>(() => undefined))).rejects.toThrow("the training");
});
