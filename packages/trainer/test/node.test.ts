import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeSafetensors } from "@adjoint/trainer";
import {
  checkpointFile,
  loadCheckpoint,
  loadSafetensors,
  saveSafetensors,
  writeFileSafely,
} from "@adjoint/trainer/node";
import { afterEach, beforeEach, expect, test } from "vitest";
import { bitsOf, circle, makeTrainer } from "./support.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "adjoint-trainer-"));
});
afterEach(() => rm(folder, { recursive: true }));

test("weights come back from a file as they went", async () => {
  await using trainer = await makeTrainer();
  const weights = await trainer.weights();
  const path = join(folder, "new", "folder", "weights.safetensors");
  await saveSafetensors(path, weights, { model: "circle" });
  const { tensors, metadata } = await loadSafetensors(path);
  expect(bitsOf(tensors)).toEqual(bitsOf(weights));
  expect(metadata).toEqual({ model: "circle" });
  expect(new Uint8Array(await readFile(path))).toEqual(encodeSafetensors(weights, { model: "circle" }));
});

test("a file is written whole or not at all, and nothing else is left", async () => {
  const path = join(folder, "file");
  await writeFileSafely(path, "before");
  // No data of a file: the writing fails after the temporary file was made.
  await expect(writeFileSafely(path, 5 as unknown as string)).rejects.toThrow("number (5)");
  expect(await readFile(path, "utf8")).toBe("before");
  expect(await readdir(folder)).toEqual(["file"]);
  await writeFileSafely(path, Uint8Array.of(1, 2));
  expect([...(await readFile(path))]).toEqual([1, 2]);
  expect(await readdir(folder)).toEqual(["file"]);
});

test("a training goes on from the file of a checkpoint", async () => {
  const path = join(folder, "checkpoint.safetensors");
  const data = circle(20);
  const settings = { epochs: 2, batchSize: 3 };
  await using whole = await makeTrainer();
  await whole.fit(data, settings);
  await using first = await makeTrainer();
  const controller = new AbortController();
  const abort = { onStep: ({ step }: { readonly step: number }) => void (step === 9 && controller.abort()) };
  await first.fit(data, {
    ...settings,
    signal: controller.signal,
    callbacks: [abort, checkpointFile(path, { every: 4 })],
  });
  await using second = await makeTrainer();
  const { step } = await second.fit(data, { ...settings, resume: await loadCheckpoint(path) });
  expect(step).toBe(14);
  expect(bitsOf(await second.state())).toEqual(bitsOf(await whole.state()));
});

test("errors name the file", async () => {
  const path = join(folder, "broken.safetensors");
  await expect(loadCheckpoint(path)).rejects.toThrow(/broken\.safetensors: can't be read: ENOENT/);
  await writeFile(path, "this is a text");
  await expect(loadSafetensors(path)).rejects.toThrow(
    /broken\.safetensors: safetensors: byte 0: the header would have \d+ bytes/,
  );
  await saveSafetensors(path, {});
  await expect(loadCheckpoint(path)).rejects.toThrow(
    /broken\.safetensors: checkpoint: the file has tensors, but is no checkpoint/,
  );
});
