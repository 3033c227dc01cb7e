#!/usr/bin/env node
import process from "node:process";
import type { EndSignal, Host } from "./host.ts";
import { run } from "./index.ts";

const signals: readonly EndSignal[] = ["SIGINT", "SIGTERM"];

const host: Host = {
  stdout: process.stdout,
  stderr: process.stderr,
  command: "npm start --",
  now: () => new Date(),
  onEnd(listener) {
    for (const signal of signals) process.on(signal, listener);
    return () => {
      for (const signal of signals) process.off(signal, listener);
    };
  },
  exit: (code) => process.exit(code),
};

// The reader of a pipe may go before the end; what is printed then is for nobody.
process.stdout.on("error", () => process.exit(1));

process.exitCode = await run(process.argv.slice(2), host);
