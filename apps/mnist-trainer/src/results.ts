import { join } from "node:path";
import { type Layer, toJson } from "@adjoint/layers";
import { toOnnx } from "@adjoint/onnx";
import type { EpochRecord, History, Trainer } from "@adjoint/trainer";
import { saveSafetensors, writeFileSafely } from "@adjoint/trainer/node";
import { linePlot } from "./line-plot.ts";
import { fileNames } from "./run-folder.ts";
import type { Settings } from "./settings.ts";

/** The results of a training, to be kept. */
export interface Results {
  readonly folder: string;
  readonly settings: Settings;
  readonly model: Layer;
  readonly trainer: Trainer<"images", "labels", "accuracy", "output">;
  readonly history: History;
  /** Steps of an epoch. */
  readonly batches: number;
}

/** Writes everything but the checkpoint. @returns the paths, by what is in the file. */
export async function writeResults(results: Results): Promise<{ readonly [what: string]: string }> {
  const { folder, settings, model, trainer, history } = results;
  const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
  const path = (name: keyof typeof fileNames): string => join(folder, fileNames[name]);
  await saveSafetensors(path("weights"), await trainer.weights(), {
    format: "adjoint-weights",
    model: settings.model,
  });
  await writeFileSafely(path("model"), json(toJson(model)));
  await writeFileSafely(path("history"), json({ settings, epochs: history.epochs, steps: history.steps }));
  await writeFileSafely(path("lossPlot"), lossPlot(results));
  await writeFileSafely(path("accuracyPlot"), accuracyPlot(results));
  const state = await trainer.state();
  const { predict, train } = trainer.programs;
  await writeFileSafely(path("onnx"), toOnnx(predict, state, { name: settings.model }));
  await writeFileSafely(path("onnxStep"), toOnnx(train, state, { name: `${settings.model}-train-step` }));
  return {
    weights: path("weights"),
    model: path("model"),
    history: path("history"),
    "loss plot": path("lossPlot"),
    "accuracy plot": path("accuracyPlot"),
    "ONNX model": path("onnx"),
    "ONNX training step": path("onnxStep"),
  };
}

const epochPoints = (
  epochs: readonly EpochRecord[],
  value: (record: EpochRecord) => number | undefined,
): readonly (readonly [number, number])[] =>
  epochs.map((record) => [record.epoch, value(record) ?? Number.NaN]);

function lossPlot({ settings, history, batches }: Results): string {
  return linePlot({
    title: `Loss of ${settings.model}`,
    xLabel: "epoch",
    yLabel: "cross-entropy",
    series: [
      { name: "training, one batch", points: history.steps.map(({ step, loss }) => [step / batches, loss]) },
      {
        name: "test images",
        points: epochPoints(history.epochs, ({ validation }) => validation?.loss),
        dots: true,
      },
    ],
  });
}

function accuracyPlot({ settings, history }: Results): string {
  const percent = (value: number | undefined): number | undefined =>
    value === undefined ? undefined : value * 100;
  return linePlot({
    title: `Accuracy of ${settings.model}`,
    xLabel: "epoch",
    yLabel: "% right",
    series: [
      {
        name: "training",
        points: epochPoints(history.epochs, ({ train }) => percent(train.metrics["accuracy"])),
        dots: true,
      },
      {
        name: "test images",
        points: epochPoints(history.epochs, ({ validation }) => percent(validation?.metrics["accuracy"])),
        dots: true,
      },
    ],
  });
}
