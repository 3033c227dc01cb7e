import { join } from "node:path";
import { mnist } from "@adjoint/datasets/node";
import { dim } from "@adjoint/ir";
import { accuracy, crossEntropy, summary } from "@adjoint/layers";
import { type Checkpoint, createTrainer, history, progress, stopOnNaN } from "@adjoint/trainer";
import { checkpointFile } from "@adjoint/trainer/node";
import type { Backend } from "@adjoint/compiler";
import { backends } from "./backends.ts";
import { type Beginning, type Ending, type Reporter, percentOf } from "./events.ts";
import { models } from "./models.ts";
import { optimizers } from "./optimizers.ts";
import { notesOf } from "./resume.ts";
import { writeResults } from "./results.ts";
import { fileNames } from "./run-folder.ts";
import type { Placement, Settings } from "./settings.ts";

/** Steps from one kept measurement to the next, for plots. */
const KEPT = 10;

/** The argument of `train`. */
export interface Job {
  readonly settings: Settings;
  readonly placement: Pick<Placement, "backend" | "checkpointEvery">;
  readonly folder: string;
  readonly resume: Checkpoint | undefined;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
}

/** Trains, tells the reporter, and leaves the results in the folder. */
export async function train(job: Job): Promise<Ending> {
  const backend = await backends[job.placement.backend]();
  try {
    return await trainOn(backend, job);
  } finally {
    backend[Symbol.dispose]?.();
  }
}

async function trainOn(
  backend: Backend,
  { settings, placement, folder, resume, reporter, signal }: Job,
): Promise<Ending> {
  const started = performance.now();
  const { epochs, batchSize, learningRate, seed, limit } = settings;
  const digits = await mnist();
  const examples =
    limit === undefined ? digits.train : digits.train.take(Math.min(limit, digits.train.length));
  const validation =
    limit === undefined ? digits.test : digits.test.take(Math.min(limit, digits.test.length));
  const model = models[settings.model].make();
  await using trainer = await createTrainer(
    {
      model,
      input: { name: "images", ...examples.fields.images },
      target: { name: "labels", ...examples.fields.labels },
      loss: crossEntropy,
      optimizer: optimizers[settings.optimizer].make(learningRate),
      metrics: { accuracy },
    },
    { backend, seed },
  );
  const beginning: Beginning = {
    settings,
    backend: placement.backend,
    folder,
    trainingImages: examples.length,
    testImages: validation.length,
    parameters: summary(model, [dim("batch"), ...examples.fields.images.shape]).total,
    stepsDone: resume?.progress.step ?? 0,
  };
  reporter.begin(beginning);
  const kept = history({ every: KEPT });
  const nan = stopOnNaN();
  const checkpoint = join(folder, fileNames.checkpoint);
  const keeping = checkpointFile(checkpoint, { every: placement.checkpointEvery });
  const result = await trainer.fit(examples, {
    epochs,
    batchSize,
    shuffle: seed,
    validation,
    signal,
    resume,
    notes: notesOf(settings),
    callbacks: [
      kept,
      nan,
      progress((at) => reporter.step(at), { every: reporter.every }),
      { onEpochEnd: (record) => reporter.epoch(record, beginning) },
      keeping,
    ],
  });
  const last = result.history.at(-1);
  const files =
    result.stopped === undefined
      ? await writeResults({
          folder,
          settings,
          model,
          trainer,
          history: kept,
          batches: Math.ceil(examples.length / batchSize),
        })
      : {};
  const ending: Ending = {
    outcome: result.stopped === undefined ? "finished" : result.stopped.aborted ? "stopped" : "failed",
    reason: result.stopped?.reason,
    folder,
    files: { ...files, ...(keeping.written && { checkpoint }) },
    epochs: result.history.length,
    step: result.step,
    accuracy: percentOf(last),
    loss: last?.validation?.loss,
    seconds: (performance.now() - started) / 1000,
  };
  reporter.end(ending);
  return ending;
}
