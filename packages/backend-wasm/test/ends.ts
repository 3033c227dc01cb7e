// Runs a step on two threads and comes to its end, leaving the workers as they are.
import { wasm } from "@adjoint/backend-wasm";
import { compile } from "@adjoint/compiler";
import { input, program } from "@adjoint/ir";

const backend = await wasm({ threads: 2 });
while (backend.threads < 2) await new Promise((resolve) => setTimeout(resolve, 1));
const x = input("x", "f32", [1_000_000]);
const main = program({ inputs: { x }, outputs: { y: x.mul(3).reduceSum() } });
const session = await compile({ main }, { backend });
const { y } = await session.run("main", { x: new Float32Array(1_000_000).fill(1) });
console.log(`${backend.threads} threads, sum ${y.item()}`);
