import { execFileSync, spawnSync } from "node:child_process";
import { mkdtemp, readFile, readdir, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { type Callback, encodeSafetensors } from "@adjoint/trainer";
import {
  checkpointFile,
  loadCheckpoint,
  loadSafetensors,
  saveSafetensors,
  writeFileSafely,
} from "@adjoint/trainer/node";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
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
  await expect(writeFileSafely(path, 5 as unknown as string)).rejects.toThrow(
    /file: can't be written: .*number \(5\)\. The file is as it was before\.$/,
  );
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

test("what is no file is refused at once, and not waited for", async () => {
  await expect(loadCheckpoint(folder)).rejects.toThrow("can't be read: it is no file");
  await expect(loadCheckpoint("/dev/zero")).rejects.toThrow("/dev/zero: can't be read: it is no file");
  const pipe = join(folder, "pipe");
  execFileSync("mkfifo", [pipe]);
  await expect(loadSafetensors(pipe)).rejects.toThrow("pipe: can't be read: it is no file");
});

describe("temporary files", () => {
  /** A process that ended: its number is nobody's for a while. */
  const dead = (): number => spawnSync(process.execPath, ["--version"]).pid;

  /** The name of the temporary file that this process is writing for `path`. */
  async function ownTemporary(path: string): Promise<string> {
    let found = "";
    // Opening a file that is there already is what fails: the folder is looked at while the file is written.
    const writing = writeFileSafely(path, new Uint8Array(3e7));
    while (found === "") {
      const entries = await readdir(folder);
      found = entries.find((entry) => entry.endsWith(".tmp")) ?? "";
      if (entries.includes(basename(path))) break;
    }
    await writing;
    if (found === "") throw new Error("no temporary file was seen");
    return found;
  }

  test("of processes that died are removed; those of processes that live, of other files and of other machines are not", async () => {
    const path = join(folder, "checkpoint.safetensors");
    const own = await ownTemporary(path);
    const [, machine = "", maker = "", random = ""] =
      /^\.checkpoint\.safetensors\.([\da-f]{8})-(\d+)-([\da-f]{12})\.tmp$/.exec(own) ?? [];
    expect(Number(maker)).toBe(process.pid);
    const name = (host: string, process: number | string, of = "checkpoint.safetensors"): string =>
      `.${of}.${host}-${process}-${random}.tmp`;
    const foreign = machine === "00000000" ? "11111111" : "00000000";
    const day = 24 * 60 * 60;
    const ages: { readonly [file: string]: readonly [age: number, stays: boolean] } = {
      [name(machine, dead())]: [0, false],
      // Of this process, and yet from before it began: of one that had its number.
      [name(machine, process.pid)]: [day, false],
      [name(machine, process.ppid)]: [2 * day, true],
      [name(machine, dead(), "weights.safetensors")]: [2 * day, true],
      [name(foreign, dead())]: [day / 2, true],
      [name(foreign, process.pid)]: [2 * day, false],
      // As the first version named them.
      [`.checkpoint.safetensors.${random}.tmp`]: [2 * day, false],
      ".checkpoint.safetensors.mine.tmp": [2 * day, true],
      ".checkpoint.safetensors.0123456789ab.tmp.txt": [2 * day, true],
    };
    const now = Date.now() / 1000;
    for (const [file, [age]] of Object.entries(ages)) {
      await writeFile(join(folder, file), "half");
      await utimes(join(folder, file), now - age, now - age);
    }
    const expected = Object.entries(ages).flatMap(([file, [, stays]]) => (stays ? [file] : []));
    await using trainer = await makeTrainer();
    const seen: string[][] = [];
    const look: Callback = { onStep: async () => void seen.push(await readdir(folder)) };
    await rename(path, join(folder, "other"));
    // Before the first step, and not only when the first checkpoint is written.
    await trainer.fit(circle(5), { epochs: 1, batchSize: 5, callbacks: [look, checkpointFile(path)] });
    expect(seen[0]?.toSorted()).toEqual([...expected, "other"].toSorted());
    await writeFile(join(folder, name(machine, dead())), "half");
    await writeFileSafely(path, "more");
    expect((await readdir(folder)).toSorted()).toEqual([...expected, "other", basename(path)].toSorted());
  });

  test("are not removed while this process writes them", async () => {
    const path = join(folder, "file");
    const sizes = Array.from({ length: 8 }, (_, index) => 2_000_000 + index);
    await Promise.all(sizes.map((size) => writeFileSafely(path, new Uint8Array(size))));
    expect(sizes).toContain((await stat(path)).size);
    expect(await readdir(folder)).toEqual(["file"]);
  });
});

/** A file system of 64 kB, which root may make. */
const small = ((): { readonly [Symbol.dispose]: () => void; readonly path: string } | undefined => {
  const path = execFileSync("mktemp", ["-d"], { encoding: "utf8" }).trim();
  const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "none", path]);
  if (status !== 0) return undefined;
  return {
    path,
    [Symbol.dispose]() {
      execFileSync("umount", [path]);
      execFileSync("rmdir", [path]);
    },
  };
})();
afterAll(() => small?.[Symbol.dispose]());

const skipped = small === undefined ? " (skipped: only root may mount a small disk)" : "";
test.skipIf(small === undefined)(
  `a full disk names the file, and leaves the one that was there${skipped}`,
  async () => {
    const path = join(small?.path ?? "", "weights.safetensors");
    await writeFileSafely(path, "before");
    await expect(writeFileSafely(path, new Uint8Array(200_000))).rejects.toMatchObject({
      name: "AdjointError",
      message: `${path}: can't be written: ENOSPC: no space left on device, write. The file is as it was before.`,
    });
    expect(await readFile(path, "utf8")).toBe("before");
    expect(await readdir(small?.path ?? "")).toEqual(["weights.safetensors"]);
  },
);
