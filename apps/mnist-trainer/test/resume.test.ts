import { spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { loadCheckpoint } from "@adjoint/trainer/node";
import { describe, expect, test } from "vitest";
import { quick, runHere, temporaryFolder } from "./support.ts";

const path = temporaryFolder();
const weightsOf = (folder: string): Promise<Buffer> => readFile(path(`${folder}/weights.safetensors`));
/** The history without times. */
const historyOf = async (folder: string): Promise<unknown> =>
  JSON.parse(await readFile(path(`${folder}/history.json`), "utf8"), (key, value: unknown) =>
    key === "seconds" ? 0 : value,
  );

/** The arguments that run the program from its sources. */
const program = ["../../../test/from-sources.mjs", "../src/main.ts"].map((file) =>
  fileURLToPath(new URL(file, import.meta.url)),
);

interface Child {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
}

/** Runs the program in a process of its own, and sends it a signal when it printed what is waited for. */
function runThere(argv: readonly string[], signal: NodeJS.Signals, at: string): Promise<Child> {
  const child = spawn(process.execPath, [...program, ...argv], { stdio: ["ignore", "pipe", "inherit"] });
  let [out, sent] = ["", false];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
    if (sent || !out.includes(at)) return;
    sent = true;
    child.kill(signal);
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject).on("close", (code, ended) => resolve({ code, signal: ended, out }));
  });
}

describe("a run that was stopped", () => {
  const settings = ["--model", "logistic", "--limit", "2000", "--batch-size", "10", "--epochs", "3"];

  test(
    "by SIGKILL goes on from its last checkpoint, and gives the bits of one that never stopped",
    { timeout: 30_000 },
    async () => {
      const [killed] = await Promise.all([
        runThere(
          [...settings, "--checkpoint-every", "30", "--out", path("killed")],
          "SIGKILL",
          "Epoch [1/3], Step [100/200]",
        ),
        runHere([...settings, "--out", path("whole")]),
      ]);
      expect([killed.signal, killed.out.includes("Finished")]).toEqual(["SIGKILL", false]);
      const file = path("killed/checkpoint.safetensors");
      const { progress } = await loadCheckpoint(file);
      expect(progress.batch).toBeGreaterThan(0);
      expect(progress.step % 30).toBe(0);
      const { code, lines } = await runHere(["--resume", file]);
      expect(code).toBe(0);
      expect(lines[0]).toMatch(/Going on after \d+ steps\.$/);
      expect(await weightsOf("killed")).toEqual(await weightsOf("whole"));
      expect(await historyOf("killed")).toEqual(await historyOf("whole"));
    },
  );

  test("by Ctrl-C ends with 130 and says how to go on", { timeout: 30_000 }, async () => {
    const { code, signal, out } = await runThere(
      [...settings, "--epochs", "100", "--out", path("stopped")],
      "SIGINT",
      "Step [100/200]",
    );
    expect([code, signal]).toEqual([130, null]);
    expect(out).toMatch(/\nStopped after \d+ steps\.\n/);
    const file = path("stopped/checkpoint.safetensors");
    expect(out.trimEnd().split("\n").at(-1)).toBe(`Go on with: npm start -- --resume ${file}`);
    expect(out).toContain(`Stopped after ${(await loadCheckpoint(file)).progress.step} steps.`);
  });

  test.each([
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const)("by %s ends with a checkpoint and with %i", { timeout: 30_000 }, async (asked, expected) => {
    const { code, out } = await runThere(
      [...settings, "--epochs", "100", "--out", path(asked)],
      asked,
      "Step [100/200]",
    );
    expect(code).toBe(expected);
    const { progress } = await loadCheckpoint(path(`${asked}/checkpoint.safetensors`));
    expect(out).toContain(`Stopped after ${progress.step} steps.`);
  });

  test("by nobody, only its reader went: it trains to its end", { timeout: 30_000 }, async () => {
    const argv = [...settings, "--epochs", "2", "--out", path("unread")];
    const child = spawn(process.execPath, [...program, ...argv], { stdio: ["ignore", "pipe", "pipe"] });
    let err = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
    child.stdout.once("data", () => child.stdout.destroy());
    const code = await new Promise((resolve, reject) => child.on("error", reject).on("close", resolve));
    expect([code, err]).toEqual([0, ""]);
    expect((await loadCheckpoint(path("unread/checkpoint.safetensors"))).progress.epoch).toBe(2);
  });

  test("at any time, twice, is the same run", async () => {
    await runHere([...quick, "--out", path("straight")]);
    const stopAt = (text: string): Parameters<typeof runHere>[1] => ({
      onWrite: (written, end) => void (written.includes(text) && end("SIGINT")),
    });
    const first = await runHere([...quick, "--out", path("parts")], stopAt("Training"));
    expect(first.code).toBe(130);
    const file = path("parts/checkpoint.safetensors");
    expect((await loadCheckpoint(file)).progress.step).toBe(0);
    const second = await runHere(["--resume", file], stopAt("Step [6/6]"));
    expect(second.code).toBe(130);
    expect((await loadCheckpoint(file)).progress).toMatchObject({ epoch: 0, batch: 6 });
    expect((await runHere(["--resume", file])).code).toBe(0);
    expect(await weightsOf("parts")).toEqual(await weightsOf("straight"));
    expect(await historyOf("parts")).toEqual(await historyOf("straight"));
  });

  test("the same signal again at once is its echo, and waits", async () => {
    const exits: number[] = [];
    const { code } = await runHere([...quick, "--out", path("echo")], {
      onExit: (exit) => void exits.push(exit),
      onWrite: (written, end) => {
        if (!written.includes("Training")) return;
        end("SIGHUP");
        end("SIGHUP");
      },
    });
    expect([exits, code]).toEqual([[], 129]);
    expect((await loadCheckpoint(path("echo/checkpoint.safetensors"))).progress.step).toBe(0);
  });

  test("a second Ctrl-C does not wait; SIGTERM ends with 143", async () => {
    const exits: number[] = [];
    const { code } = await runHere([...quick, "--out", path("twice")], {
      onExit: (exit) => void exits.push(exit),
      onWrite: (written, end) => {
        if (!written.includes("Training")) return;
        end("SIGTERM");
        end("SIGINT");
      },
    });
    expect([exits, code]).toEqual([[130], 143]);
  });
});

describe("--resume", () => {
  test("takes more epochs: the same run as one that was longer from the start", async () => {
    await runHere([...quick, "--epochs", "3", "--out", path("long")]);
    await runHere([...quick, "--epochs", "1", "--out", path("short")]);
    const { code } = await runHere([
      "--resume",
      path("short/checkpoint.safetensors"),
      "--epochs",
      "3",
      "--out",
      path("longer"),
    ]);
    expect(code).toBe(0);
    expect(await weightsOf("longer")).toEqual(await weightsOf("long"));
    const { code: less, err } = await runHere([
      "--resume",
      path("longer/checkpoint.safetensors"),
      "--epochs",
      "2",
    ]);
    expect([less, err]).toEqual([
      2,
      expect.stringContaining("--epochs is 2, and the run to go on with is in epoch 3."),
    ]);
  });

  test("refuses settings that the run did not have", async () => {
    await runHere([...quick, "--epochs", "1", "--out", path("fixed")]);
    const { code, err } = await runHere([
      "--resume",
      path("fixed/checkpoint.safetensors"),
      "--batch-size",
      "50",
      "--model",
      "mlp",
      "--limit",
      "120",
      "--seed",
      "2",
    ]);
    expect(code).toBe(2);
    expect(err).toContain("--model is mlp, and the run to go on with has logistic");
    expect(err).toContain("--batch-size is 50, and the run to go on with has 20");
    expect(err).toContain("--seed is 2, and the run to go on with has 5");
    expect(err).not.toContain("--limit is");
  });

  test.each([
    ["missing", undefined, /--resume .*missing: can't be read: ENOENT/],
    ["empty", new Uint8Array(), /--resume .*empty: safetensors: byte 0: the file ends/],
    [
      "text",
      new TextEncoder().encode("these are not the weights you are looking for"),
      /--resume .*text: safetensors: byte 0: the header would have/,
    ],
  ])("refuses a file: %s", async (name, content, message) => {
    if (content !== undefined) await writeFile(path(name), content);
    const { code, err } = await runHere(["--resume", path(name)]);
    expect([code, err]).toEqual([2, expect.stringMatching(message)]);
  });

  test("refuses weights, a cut checkpoint, and a checkpoint of another program", async () => {
    await runHere([...quick, "--epochs", "1", "--out", path("broken")]);
    const refused = async (file: string): Promise<string> => {
      const { code, err } = await runHere(["--resume", file]);
      expect(code).toBe(2);
      return err;
    };
    expect(await refused(path("broken/weights.safetensors"))).toContain(
      "the file has tensors, but is no checkpoint",
    );
    const whole = await readFile(path("broken/checkpoint.safetensors"));
    await writeFile(path("cut"), whole.subarray(0, whole.length - 1));
    expect(await refused(path("cut"))).toMatch(/cut: safetensors: tensor ".*": its data are bytes/);
    const text = whole.toString("latin1").replaceAll("mnist-trainer settings", "other-trainer settings");
    await writeFile(path("other"), Buffer.from(text, "latin1"));
    expect(await refused(path("other"))).toContain("the checkpoint was not made by this program");
  });
});
