import { readFileSync } from "node:fs";
import process from "node:process";
import { fromOnnx } from "@adjoint/onnx";

// node test/from-sources.mjs packages/onnx/test/large-model.ts FILE: imports a model in a process of its own, and prints what that took.
const bytes = readFileSync(process.argv[2] ?? "");
const before = performance.now();
const { outputs } = fromOnnx(bytes);
const seconds = (performance.now() - before) / 1000;
const gigabytes = process.resourceUsage().maxRSS / 2 ** 20;
console.log(JSON.stringify({ seconds, gigabytes, outputs: Object.keys(outputs) }));
