import { execFileSync } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { cpu } from "@adjoint/backend-cpu";
import { wasm } from "@adjoint/backend-wasm";
import { type Backend, compile } from "@adjoint/compiler";
import {
  type Graph,
  type Tensor,
  gradients,
  input,
  layerNormalization,
  program,
  register,
  relu,
} from "@adjoint/ir";
import { adam } from "@adjoint/optimizers";
import { median } from "./measure/numbers.ts";

// How long `compile` takes in a new process, and how that grows: each workload at a size and at twice that size.
// `pnpm bench:compile [backend]`: with one backend or all.

const x = input("x", "f32", [8, 64]);
const names = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `${index}`);

function layerNorms(count: number): Graph {
  let y = x;
  for (const name of names(count))
    y = layerNormalization(y, register(`scale${name}`, "f32", [64]), register(`bias${name}`, "f32", [64]));
  return program({ inputs: { x }, outputs: { y } });
}

function residualBlocks(count: number): Graph {
  let y = x;
  for (const name of names(count)) {
    const weight = (part: string): Tensor => register(`${part}${name}`, "f32", [64, 64]);
    const bias = (part: string): Tensor => register(`${part}${name}`, "f32", [64]);
    const hidden = relu(y.matMul(weight("first")).add(bias("before")));
    y = y.add(hidden.matMul(weight("second")).add(bias("after")));
  }
  const loss = y.mul(y).reduceMean();
  return program({ inputs: { x }, outputs: { loss }, updates: adam({ learningRate: 1e-3 })(loss) });
}

function registers(count: number): Graph {
  const own = names(count).map((name) => register(name, "f32", [64]));
  const loss = own.map((each) => each.mul(x).reduceSum()).reduce((a, b) => a.add(b));
  const slopes = gradients(loss, own);
  const updates = own.map((each, index) => ({
    register: each,
    next: each.sub(slopes[index]?.mul(0.01) ?? 0),
  }));
  return program({ inputs: { x }, outputs: { loss }, updates });
}

function chain(count: number): Graph {
  let y = x;
  for (const name of names(count)) y = y.mul(0.75).add(Number(name) % 5);
  return program({ inputs: { x }, outputs: { y } });
}

/** Each with the size of the first row of a pair. */
const workloads: { readonly [name: string]: readonly [build: (count: number) => Graph, count: number] } = {
  "layer norms": [layerNorms, 400],
  "residual blocks with Adam": [residualBlocks, 50],
  registers: [registers, 400],
  "chained operations": [chain, 2500],
};

const backends: { readonly [name: string]: () => Backend | Promise<Backend> } = {
  cpu: () => cpu(),
  wasm: () => wasm({ threads: 1 }),
};

/** Rounds in which all rows take turns. */
const ROUNDS = 7;

async function milliseconds(name: string, backendName: string, count: number): Promise<number> {
  const [build] = workloads[name] ?? [];
  const backend = await backends[backendName]?.();
  if (build === undefined || backend === undefined) throw new RangeError(`no ${name} on ${backendName}`);
  const graph = build(count);
  const started = performance.now();
  await using session = await compile({ main: graph }, { backend });
  const taken = performance.now() - started;
  // What was compiled is there to be run.
  await session.state();
  return taken;
}

function table(over: readonly string[]): void {
  const rows = Object.entries(workloads).flatMap(([name, [, count]]) =>
    over.map((backend) => ({
      name,
      backend,
      count,
      times: [[], []] as [number[], number[]],
    })),
  );
  const path = fileURLToPath(import.meta.url);
  for (let round = 0; round < ROUNDS; round++)
    for (const { name, backend, count, times } of rows)
      times.forEach((list, index) =>
        list.push(
          Number(
            execFileSync(process.execPath, [path, name, backend, String(count * (index + 1))]).toString(),
          ),
        ),
      );
  console.log("| workload | backend | size | ms | twice the size | ratio |\n|---|---|---|---|---|---|");
  for (const { name, backend, count, times } of rows) {
    const [once, twice] = [median(times[0]), median(times[1])];
    console.log(
      `| ${name} | ${backend} | ${count} | ${once.toFixed(0)} | ${twice.toFixed(0)} | ${(twice / once).toFixed(2)} |`,
    );
  }
}

const [first, backend, count] = process.argv.slice(2);
if (first === undefined || backend === undefined)
  table(first === undefined ? Object.keys(backends) : [first]);
else process.stdout.write(String(await milliseconds(first, backend, Number(count))));
