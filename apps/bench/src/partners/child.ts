import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { z } from "zod";
import { openblasCore, processorFlags } from "./engines.ts";
import { type Partner, within } from "./partner.ts";
import type { Job } from "../tasks/task.ts";

/** The command that starts a contestant. */
export interface Program {
  readonly command: string;
  readonly arguments: readonly string[];
  readonly environment?: { readonly [name: string]: string };
}

/** A contestant in Node. */
export const nodeProgram = (node: string): Program => ({
  command: node,
  arguments: [fileURLToPath(new URL("./contestant.js", import.meta.url))],
});

/** A contestant in Python. From `dist` and from `src` alike, the file is in `src`. */
export function pythonProgram(python: string): Program {
  const core = openblasCore(processorFlags());
  return {
    command: python,
    arguments: [fileURLToPath(new URL("../../src/contestants/peers/pytorch.py", import.meta.url))],
    ...(core !== undefined && { environment: { OPENBLAS_CORETYPE: core } }),
  };
}

/** The argument of a contestant's process. */
export interface ProcessJob extends Job {
  readonly contestant: string;
  /** The folder of the data, each array in a file of its own. */
  readonly folder: string;
}

/** A contestant's process, which answers each line with a line of JSON. */
export class Child implements Partner {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #answers: AsyncIterator<string>;
  readonly #exited: Promise<number | null>;
  #errors = "";

  constructor({ command, arguments: first, environment }: Program, job: ProcessJob) {
    this.#process = spawn(command, [...first, JSON.stringify(job)], {
      env: { ...process.env, ORT_DISABLE_TELEMETRY: "1", ...environment },
    });
    this.#process.stderr.on("data", (text) => {
      this.#errors = (this.#errors + String(text)).slice(-4000);
    });
    // A child that ends while it is told something says why by its exit.
    this.#process.stdin.on("error", () => {});
    this.#exited = new Promise((resolve) => {
      this.#process.once("close", resolve);
      this.#process.once("error", (error) => {
        this.#errors += error.message;
        resolve(null);
      });
    });
    this.#answers = createInterface(this.#process.stdout)[Symbol.asyncIterator]();
  }

  tell(message: object): void {
    this.#process.stdin.write(`${JSON.stringify(message)}\n`);
  }

  answer<T>(schema: z.ZodType<T>, seconds: number): Promise<T> {
    return within(seconds, this.#read(schema));
  }

  async #read<T>(schema: z.ZodType<T>): Promise<T> {
    for (;;) {
      const { value, done } = await this.#answers.next();
      if (done === true) {
        await this.#exited;
        throw new Error(this.#reason());
      }
      // Native libraries may print lines of their own.
      if (value.startsWith("{")) return schema.parse(JSON.parse(value));
    }
  }

  /** The line of stderr that says most: the one that names an error, else the last. */
  #reason(): string {
    const lines = this.#errors.split("\n").filter((line) => line.trim() !== "");
    return lines.findLast((line) => /error/i.test(line)) ?? lines.at(-1) ?? "ended without a word";
  }

  async ended(): Promise<void> {
    if ((await this.#exited) !== 0) throw new Error(this.#reason());
  }

  async stop(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#exited;
  }
}
