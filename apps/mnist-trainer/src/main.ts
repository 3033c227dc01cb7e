#!/usr/bin/env node
import process from "node:process";
import type { EndSignal, Host, TextStream } from "./host.ts";
import { run } from "./index.ts";

const signals: readonly EndSignal[] = ["SIGINT", "SIGTERM", "SIGHUP"];

/**
 * A stream whose reader may go: `npm start | head`, a terminal that closes. What is printed then is for nobody, and the
 * training goes on.
 */
function surviving(stream: NodeJS.WriteStream): TextStream {
  let open = true;
  stream.on("error", () => {
    open = false;
  });
  return {
    write: (text) => open && stream.write(text),
    get isTTY() {
      return stream.isTTY;
    },
    get columns() {
      return stream.columns;
    },
  };
}

const host: Host = {
  stdout: surviving(process.stdout),
  stderr: surviving(process.stderr),
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

process.exitCode = await run(process.argv.slice(2), host);
