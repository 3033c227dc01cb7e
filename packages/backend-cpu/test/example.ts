import { cpu } from "@adjoint/backend-cpu";
import { compile } from "@adjoint/compiler";
import { input, program } from "@adjoint/ir";

const x = input("x", "f32", [2, 3]);
const graph = program({ inputs: { x }, outputs: { rows: x.exp().reduceSum({ axes: [1] }) } });

await using session = await compile({ main: graph }, { backend: cpu() });
const { rows } = await session.run("main", { x: Float32Array.of(0, 0, 0, 1, 1, 1) });
console.log(rows.data); // Float32Array(2) [ 3, 8.154845237731934 ]
