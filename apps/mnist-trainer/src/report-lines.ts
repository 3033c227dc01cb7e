import { stepLine } from "@adjoint/trainer";
import { type Beginning, type Ending, type Reporter, percentOf } from "./events.ts";
import { clock, grouped, shellWord } from "./format.ts";
import type { Host } from "./host.ts";

/** The first line of a run: the network and the data. */
function beginLine({
  settings,
  backend,
  trainingImages,
  testImages,
  parameters,
  stepsDone,
}: Beginning): string {
  const { model, optimizer, learningRate, batchSize, seed } = settings;
  const resumed = stepsDone > 0 ? ` Going on after ${grouped(stepsDone)} steps.` : "";
  return (
    `Training ${model} (${grouped(parameters)} parameters) on ${grouped(trainingImages)} images, tested on ${grouped(testImages)}: ` +
    `${optimizer} ${learningRate}, batch ${batchSize}, seed ${seed}, backend ${backend}.${resumed}`
  );
}

/** The end of a run: its result, the files, and how to go on. */
function endLines(
  { outcome, reason, files, epochs, step, seconds }: Ending,
  command: string,
): readonly string[] {
  const first = {
    finished: `Finished ${epochs === 1 ? "1 epoch" : `${epochs} epochs`} (${grouped(step)} steps) in ${clock(seconds)}.`,
    stopped: `Stopped after ${grouped(step)} steps.`,
    failed: `Failed after ${grouped(step)} steps: ${reason ?? "for an unknown reason"}`,
  }[outcome];
  const width = Math.max(0, ...Object.keys(files).map((what) => what.length));
  const written = Object.entries(files).map(([what, path]) => `  ${what.padEnd(width)}  ${path}`);
  const { checkpoint } = files;
  const again = checkpoint === undefined ? "" : `${command} --resume ${shellWord(checkpoint)}`;
  if (again === "") return [first, ...written];
  return outcome === "finished"
    ? [first, ...written, `Train on with: ${again} --epochs ${epochs + 1}`]
    : [first, ...written, `Go on with: ${again}`];
}

/** Plain lines, for pipes and files. */
export function lineReporter({ stdout, command }: Host): Reporter {
  const print = (line: string): void => void stdout.write(`${line}\n`);
  return {
    every: 100,
    begin: (beginning) => print(beginLine(beginning)),
    step: (at) => print(stepLine(at)),
    epoch: (record, { testImages }) =>
      print(
        `Accuracy of the network on the ${testImages} test images: ${(percentOf(record) ?? 0).toFixed(2)} %`,
      ),
    end: (ending) => endLines(ending, command).forEach(print),
  };
}
