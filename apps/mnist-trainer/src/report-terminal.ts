import type { ProgressReport } from "@adjoint/trainer";
import type { Reporter } from "./events.ts";
import { clock, grouped } from "./format.ts";
import type { Host } from "./host.ts";
import { lineReporter } from "./report-lines.ts";

/** Milliseconds from one drawing of the bar to the next. */
const REDRAW = 80;
/** Back to the start of the line, and nothing after what is written. */
const CLEAR = "\r\u001B[K";

/** A line with a bar that fills what the numbers leave of the columns. */
function barLine(at: ProgressReport, columns: number): string {
  const { epoch, epochs, batch, batches, averages, examplesPerSecond, secondsLeft } = at;
  const accuracy = averages.metrics["accuracy"];
  const left = `Epoch ${epoch}/${epochs} `;
  const right = [
    // Numbers of one width, so that the bar doesn't tremble.
    ` ${String(batch).padStart(String(batches).length)}/${batches}`,
    `loss ${averages.loss.toFixed(4)}`,
    ...(accuracy === undefined ? [] : [`accuracy ${(accuracy * 100).toFixed(2)} %`]),
    `${grouped(examplesPerSecond)} samples/s`,
    `${clock(secondsLeft)} left`,
  ].join("  ");
  // A line as long as the terminal would wrap on some.
  const room = Math.min(30, columns - 1 - left.length - right.length);
  if (room < 5) return `${left}${right}`.slice(0, Math.max(0, columns - 1));
  const done = Math.round((room * batch) / batches);
  return `${left}${"█".repeat(done)}${"░".repeat(room - done)}${right}`;
}

/** A progress bar that is drawn over itself, and a line for each epoch. */
export function terminalReporter(host: Host): Reporter {
  const { stdout } = host;
  const lines = lineReporter(host);
  let drawn = -Infinity;
  const clear = (): void => void stdout.write(CLEAR);
  return {
    every: 1,
    begin: lines.begin,
    step(at) {
      const now = performance.now();
      if (now - drawn < REDRAW && at.batch !== at.batches) return;
      drawn = now;
      stdout.write(`${CLEAR}${barLine(at, stdout.columns ?? 80)}`);
    },
    epoch(record, beginning) {
      clear();
      const { epoch, train, seconds } = record;
      const { epochs } = beginning.settings;
      const accuracy = ((train.metrics["accuracy"] ?? 0) * 100).toFixed(2);
      stdout.write(
        `Epoch ${epoch}/${epochs}: loss ${train.loss.toFixed(4)}, accuracy ${accuracy} % while training, in ${clock(seconds)}\n`,
      );
      lines.epoch(record, beginning);
    },
    end(ending) {
      clear();
      lines.end(ending);
    },
  };
}
