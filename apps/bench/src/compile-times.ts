import { execFileSync } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { cpu } from "@adjoint/backend-cpu";
import { wasm } from "@adjoint/backend-wasm";
import { type Backend, compile } from "@adjoint/compiler";
import type { Graph } from "@adjoint/ir";
import { chain, layerNorms, registers, residualBlocks } from "./growing-graphs.ts";
import { median } from "./measure/numbers.ts";

// The time of `compile` in a new process, and its growth: each workload at a size and at twice that size.
// `pnpm bench:compile [backend]`: with one backend or all.

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
  // The result of compiling is not thrown away before it could run.
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
