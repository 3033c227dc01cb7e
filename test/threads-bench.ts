// The gain and the cost of threads, on a quiet machine and beside processes that use the cores (decision 014).
// node test/from-sources.mjs test/threads-bench.ts [--busy 2] [--rounds 7] [--threads 1,2,8,default] [--only NAME]
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import process from "node:process";
import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import { wasm } from "@adjoint/backend-wasm";
import { compile } from "@adjoint/compiler";
import { type Graph, type Tensor, dim, input, matMul, program, register, scan, sigmoid } from "@adjoint/ir";
import { conv2d, crossEntropy, dense, flatten, maxPool, relu, sequential } from "@adjoint/layers";
import { adam, sgd } from "@adjoint/optimizers";

setFlagsFromString("--experimental-wasm-relaxed-simd");

interface Workload {
  readonly graph: Graph;
  readonly feeds: { readonly [name: string]: Float32Array | Int32Array };
}

const noise = (length: number): Float32Array =>
  new Float32Array(length).map((_, index) => Math.sin(index * 12.9898) * 0.5);
const labelsOf = (length: number): Int32Array => new Int32Array(length).map((_, index) => index % 10);

function classifier(model: (x: Tensor) => Tensor, batch: number, ...image: readonly number[]): Workload {
  const x = input("x", "f32", [dim("batch"), ...image]);
  const labels = input("labels", "i32", [dim("batch")]);
  const loss = crossEntropy(model(x), labels);
  const size = image.reduce((all, side) => all * side, batch);
  return {
    graph: program({ inputs: { x, labels }, outputs: { loss }, updates: adam({ learningRate: 1e-3 })(loss) }),
    feeds: { x: noise(size), labels: labelsOf(batch) },
  };
}

const mlp = sequential([dense({ units: 500 }), relu(), dense({ units: 10 })]);

/** A step of training a GRU by hand, its gates in one product. */
function recurrent(steps: number, batch: number, inputs: number, units: number): Workload {
  const x = input("x", "f32", [steps, batch, inputs]);
  const spread = { kind: "uniform", low: -0.2, high: 0.2 } as const;
  const w = register("w", "f32", [inputs, 3 * units], { initial: spread, trainable: true });
  const u = register("u", "f32", [units, 2 * units], { initial: spread, trainable: true });
  const v = register("v", "f32", [units, units], { initial: spread, trainable: true });
  const first = register("h", "f32", [batch, units]);
  const { carry } = scan({ carry: [first], sequences: [x] }, ([h = first], [slice = x]) => {
    const part = (of: Tensor, from: number): Tensor =>
      of.slice([undefined, { start: from * units, end: (from + 1) * units }]);
    const fromInput = matMul(slice, w);
    const fromState = matMul(h, u);
    const update = sigmoid(part(fromInput, 0).add(part(fromState, 0)));
    const reset = sigmoid(part(fromInput, 1).add(part(fromState, 1)));
    const candidate = part(fromInput, 2)
      .add(matMul(reset.mul(h), v))
      .tanh();
    return { carry: [h.mul(update).add(candidate.mul(update.mul(-1).add(1)))] };
  });
  const [last = first] = carry;
  const loss = last.mul(last).reduceMean();
  return {
    graph: program({ inputs: { x }, outputs: { loss }, updates: sgd({ learningRate: 0.01 })(loss) }),
    feeds: { x: noise(steps * batch * inputs) },
  };
}

const workloads: { readonly [name: string]: () => Workload } = {
  "mlp-train": () => classifier(mlp, 100, 784),
  "small-train": () => classifier(sequential([dense({ units: 32 }), relu(), dense({ units: 10 })]), 32, 13),
  "mlp-infer-1": () => {
    const x = input("x", "f32", [1, 784]);
    return { graph: program({ inputs: { x }, outputs: { y: mlp(x) } }), feeds: { x: noise(784) } };
  },
  "cnn-train": () =>
    classifier(
      sequential([
        conv2d({ filters: 32, kernel: 5, padding: "same" }),
        relu(),
        maxPool({ kernel: 2 }),
        conv2d({ filters: 64, kernel: 5, padding: "same" }),
        relu(),
        maxPool({ kernel: 2 }),
        flatten(),
        dense({ units: 512 }),
        relu(),
        dense({ units: 10 }),
      ]),
      64,
      1,
      28,
      28,
    ),
  "gru-train": () => recurrent(50, 64, 16, 48),
};

const { values } = parseArgs({
  options: {
    busy: { type: "string", default: "0" },
    rounds: { type: "string", default: "7" },
    threads: { type: "string", default: "1,2,8,default" },
    only: { type: "string" },
    turn: { type: "string", default: "100" },
  },
});

/** Milliseconds of a turn's steps; a time is their mean. */
const turn = Number(values.turn);
const counts = values.threads.split(",");
const median = (times: readonly number[], at = 0.5): number =>
  times.toSorted((a, b) => a - b)[Math.floor(times.length * at)] ?? NaN;

/** Hundredths of a second that processors have spent on anything, by Linux's count. */
function spent(): number {
  const [, user = 0, nice = 0, system = 0] = readFileSync("/proc/stat", "utf8").split(/\s+/, 4).map(Number);
  return user + nice + system;
}

const others = Array.from({ length: Number(values.busy) }, () =>
  spawn(process.execPath, ["-e", "const end = Date.now() + 140_000; while (Date.now() < end);"]),
);
try {
  for (const [name, make] of Object.entries(workloads)) {
    if (values.only !== undefined && !values.only.split(",").includes(name)) continue;
    const { graph, feeds } = make();
    const own = await Promise.all(
      counts.map(async (count) => {
        const [threads = "", from] = count.split("@");
        const backend = await wasm({
          ...(threads !== "default" && { threads: Number(threads) }),
          ...(from !== undefined && { shareFrom: 2 ** Number(from) }),
        });
        const session = await compile({ main: graph }, { backend, seed: 1 });
        for (let wait = 0; wait < 50; wait++) await new Promise((resolve) => setTimeout(resolve, 10));
        return { count, backend, session, times: [] as number[], steps: [] as number[] };
      }),
    );
    const [before, cpu] = [spent(), process.cpuUsage()];
    for (let round = -1; round < Number(values.rounds); round++)
      for (const { session, times, steps } of own) {
        const began = performance.now();
        let runs = 0;
        for (let now = began; now < began + turn || runs < 3; runs++) {
          await session.run("main", feeds);
          const end = performance.now();
          if (round >= 0) steps.push(end - now);
          now = end;
        }
        if (round >= 0) times.push((performance.now() - began) / runs);
      }
    const { user, system } = process.cpuUsage(cpu);
    const share = 1 - (user + system) / 1e4 / (spent() - before);
    const line = own.map(
      ({ count, times, steps }) =>
        `${count}: ${median(times).toFixed(3)} (step p50 ${median(steps).toFixed(3)}, p90 ${median(steps, 0.9).toFixed(3)})`,
    );
    // A measurement of a quiet machine is one where others took next to nothing.
    console.log(`${name} ${values.busy} busy, others ${(100 * share).toFixed(0)} % | ${line.join(" | ")}`);
    for (const { session, backend } of own) {
      await session.close();
      backend[Symbol.dispose]();
    }
  }
} finally {
  for (const other of others) other.kill();
}
process.exit(0);
