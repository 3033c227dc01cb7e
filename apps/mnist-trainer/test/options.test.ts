import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { chooseFolder } from "../src/run-folder.ts";
import { quick, runHere, temporaryFolder } from "./support.ts";

const path = temporaryFolder();

describe("a wrong option", () => {
  test.each([
    [["--model", "resnet"], '--model must be one of mlp, cnn, logistic, and is "resnet"'],
    [
      ["--optimizer", "Adam"],
      '--optimizer must be one of sgd, momentum, nesterov, adagrad, rmsprop, adadelta, adam, adamw, and is "Adam"',
    ],
    [["--backend", "cuda"], /--backend must be one of cpu.*, and is "cuda"/],
    [["--epochs", "0"], '--epochs must be a whole number ≥ 1, and is "0"'],
    [["--epochs", "1.5"], '--epochs must be a whole number ≥ 1, and is "1.5"'],
    [["--epochs", "0x10"], '--epochs must be a whole number ≥ 1, and is "0x10"'],
    [["--epochs", ""], '--epochs must be a whole number ≥ 1, and is ""'],
    [["--batch-size", "-5"], '--batch-size must be a whole number ≥ 1, and is "-5"'],
    [["--learning-rate", "0"], '--learning-rate must be a number > 0, and is "0"'],
    [["--learning-rate", "fast"], '--learning-rate must be a number > 0, and is "fast"'],
    [["--learning-rate", "Infinity"], '--learning-rate must be a number > 0, and is "Infinity"'],
    [["--seed", "4294967296"], '--seed must be a whole number from 0 to 4294967295, and is "4294967296"'],
    [["--limit", "-1"], '--limit must be a whole number ≥ 1, and is "-1"'],
    [["--checkpoint-every", "x"], '--checkpoint-every must be a whole number ≥ 1, and is "x"'],
    [["--out"], "--out needs a value: --out FOLDER"],
    [["--resume", "--json"], "--resume needs a value: --resume FILE"],
    [["--json=yes"], '--json takes no value, and was given "yes"'],
    [["mlp"], '"mlp" is no option: options begin with --'],
    [["--epoch", "3"], "unknown option --epoch. Options are --model, --epochs, --batch-size,"],
    [["--toString", "3"], "unknown option --toString."],
    [["-x"], "unknown option -x."],
  ])("%j is named, with what is allowed, and ends with 2", async (argv, message) => {
    const { code, out, err } = await runHere(argv);
    expect(code).toBe(2);
    expect(out).toBe("");
    expect(err).toMatch(message);
    expect(err).toMatch(/\nnpm start -- --help lists all options\.\n$/);
    expect(err.trimEnd().split("\n")).toHaveLength(2);
  });

  test("all wrong options are named at once", async () => {
    const { err } = await runHere(["--model", "a", "--epochs", "b", "--bogus", "c"]);
    expect(err.match(/^--model|^--epochs|^unknown option --bogus/gm)).toHaveLength(3);
    expect(err).not.toContain('"c"');
  });
});

test("--help lists every option, in lines that fit a terminal, and so does the README", async () => {
  const { code, out, lines } = await runHere(["--help", "--epochs", "3"]);
  expect(code).toBe(0);
  const flags = [
    "model",
    "epochs",
    "batch-size",
    "learning-rate",
    "optimizer",
    "backend",
    "seed",
    "limit",
    "out",
    "checkpoint-every",
    "resume",
    "json",
    "help",
  ];
  expect([...out.matchAll(/^ {2}--([a-z-]+)/gm)].map(([, flag]) => flag).toSorted()).toEqual(
    flags.toSorted(),
  );
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(100);
  const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
  for (const flag of flags) expect(readme).toContain(`\`--${flag}`);
});

describe("the folder", () => {
  test("of an earlier run is left alone", async () => {
    await mkdir(path("full"));
    await writeFile(path("full/notes.txt"), "mine");
    const { code, err } = await runHere([...quick, "--out", path("full")]);
    expect(code).toBe(2);
    expect(err).toContain(`--out ${path("full")} is not empty. Give another folder.`);
    expect(await readdir(path("full"))).toEqual(["notes.txt"]);
    await writeFile(path("full/checkpoint.safetensors"), "");
    expect((await runHere([...quick, "--out", path("full")])).err).toContain(
      `Go on with it by --resume ${path("full/checkpoint.safetensors")}, or give another folder.`,
    );
  });

  test("may be empty, and may not be a file", async () => {
    await mkdir(path("empty"));
    expect((await runHere([...quick, "--epochs", "1", "--out", path("empty")])).code).toBe(0);
    expect((await readdir(path("empty"))).length).toBe(8);
    await writeFile(path("file"), "mine");
    const { code, err } = await runHere([...quick, "--out", path("file")]);
    expect([code, err]).toEqual([2, expect.stringContaining("can't be used: it is a file")]);
    const below = await runHere([...quick, "--out", "/dev/null/folder"]);
    expect([below.code, below.out]).toEqual([2, ""]);
    expect(below.err).toMatch(/--out \/dev\/null\/folder can't be/);
  });

  test("is named after the model and the time by default, and is the checkpoint's when resuming", async () => {
    const now = new Date(2026, 0, 31, 3, 4, 5);
    expect(await chooseFolder({}, "mlp", now)).toBe(join("runs", "mlp-2026-01-31T03-04-05"));
    expect(await chooseFolder({ resume: join("a", "b", "file") }, "mlp", now)).toBe(join("a", "b"));
    expect(await chooseFolder({ resume: "file", out: "c" }, "mlp", now)).toBe("c");
  });
});
