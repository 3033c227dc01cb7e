import { type Reporter, percentOf } from "./events.ts";
import type { Host } from "./host.ts";

/** A line of JSON an event: `begin`, `step` (every 100th and the last of an epoch), `epoch`, and as the last `summary`. */
export function jsonReporter({ stdout }: Host): Reporter {
  const print = (event: string, data: object): void =>
    void stdout.write(`${JSON.stringify({ event, ...data })}\n`);
  return {
    every: 100,
    begin: (beginning) => print("begin", beginning),
    step: ({ epoch, batch, batches, step, loss, metrics, examplesPerSecond, secondsLeft }) =>
      print("step", { epoch, batch, batches, step, loss, ...metrics, examplesPerSecond, secondsLeft }),
    epoch: ({ epoch, step, train, validation, seconds }) =>
      print("epoch", {
        epoch,
        step,
        training: { loss: train.loss, ...train.metrics },
        test: { loss: validation?.loss, ...validation?.metrics },
        percent: percentOf({ epoch, step, train, validation, seconds }),
        seconds,
      }),
    end: (ending) => print("summary", ending),
  };
}
