// Speed of contractions beside a register-only loop of the same instructions, interleaved in one process.
// node test/from-sources.mjs packages/backend-wasm/tools/gemm-bench.mjs [--plain] [--fused] [--wide] [--steps] [--rounds 9] [--only TEXT]
// --steps measures the contractions of training steps as the compiler makes them, epilogues and layouts included.
// oxlint-disable no-restricted-imports -- it runs in Node alone and is not in the package.
import process from "node:process";
import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";

const { values } = parseArgs({
  options: {
    plain: { type: "boolean" },
    fused: { type: "boolean" },
    wide: { type: "boolean" },
    steps: { type: "boolean" },
    rounds: { type: "string", default: "9" },
    only: { type: "string", default: "" },
  },
});
const major = Number(process.versions.node.split(".")[0]);
if (values.wide) setFlagsFromString("--experimental-wasm-revectorize");
// Before the first compile; newer engines have relaxed SIMD without a flag.
if (major < 21) setFlagsFromString("--experimental-wasm-relaxed-simd");

const { run, product, kernelOf, map, noise } = await import("../test/contract-support.ts");
const { ModuleBuilder, i32, v128 } = await import("../src/emit/index.ts");
const { laneOf } = await import("../src/kernels/contract/lane.ts");
const { reluBias } = await import("../test/contract-epilogues.ts");

const TURNS = 200_000;
/** 12 sums that never leave the registers. */
function peak(fused, wide) {
  const lane = laneOf("f32", fused);
  const pairs = wide ? 24 : 12;
  const module = new ModuleBuilder();
  module.importMemory("env", "memory", { initial: 1 });
  module.export(
    "run",
    module.function(["i32"], "void", (body, at) => {
      const sums = Array.from({ length: pairs }, () => body.local("v128"));
      const a = body.let(v128.load32Splat(at));
      const b = [body.let(v128.load(at, 64)), body.let(v128.load(at, 80))];
      const count = body.let(i32.const(TURNS));
      body.loop((again) => {
        sums.forEach((sum, index) => body.set(sum, lane.multiplyAdd(sum, a, b[index % 2])));
        body.set(count, i32.sub(count, i32.const(1)));
        body.jumpIf(again, count);
      });
      sums.forEach((sum, index) => body.run(v128.store(at, sum, 1024 + index * 16)));
    }),
  );
  const memory = new WebAssembly.Memory({ initial: 1 });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.finish()), { env: { memory } });
  return { name: "peak", flops: pairs * 8 * TURNS, again: () => instance.exports.run(0) };
}

const dense = (m, k, n, layout = {}) => ({
  kernel: product(1, m, k, n, layout),
  sizes: [m * k, k * n],
  flops: 2 * m * k * n,
});
/** n×c×h×w images under o filters of k×k with padding that keeps their size. */
function convolution(n, c, h, o, k) {
  const p = (k - 1) / 2;
  const guard = (row, tap, limit) => ({ offset: -p, strides: row.map((v, i) => v + tap[i]), limit });
  const zero = [0, 0, 0, 0, 0, 0, 0];
  const unit = (axis) => zero.map((_, index) => (index === axis ? 1 : 0));
  // axes: o | n y x | c ky kx
  const image = [0, c * h * h, h, 1, h * h, h, 1];
  const kernel = kernelOf(
    { rows: [o], columns: [n, h, h], inner: [c, k, k] },
    map([c * k * k, 0, 0, 0, k * k, k, 1]),
    map(image, -p * h - p, [guard(unit(2), unit(5), h), guard(unit(3), unit(6), h)]),
  );
  return { kernel, sizes: [o * c * k * k, n * c * h * h], flops: 2 * o * c * k * k * n * h * h };
}
/** The weight's gradient of the same. */
function convolutionWeight(n, c, h, o, k) {
  const p = (k - 1) / 2;
  const unit = (...axes) => [0, 0, 0, 0, 0, 0, 0].map((_, index) => (axes.includes(index) ? 1 : 0));
  // axes: o | c ky kx | n y x
  const kernel = kernelOf(
    { rows: [o], columns: [c, k, k], inner: [n, h, h] },
    map([h * h, 0, 0, 0, o * h * h, h, 1]),
    map([0, h * h, h, 1, c * h * h, h, 1], -p * h - p, [
      { offset: -p, strides: unit(2, 5), limit: h },
      { offset: -p, strides: unit(3, 6), limit: h },
    ]),
  );
  return { kernel, sizes: [n * o * h * h, n * c * h * h], flops: 2 * o * c * k * k * n * h * h };
}

const cases = {
  "512³": dense(512, 512, 512),
  "1024³": dense(1024, 1024, 1024),
  "100×784×500": dense(100, 784, 500),
  "AᵀB 784×100×500": dense(784, 100, 500, { leftTransposed: true }),
  "100×500×10": dense(100, 500, 10),
  "AᵀB 500×100×10": dense(500, 100, 10, { leftTransposed: true }),
  "ABᵀ 100×10×500": dense(100, 10, 500, { rightTransposed: true }),
  "100×784×500 bias+ReLU": { ...dense(100, 784, 500), epilogue: reluBias() },
  "ABᵀ 100×10×500 bias+ReLU": { ...dense(100, 10, 500, { rightTransposed: true }), epilogue: reluBias() },
  "1×784×500": dense(1, 784, 500),
  "1×784×500 ABᵀ": dense(1, 784, 500, { rightTransposed: true }),
  "conv 5×5 64×1×28² → 32": convolution(64, 1, 28, 32, 5),
  "conv 5×5 64×32×14² → 64": convolution(64, 32, 14, 64, 5),
  "conv weight 64×1×28² → 32": convolutionWeight(64, 1, 28, 32, 5),
  "conv weight 64×32×14² → 64": convolutionWeight(64, 32, 14, 64, 5),
};

/** Training steps on images of 28 × 28, as programs. */
async function steps() {
  const ir = await import("@adjoint/ir");
  const { optimize, runPasses } = await import("@adjoint/ir/graph");
  const { compileProgram } = await import("@adjoint/compiler");
  const layers = await import("../../layers/src/index.ts");
  const { adam } = await import("../../optimizers/src/index.ts");
  const { flatten, relu, sequential } = layers;
  const block = (filters) => [
    layers.conv2d({ filters, kernel: 5, padding: "same", activation: "relu" }),
    layers.maxPool({ kernel: 2 }),
  ];
  const step = (net, batch) => {
    const images = ir.input("images", "f32", [batch, 28, 28]);
    const labels = ir.input("labels", "i32", [batch]);
    const loss = layers.crossEntropy(sequential(net)(images), labels);
    const updates = adam({ learningRate: 1e-3 })(loss);
    const train = ir.program({ inputs: { images, labels }, outputs: { loss }, updates });
    return compileProgram(runPasses(train, optimize));
  };
  return {
    mlp: step([flatten(), layers.dense({ units: 500 }), relu(), layers.dense({ units: 10 })], 100),
    cnn: step(
      [
        layers.reshape({ shape: [1, 28, 28] }),
        ...block(32),
        ...block(64),
        flatten(),
        layers.dense({ units: 10 }),
      ],
      64,
    ),
  };
}
const programs = values.steps ? await steps() : {};
const { contractionsOf, runContractions } = await import("../test/contract-program.ts");
const count = (sizes) => sizes.reduce((a, b) => a * b, 1);

/** Each contraction of the steps in one mode. */
function stepCases(options) {
  return Object.entries(programs).flatMap(([model, compiled]) => {
    const ran = runContractions(compiled, options);
    console.log(`${model}: ${ran.moduleBytes} bytes, emitted in ${ran.emitMilliseconds.toFixed(1)} ms`);
    return contractionsOf(compiled).map((kernel, index) => {
      const { batch, rows, columns, inner } = kernel;
      const parts = [batch, rows, columns, inner].map((sizes) => sizes.join("·")).filter(Boolean);
      return {
        name: `${model} ${kernel.convolution?.variant ?? "dot"} ${parts.join(" × ")}`,
        flops: 2 * count([batch, rows, columns, inner].flat()),
        again: () => ran.again(index),
      };
    });
  });
}

const productCases = (options) =>
  Object.entries(cases)
    .filter(([name]) => name.includes(values.only))
    .map(([name, { kernel, sizes, flops, epilogue }]) => {
      const operands = [noise(sizes[0], 1), noise(sizes[1], 2)];
      return {
        name,
        flops,
        again: run(kernel, operands, { ...options, ...(epilogue && { epilogue }) }).again,
      };
    });

const modes = [
  ...(values.plain || !values.fused ? [{ name: "plain", fused: false }] : []),
  ...(values.fused || !values.plain ? [{ name: "fused", fused: true }] : []),
];
const rounds = Number(values.rounds);
const median = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];
/** Milliseconds of one run, over runs of together at least 25. */
function time(again) {
  let runs = 0;
  const start = performance.now();
  let now = start;
  while (now - start < 25) {
    again();
    runs++;
    now = performance.now();
  }
  return (now - start) / runs;
}
console.log(`Node ${process.versions.node}${values.wide ? ", wide vectors" : ""}, ${rounds} rounds, medians`);
for (const { name, fused } of modes) {
  const wide = values.wide === true;
  const measured = (values.steps ? stepCases({ fused, wide }) : productCases({ fused, wide }))
    .filter((each) => each.name.includes(values.only))
    .map((each) => ({ ...each, times: [], ratios: [] }));
  const top = { ...peak(fused, wide), times: [] };
  for (const each of [top, ...measured]) for (let warm = 0; warm < 3; warm++) time(each.again);
  for (let round = 0; round < rounds; round++) {
    for (const each of measured) {
      // The machine's speed drifts, so each is beside a peak of its own moment.
      const best = time(top.again) / top.flops;
      top.times.push(best * top.flops);
      each.times.push(time(each.again));
      each.ratios.push((best * each.flops) / each.times.at(-1));
    }
  }
  console.log(`\n${name}: peak ${(top.flops / median(top.times) / 1e6).toFixed(1)} GFLOP/s`);
  for (const each of measured) {
    const ms = median(each.times);
    console.log(
      `${each.name.padEnd(44)} ${ms.toFixed(3).padStart(9)} ms ${(each.flops / ms / 1e6).toFixed(1).padStart(6)} GFLOP/s ${(100 * median(each.ratios)).toFixed(0).padStart(4)} %`,
    );
  }
}
process.exit();
