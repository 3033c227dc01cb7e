import { parentPort, workerData } from "node:worker_threads";
import type { BackendName } from "./options.ts";
import { runTest } from "./run-test.ts";
import type { TestCase } from "./tests.ts";

// The pool starts this file with the backend's name and sends it tests.
const backend = workerData as BackendName;

parentPort?.on("message", (test: TestCase) => {
  void runTest(test, backend).then((result) => parentPort?.postMessage(result));
});
