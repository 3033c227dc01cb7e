import { readFile, readdir } from "node:fs/promises";
import { cpu } from "@adjoint/backend-cpu";
import { mnist } from "@adjoint/datasets/node";
import { evaluate, tensorValue, toNumbers } from "@adjoint/ir";
import { fromJson } from "@adjoint/layers";
import { fromOnnx, inspectOnnx, registerPairs } from "@adjoint/onnx";
import { createPredictor } from "@adjoint/trainer";
import { loadSafetensors } from "@adjoint/trainer/node";
import { describe, expect, test } from "vitest";
import { quick, runHere, temporaryFolder } from "./support.ts";

const path = temporaryFolder();
/** The sequence that clears a line of a terminal. */
const CLEAR = "\u001B[K";
const readJson = async (name: string): Promise<unknown> => JSON.parse(await readFile(path(name), "utf8"));

describe("a run (S12)", () => {
  test("is that of the usual network unless another is asked for", async () => {
    const { code, lines } = await runHere(["--limit", "200", "--epochs", "1", "--out", path("default")]);
    expect(code).toBe(0);
    expect(lines[0]).toBe(
      "Training mlp (397,510 parameters) on 200 images, tested on 200: adam 0.001, batch 100, seed 5, backend wasm.",
    );
  });

  test("prints plain lines into a pipe and says where everything is", async () => {
    const argv = ["--model", "logistic", "--limit", "220", "--batch-size", "2", "--out", path("lines")];
    const { code, lines, err } = await runHere(argv);
    expect([code, err]).toEqual([0, ""]);
    expect(lines.slice(1, 7).map((line) => line.replace(/\d+\.\d+/, "#"))).toEqual([
      "Epoch [1/2], Step [100/110], Loss: #",
      "Epoch [1/2], Step [110/110], Loss: #",
      "Accuracy of the network on the 220 test images: # %",
      "Epoch [2/2], Step [100/110], Loss: #",
      "Epoch [2/2], Step [110/110], Loss: #",
      "Accuracy of the network on the 220 test images: # %",
    ]);
    expect(lines[1]).toMatch(/Loss: \d+\.\d{4}$/);
    expect(lines[6]).toMatch(/: \d+\.\d{2} %$/);
    const files = [
      "weights.safetensors",
      "model.json",
      "history.json",
      "loss.svg",
      "accuracy.svg",
      "model.onnx",
      "train-step.onnx",
      "checkpoint.safetensors",
    ];
    expect((await readdir(path("lines"))).toSorted()).toEqual(files.toSorted());
    for (const file of files) expect(lines.some((line) => line.endsWith(path(`lines/${file}`)))).toBe(true);
    expect(lines.at(-1)).toBe(
      `Train on with: npm start -- --resume ${path("lines/checkpoint.safetensors")} --epochs 3`,
    );
  });

  test("leaves a model and weights that tell digits as well as it said", async () => {
    const { lines } = await runHere([...quick, "--epochs", "4", "--out", path("logistic")]);
    const said = Number(lines.findLast((line) => line.startsWith("Accuracy"))?.match(/: (.*) %/)?.[1]);
    expect(said).toBeGreaterThan(30);
    const { tensors, metadata } = await loadSafetensors(path("logistic/weights.safetensors"));
    expect(Object.keys(tensors).toSorted()).toEqual(["dense_1.bias", "dense_1.weight"]);
    expect(metadata["model"]).toBe("logistic");
    const images = (await mnist()).test.take(120);
    await using predictor = await createPredictor(
      {
        model: fromJson(await readJson("logistic/model.json")),
        input: { name: "images", dtype: "f32", shape: [28, 28] },
      },
      { backend: cpu(), state: tensors },
    );
    const { output } = await predictor.predict(images);
    const labels = images.column("labels").data;
    let right = 0;
    for (let index = 0; index < labels.length; index++) {
      const scores = [...output.data.subarray(10 * index, 10 * index + 10)].map(Number);
      if (scores.indexOf(Math.max(...scores)) === labels[index]) right++;
    }
    expect((right / 1.2).toFixed(2)).toBe(said.toFixed(2));
  });

  test("leaves the model and its training step as ONNX", async () => {
    await runHere([...quick, "--epochs", "1", "--out", path("onnx")]);
    const model = fromOnnx(await readFile(path("onnx/model.onnx")));
    const { tensors } = await loadSafetensors(path("onnx/weights.safetensors"));
    const images = tensorValue(
      "f32",
      [1, 28, 28],
      Float32Array.from({ length: 784 }, (_, index) => index / 784),
    );
    const expected = toNumbers(evaluate(model, { images }).outputs["output"] ?? images);
    const pixels = toNumbers(images);
    const [weight, bias] = ["dense_1.weight", "dense_1.bias"].map((name) => tensors[name]?.data ?? []);
    expected.forEach((score, digit) => {
      const products = pixels.map((pixel, index) => pixel * Number(weight?.[10 * index + digit]));
      expect(score).toBeCloseTo(
        products.reduce((sum, product) => sum + product, Number(bias?.[digit])),
        4,
      );
    });
    const step = inspectOnnx(await readFile(path("onnx/train-step.onnx")));
    expect(step.inputs.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["images", "labels", "dense_1.weight"]),
    );
    expect(registerPairs(step.metadata)).toContainEqual({
      input: "dense_1.bias",
      output: "dense_1.bias_next",
    });
  });

  test("comes to the same losses and accuracy on every backend", async () => {
    const ran = await Promise.all(
      ["cpu", "wasm"].map((backend) =>
        runHere(["--limit", "1000", "--epochs", "2", "--backend", backend, "--json", "--out", path(backend)]),
      ),
    );
    const [cpuEvents, wasmEvents] = ran.map(({ lines }) =>
      lines.map((line): { readonly event: string; readonly loss?: number; readonly accuracy?: number } =>
        JSON.parse(line),
      ),
    );
    const steps = cpuEvents?.filter(({ event }) => event === "step") ?? [];
    expect(steps).not.toHaveLength(0);
    steps.forEach(({ loss }, index) => {
      const other = wasmEvents?.filter(({ event }) => event === "step")[index]?.loss;
      expect(other).toBeCloseTo(loss ?? Number.NaN, 3);
    });
    expect(wasmEvents?.at(-1)?.accuracy).toBeCloseTo(cpuEvents?.at(-1)?.accuracy ?? Number.NaN, 0);
  });

  test("keeps its settings, epochs and steps as history, and draws them", async () => {
    await runHere([
      "--model",
      "logistic",
      "--limit",
      "200",
      "--batch-size",
      "10",
      "--seed",
      "7",
      "--optimizer",
      "rmsprop",
      "--learning-rate",
      "5e-3",
      "--out",
      path("history"),
    ]);
    expect(await readJson("history/history.json")).toEqual({
      settings: {
        model: "logistic",
        epochs: 2,
        batchSize: 10,
        learningRate: 0.005,
        optimizer: "rmsprop",
        seed: 7,
        limit: 200,
      },
      epochs: [1, 2].map((epoch) => ({
        epoch,
        step: 20 * epoch,
        train: { loss: expect.any(Number), metrics: { accuracy: expect.any(Number) } },
        validation: { loss: expect.any(Number), metrics: { accuracy: expect.any(Number) } },
        seconds: expect.any(Number),
      })),
      steps: [10, 20, 30, 40].map((step) => ({
        step,
        loss: expect.any(Number),
        metrics: { accuracy: expect.any(Number) },
      })),
    });
    for (const [plot, paths] of [
      ["loss.svg", 4 + 2],
      ["accuracy.svg", 2 + 2],
    ] as const) {
      const svg = await readFile(path(`history/${plot}`), "utf8");
      const points = [...svg.matchAll(/<path d="([^"]*)" fill="none"/g)].flatMap(
        ([, line = ""]) => line.match(/[ML]/g) ?? [],
      );
      expect(points).toHaveLength(paths);
    }
  });

  test("with --json prints a line of JSON an event, and a summary as the last", async () => {
    const { code, lines } = await runHere([...quick, "--json", "--out", path("json")]);
    expect(code).toBe(0);
    const events = lines.map((line): { readonly event: string } => JSON.parse(line));
    expect(events.map(({ event }) => event)).toEqual(["begin", "step", "epoch", "step", "epoch", "summary"]);
    expect(events[0]).toMatchObject({
      settings: { model: "logistic", limit: 120 },
      backend: "wasm",
      trainingImages: 120,
      parameters: 7850,
    });
    expect(events[1]).toMatchObject({ epoch: 1, batch: 6, batches: 6, step: 6, loss: expect.any(Number) });
    expect(events[4]).toMatchObject({
      epoch: 2,
      step: 12,
      training: { accuracy: expect.any(Number) },
      test: { loss: expect.any(Number) },
    });
    expect(events[5]).toMatchObject({
      outcome: "finished",
      epochs: 2,
      step: 12,
      folder: path("json"),
      files: { weights: path("json/weights.safetensors") },
    });
  });

  test.each(["sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adadelta", "adam", "adamw"])(
    "learns with %s at its own rate",
    async (optimizer) => {
      const { code, lines } = await runHere([
        ...quick,
        "--epochs",
        "3",
        "--json",
        "--optimizer",
        optimizer,
        "--out",
        path(optimizer),
      ]);
      expect(code).toBe(0);
      const losses = lines
        .map((line) => JSON.parse(line))
        .filter(({ event }) => event === "epoch")
        .map(({ training }) => Number(training.loss));
      expect(losses).toHaveLength(3);
      // ln 10 is the loss of guessing.
      expect(losses[2]).toBeLessThan(Math.min(losses[0] ?? 0, Math.log(10)));
    },
  );

  test("convolutions train too", async () => {
    const { code, lines } = await runHere([
      "--model",
      "cnn",
      "--limit",
      "20",
      "--batch-size",
      "10",
      "--epochs",
      "1",
      "--out",
      path("cnn"),
    ]);
    expect(code).toBe(0);
    expect(lines[0]).toContain("Training cnn (5,994 parameters)");
  });

  test("that goes wrong says where, ends with 1, and keeps no bad checkpoint", async () => {
    const { code, out } = await runHere([
      ...quick,
      "--optimizer",
      "sgd",
      "--learning-rate",
      "1e38",
      "--out",
      path("nan"),
    ]);
    expect(code).toBe(1);
    expect(out).toMatch(
      /Failed after \d steps: The loss is (NaN|Infinity) at step \d\. The first register that is not finite is "dense_1\.(weight|bias)"(?: \(of 2\))?\./,
    );
    expect(out).not.toContain("checkpoint");
  });
});

describe("on a terminal", () => {
  test("a bar is drawn over itself, with loss, accuracy, speed and time left; lines stay for each epoch", async () => {
    const { out } = await runHere(
      ["--model", "logistic", "--limit", "300", "--batch-size", "3", "--out", path("bar")],
      { isTTY: true, columns: 100 },
    );
    const bars = out
      .replaceAll(CLEAR, "")
      .split("\r")
      .filter((part) => /[█░]/.test(part));
    expect(bars.length).toBeGreaterThanOrEqual(2);
    for (const bar of bars) {
      expect(bar).toMatch(
        /^Epoch [12]\/2 █*░* +\d+\/100 {2}loss \d\.\d{4} {2}accuracy \d+\.\d\d % {2}[\d,]+ samples\/s {2}(\?|\d+:\d\d) left$/,
      );
      expect(bar.length).toBeLessThan(100);
    }
    expect(bars.at(-1)).toContain("0:00 left");
    const kept = out
      .replaceAll(CLEAR, "")
      .replaceAll(/\r(?:Epoch \d\/\d [█░][^\r\n]*)?/g, "")
      .split("\n");
    expect(kept[1]).toMatch(/^Epoch 1\/2: loss \d\.\d{4}, accuracy \d+\.\d\d % while training, in 0:\d\d$/);
    expect(kept[2]).toMatch(/^Accuracy of the network on the 300 test images: \d+\.\d\d %$/);
  });

  test("a narrow one gets the numbers without a bar, cut to its width", async () => {
    const { out } = await runHere([...quick, "--epochs", "1", "--out", path("narrow")], {
      isTTY: true,
      columns: 40,
    });
    const drawn = out.split("\r").filter((part) => part.includes("loss") && !part.includes("\n"));
    expect(drawn.length).toBeGreaterThan(0);
    for (const line of drawn) expect(line.replace(CLEAR, "").length).toBeLessThan(40);
  });
});
