import process from "node:process";
import { csv } from "@adjoint/datasets";
import type { TensorValue } from "@adjoint/ir";
import {
  type Checkpoint,
  type FitContext,
  decodeCheckpoint,
  encodeCheckpoint,
  history,
} from "@adjoint/trainer";

// Run in a process of its own, whose processor time nothing else takes: prints a line of JSON, for each kind of file the
// seconds that reading it took, at a size and at eight times that size.

const value: TensorValue = { dtype: "f32", shape: [1], data: Float32Array.of(1) };
const progress: Checkpoint["progress"] = {
  plan: { examples: 10, batchSize: 1, shuffle: false, lastBatch: "keep" },
  epoch: 0,
  batch: 1,
  step: 1,
  sums: { examples: 1, values: { loss: 1 } },
  seconds: 0,
  history: [],
};

/** A checkpoint that is written and read again. */
function roundTrip(registers: number, steps: number): void {
  const callback = history();
  // It reads the measures alone.
  const context = {} as FitContext;
  const info = { epoch: 1, epochs: 1, batch: 1, batches: steps, examples: 1 };
  const measures = { loss: 0.5, metrics: { accuracy: 0.25 } };
  for (let step = 1; step <= steps; step++)
    void callback.onStep?.({ ...info, step, ...measures, averages: measures }, context);
  const file = encodeCheckpoint({
    registers: Object.fromEntries(Array.from({ length: registers }, (_, index) => [`w${index}`, value])),
    progress,
    callbacks: { history: callback.save?.() ?? { data: null } },
    notes: {},
  });
  history().restore?.(decodeCheckpoint(file).callbacks["history"] ?? { data: null });
}

const titles = (count: number): string[] => Array.from({ length: count }, (_, index) => `c${index}`);

const kinds: {
  readonly [kind: string]: { readonly size: number; readonly read: (size: number) => unknown };
} = {
  "columns of a table": {
    size: 25_000,
    read: (size) =>
      csv(`${titles(size).join()}\n${"1,".repeat(size - 1)}1\n`, { fields: { all: titles(size) } }),
  },
  "records of a table": {
    size: 25_000,
    read: (size) => csv(`x,y\n${"1,2.5\n".repeat(size)}`, { fields: { x: ["x"], y: ["y"] } }),
  },
  "digits of a cell": {
    size: 250_000,
    read: (size) => csv(`x,y\n0.${"1".repeat(size)},1\n`, { fields: { x: ["x"] } }),
  },
  "quotes of a cell": {
    size: 250_000,
    read: (size) => csv(`x,y\n1,"${'""'.repeat(size)}"\n`, { fields: { x: ["x"] } }),
  },
  "registers of a checkpoint": { size: 2500, read: (size) => roundTrip(size, 1) },
  "steps of a checkpoint's history": { size: 25_000, read: (size) => roundTrip(1, size) },
};

/** Seconds of processor time, the collection of garbage included. */
function timed(task: () => unknown): number {
  const start = process.cpuUsage();
  task();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1e6;
}

const found = Object.entries(kinds).map(([kind, { size, read }]) => {
  read(size);
  const rounds = [1, 2].map(() => [timed(() => read(size)), timed(() => read(8 * size))] as const);
  return [
    kind,
    {
      once: Math.min(...rounds.map(([once]) => once)),
      eightfold: Math.min(...rounds.map(([, eightfold]) => eightfold)),
    },
  ];
});
console.log(JSON.stringify(Object.fromEntries(found)));
