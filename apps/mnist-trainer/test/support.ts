import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type EndSignal, type Host, run } from "@adjoint/mnist-trainer";
import { afterAll, beforeAll } from "vitest";

/** The output of a run, and its exit code. */
export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** Lines of `out`. */
  readonly lines: readonly string[];
}

export interface RunOptions {
  readonly isTTY?: boolean;
  readonly columns?: number;
  /** Called with every piece of output; `end` asks the program to end as a signal would. */
  readonly onWrite?: (text: string, end: (signal: EndSignal) => void) => void;
  readonly onExit?: (code: number) => void;
}

/** Runs the program within this process. */
export async function runHere(
  argv: readonly string[],
  { isTTY, columns, onWrite, onExit }: RunOptions = {},
): Promise<Outcome> {
  let [out, err] = ["", ""];
  const listeners = new Set<(signal: EndSignal) => void>();
  const end = (signal: EndSignal): void => listeners.forEach((listener) => listener(signal));
  const host: Host = {
    stdout: {
      isTTY,
      columns,
      write: (text) => {
        out += text;
        onWrite?.(text, end);
      },
    },
    stderr: { write: (text) => (err += text) },
    command: "npm start --",
    now: () => new Date(2026, 0, 31, 23, 59, 58),
    onEnd: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    exit: (code) => onExit?.(code),
  };
  const code = await run(argv, host);
  if (listeners.size > 0) throw new Error("the program still listens for signals");
  return { code, out, err, lines: out.split("\n").slice(0, -1) };
}

/** A folder of this test file's own; gives paths in it. */
export function temporaryFolder(): (name: string) => string {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "adjoint-mnist-"));
  });
  afterAll(() => rm(folder, { recursive: true }));
  return (name) => join(folder, name);
}

/** A training that takes a moment: 12 steps in 2 epochs. */
export const quick: readonly string[] = ["--model", "logistic", "--limit", "120", "--batch-size", "20"];
