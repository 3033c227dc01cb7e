import { AdjointError } from "@adjoint/ir";
import { defaultBackend } from "./backends.ts";
import type { EndSignal, Host } from "./host.ts";
import { helpText, parseOptions } from "./options.ts";
import { jsonReporter } from "./report-json.ts";
import { lineReporter } from "./report-lines.ts";
import { terminalReporter } from "./report-terminal.ts";
import { readResumed } from "./resume.ts";
import { chooseFolder, makeFolder } from "./run-folder.ts";
import { settle } from "./settings.ts";
import { train } from "./train.ts";
import { UsageError } from "./usage-error.ts";

export type { EndSignal, Host, TextStream } from "./host.ts";

/** The exit code that a shell expects of a process ended by a signal: 128 plus the signal's number. */
const exitCodes: { readonly [signal in EndSignal]: number } = {
  SIGINT: 130,
  SIGTERM: 143,
  SIGHUP: 129,
};

/** Milliseconds within which the same signal again is not a second request. */
const ECHO = 1000;

/**
 * The whole program: reads the command line, trains, leaves the results.
 * @returns the exit code: 0, 1 for a training that failed, 2 for a wrong command line, 130 after Ctrl-C, 143 and 129
 * after other signals to end.
 */
export async function run(argv: readonly string[], host: Host): Promise<number> {
  try {
    const given = parseOptions(argv);
    if (given.help) {
      host.stdout.write(helpText(host.command));
      return 0;
    }
    return await trainAs(given, host);
  } catch (error) {
    if (error instanceof UsageError) {
      host.stderr.write(`${error.message}\n${host.command} --help lists all options.\n`);
      return 2;
    }
    host.stderr.write(`${failureText(error)}\n`);
    return 1;
  }
}

/** The text of an error: the message alone if it says all, with the stack if the error is a fault of the program. */
function failureText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const foreseen = error instanceof AdjointError || "syscall" in error;
  return foreseen ? error.message : (error.stack ?? error.message);
}

async function trainAs(given: ReturnType<typeof parseOptions>, host: Host): Promise<number> {
  const resumed = given.resume === undefined ? undefined : await readResumed(given.resume, given);
  const settings = resumed?.settings ?? settle(given);
  const folder = await chooseFolder(given, settings.model, host.now());
  await makeFolder(folder);
  const json = given.json === true;
  const reporter = json
    ? jsonReporter(host)
    : host.stdout.isTTY === true
      ? terminalReporter(host)
      : lineReporter(host);
  const controller = new AbortController();
  let ended: EndSignal | undefined;
  let at = 0;
  const unlisten = host.onEnd((signal) => {
    // A terminal tells every process of a command, and their parents may tell them again: that is one request.
    if (ended === signal && signal !== "SIGINT" && performance.now() - at < ECHO) return undefined;
    // Who asks twice does not want to wait for a checkpoint.
    if (ended !== undefined) return host.exit(exitCodes[signal]);
    ended = signal;
    at = performance.now();
    return controller.abort();
  });
  try {
    const { outcome } = await train({
      settings,
      placement: { backend: given.backend ?? defaultBackend, checkpointEvery: given.checkpointEvery },
      folder,
      resume: resumed?.checkpoint,
      reporter,
      signal: controller.signal,
    });
    if (outcome === "stopped" && ended !== undefined) return exitCodes[ended];
    return outcome === "finished" ? 0 : 1;
  } finally {
    unlisten();
  }
}
