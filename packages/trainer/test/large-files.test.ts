import type { State, TensorValue } from "@adjoint/ir";
import {
  type Checkpoint,
  type FitContext,
  type StepRecord,
  SafetensorsError,
  decodeCheckpoint,
  decodeSafetensors,
  encodeCheckpoint,
  encodeSafetensors,
  history,
} from "@adjoint/trainer";
import { describe, expect, test } from "vitest";

const one: TensorValue = { dtype: "f32", shape: [1], data: Float32Array.of(1) };
const progress: Checkpoint["progress"] = {
  plan: { examples: 10, batchSize: 1, shuffle: false, lastBatch: "keep" },
  epoch: 0,
  batch: 1,
  step: 1,
  sums: { examples: 1, values: { loss: 1 } },
  seconds: 0,
  history: [],
};
const record = (step: number): StepRecord => ({
  step,
  loss: step % 1000 === 0 ? Number.NaN : 1 / step,
  metrics: { accuracy: step % 7, "top 5": -step },
});

const sizeOf = ({ length }: { readonly length: number }): number => length;

/** A `history` callback that saw so many steps. */
function historyOf(steps: number): ReturnType<typeof history> {
  const callback = history();
  const info = { epoch: 1, epochs: 1, batch: 1, batches: steps, examples: 1 };
  // It reads the measures alone.
  const context = {} as FitContext;
  for (let step = 1; step <= steps; step++) {
    const { loss, metrics } = record(step);
    void callback.onStep?.({ ...info, step, loss, metrics, averages: { loss, metrics } }, context);
  }
  return callback;
}

describe("long runs", () => {
  // Beyond what a search that recurses survives.
  const STEPS = 115_000;

  test(`a checkpoint with a history of ${STEPS} steps comes back, and its header stays small`, () => {
    const callback = historyOf(STEPS);
    const saved = callback.save?.() ?? { data: null };
    const file = encodeCheckpoint({
      registers: { w: one },
      progress,
      callbacks: { history: saved },
      notes: {},
    });
    expect(new DataView(file.buffer).getUint32(0, true)).toBeLessThan(2 ** 16);
    const again = history();
    again.restore?.(decodeCheckpoint(file).callbacks["history"] ?? { data: null });
    // As text and numbers: printing and comparing them one by one takes seconds.
    expect(sizeOf(again.steps)).toBe(STEPS);
    expect(JSON.stringify(again.steps) === JSON.stringify(callback.steps)).toBe(true);
    expect(again.steps[999]).toEqual(record(1000));
  });

  test("one of the first version, with its history in the header, is still read", () => {
    const text = (value: unknown): string =>
      JSON.stringify(value, (_, entry: unknown) => (Number.isNaN(entry) ? "NaN" : entry));
    const file = encodeSafetensors(
      { w: one, "callback:other:best": one },
      {
        format: "adjoint-checkpoint",
        version: "1",
        progress: text(progress),
        callbacks: text({ history: historyOf(STEPS).steps, other: { waited: 2 } }),
        notes: text({ by: "hand" }),
      },
    );
    expect(file.length).toBeGreaterThan(7_000_000);
    const checkpoint = decodeCheckpoint(file);
    expect(checkpoint).toMatchObject({
      registers: { w: one },
      progress,
      callbacks: { other: { data: { waited: 2 }, tensors: { best: one } } },
      notes: { by: "hand" },
    });
    const again = history();
    again.restore?.(checkpoint.callbacks["history"] ?? { data: null });
    expect(sizeOf(again.steps)).toBe(STEPS);
    expect(again.steps.slice(998, 1001)).toEqual([999, 1000, 1001].map(record));
  });

  test("text of any length goes beside the header: epochs, notes, the data of callbacks", () => {
    const epochs = Array.from({ length: 2000 }, (_, index) => ({
      epoch: index + 1,
      step: index + 1,
      train: { loss: index === 5 ? Infinity : 0.5, metrics: {} },
      seconds: 1,
    }));
    const checkpoint: Checkpoint = {
      registers: { w: one },
      progress: { ...progress, history: epochs },
      callbacks: { mine: { data: "é\u0000\ud800".repeat(40_000), tensors: {} } },
      notes: { log: "x".repeat(200_000), ["__proto__"]: "a name like others" },
    };
    const file = encodeCheckpoint(checkpoint);
    expect(new DataView(file.buffer).getUint32(0, true)).toBeLessThan(1000);
    const back = decodeCheckpoint(file);
    expect(back).toEqual(checkpoint);
    expect(Object.entries(back.notes)).toContainEqual(["__proto__", "a name like others"]);
  });

  test("a damaged one is refused by name", () => {
    const { tensors, metadata } = decodeSafetensors(
      encodeCheckpoint({
        registers: { w: one },
        progress,
        callbacks: {},
        notes: { log: "x".repeat(200_000) },
      }),
    );
    const notes = tensors["text:notes"] ?? one;
    const refused = (value: TensorValue): string => {
      try {
        decodeCheckpoint(encodeSafetensors({ ...tensors, "text:notes": value }, metadata));
      } catch (error) {
        return String(error);
      }
      return "taken";
    };
    expect(refused(one)).toContain('tensor "text:notes" is no text in UTF-8');
    expect(refused({ ...notes, data: new Uint8Array(notes.data.length).fill(0xff) })).toContain(
      "no text in UTF-8",
    );
    expect(refused({ ...notes, data: new Uint8Array(notes.data.length).fill(0x20) })).toContain(
      "damaged at notes: is not JSON",
    );
    expect(() =>
      encodeCheckpoint({ registers: { "text:w": one }, progress, callbacks: {}, notes: {} }),
    ).toThrow('register "text:w" has a name that begins with "text:"');
    const cyclic: unknown[] = [];
    cyclic.push(cyclic);
    expect(() =>
      encodeCheckpoint({ registers: {}, progress, callbacks: { mine: { data: cyclic } }, notes: {} }),
    ).toThrow('checkpoint: callback "mine" can\'t be kept as JSON');
    const again = history();
    expect(() => again.restore?.({ data: { metrics: ["a"] }, tensors: {} })).toThrow(
      'column "step" is no f64[steps]',
    );
  });
});

describe("a header of 10 MB and more", () => {
  const fileOf = (header: string, data = 0): Uint8Array => {
    const text = new TextEncoder().encode(header);
    const file = new Uint8Array(8 + text.length + data);
    new DataView(file.buffer).setBigUint64(0, BigInt(text.length), true);
    file.set(text, 8);
    return file;
  };
  const refusal = (file: Uint8Array): string => {
    try {
      decodeSafetensors(file);
    } catch (error) {
      if (error instanceof SafetensorsError) return error.message;
      throw error;
    }
    return "taken";
  };

  test("of one string, plain or escaped all through, is read", () => {
    for (const part of ["x", '\\"', "\\\\", "\\u0041"]) {
      const text = part.repeat(Math.ceil(10_000_000 / part.length));
      const { metadata } = decodeSafetensors(fileOf(`{"__metadata__":{"a":"${text}"}}`));
      expect(sizeOf(metadata["a"] ?? "")).toBe(Math.ceil(10_000_000 / part.length));
    }
  });

  test("of 20,000 tensors is written and read", () => {
    const names = Array.from({ length: 20_000 }, (_, index) => `layer.${index}.weight`);
    const file = encodeSafetensors(Object.fromEntries(names.map((name) => [name, one])), {
      note: "n".repeat(9_000_000),
    });
    expect(file.length).toBeGreaterThan(10_000_000);
    expect(sizeOf(Object.keys(decodeSafetensors(file).tensors))).toBe(20_000);
  });

  test("of nothing but depth, spaces or wrong sizes is refused, in few words", () => {
    const depth = 600_000;
    for (const [file, problem] of [
      [fileOf(`{"w":${"[".repeat(depth)}${"]".repeat(depth)}}`), /tensor "w"|not JSON/],
      [fileOf(`{"w":${'{"a":'.repeat(depth)}1${"}".repeat(depth)}}`), /tensor "w"|not JSON/],
      [fileOf(`{"w"${" ".repeat(2 * depth)}:{},"w":{}}`), /"w" twice/],
      [fileOf(`{"w":{"dtype":"F32","shape":[${"-1,".repeat(200)}-1],"data_offsets":[0,0]}}`), /shape\.0/],
      [
        fileOf(`{"w":{"dtype":"F32","shape":[${"1,".repeat(depth)}1],"data_offsets":[0,0]}}`),
        /shape has 600001 axes; 256 are the most/,
      ],
      [fileOf(`{"${"n".repeat(depth)}":{}}`), /tensor "n+…"/],
    ] as const) {
      const message = refusal(file);
      expect(message).toMatch(problem);
      expect(message.length).toBeLessThan(1000);
    }
  });
});

describe("what readers would refuse is not written", () => {
  const refusal = (tensors: State, metadata: { readonly [key: string]: unknown } = {}): string => {
    try {
      // Callers without types may give metadata of any kind.
      encodeSafetensors(tensors, metadata as { readonly [key: string]: string });
    } catch (error) {
      if (error instanceof SafetensorsError) return error.message;
      throw error;
    }
    return "written";
  };

  test("a header above 100 MB", () => {
    expect(refusal({}, { a: "x".repeat(60_000_000), b: "y".repeat(60_000_000) })).toContain(
      "readers take 100000000 at most. Longer text goes into a tensor",
    );
    // Short enough by itself, and too long with its escapes.
    expect(refusal({}, { a: '"'.repeat(60_000_000) })).toContain("readers take 100000000 at most");
  });

  test.each([
    ["metadata that are no text", {}, { epoch: 1 }, 'the metadata under "epoch" are no text (number)'],
    ["metadata that are undefined", {}, { epoch: undefined }, "are no text (undefined)"],
    ["half a surrogate pair", {}, { a: "\ud800" }, 'the metadata under "a" are not Unicode'],
    ["the same in a name", { "w\udc00": one }, {}, "the name is not Unicode"],
    ["a key __proto__", {}, { ["__proto__"]: "x" }, 'the key "__proto__" of the metadata is reserved'],
    ["a size that is negative", { w: { ...one, shape: [-1, -1] } }, {}, "f32[-1, -1] doesn't fit"],
    ["a size that is not whole", { w: { ...one, shape: [0.5, 2] } }, {}, "f32[0.5, 2] doesn't fit"],
  ])("%s", (_, tensors, metadata, problem) => {
    expect(refusal(tensors, metadata)).toContain(problem);
  });
});
