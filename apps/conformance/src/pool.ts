import { Worker } from "node:worker_threads";
import type { BackendName } from "./options.ts";
import type { Result } from "./run-test.ts";
import type { TestCase } from "./tests.ts";

export interface PoolOptions {
  readonly backend: BackendName;
  readonly workers: number;
  /** Time limit of one test. */
  readonly seconds: number;
  /** Called as each test ends, in any order. */
  readonly onResult: (result: Result) => void;
}

/** Memory of one worker's JavaScript heap: a test that needs more has failed. */
const HEAP_MEGABYTES = 2048;

/** Runs tests in worker threads; one that hangs or dies has failed, and another thread takes its place. */
export async function runAll(tests: readonly TestCase[], options: PoolOptions): Promise<readonly Result[]> {
  const results = new Map<TestCase, Result>();
  const queue = tests.values();
  const lane = async (): Promise<void> => {
    let worker: Worker | undefined;
    for (const test of queue) {
      worker ??= start(options.backend);
      const result = await runIn(worker, test, options.seconds);
      if ("died" in result) {
        await worker.terminate();
        worker = undefined;
      }
      const ended = "died" in result ? failure(test, result.died) : result;
      results.set(test, ended);
      options.onResult(ended);
    }
    await worker?.terminate();
  };
  await Promise.all(Array.from({ length: options.workers }, lane));
  return tests.flatMap((test) => results.get(test) ?? []);
}

const start = (backend: BackendName): Worker =>
  new Worker(new URL("./worker.js", import.meta.url), {
    workerData: backend,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MEGABYTES },
  });

const failure = ({ folder, test }: TestCase, reason: string): Result => ({
  folder,
  test,
  result: "failed",
  reason,
  operators: [],
});

const events = ["message", "error", "exit"] as const;

function runIn(worker: Worker, test: TestCase, seconds: number): Promise<Result | { readonly died: string }> {
  return new Promise((resolve) => {
    const end = (result: Result | { readonly died: string }): void => {
      clearTimeout(timer);
      for (const event of events) worker.removeListener(event, listeners[event]);
      resolve(result);
    };
    const timer = setTimeout(() => end({ died: `took more than ${seconds} s` }), seconds * 1000);
    const listeners = {
      message: end,
      error: (error: unknown) => end({ died: `ended its thread: ${String(error)}` }),
      exit: (code: number) => end({ died: `ended its thread with code ${code}` }),
    };
    for (const event of events) worker.on(event, listeners[event]);
    worker.postMessage(test);
  });
}
