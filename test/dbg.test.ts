import { test } from "vitest";
import { composed } from "./conformance/cases.ts";
import { compileProgram } from "@adjoint/compiler";
import { print, runPasses, evaluate } from "@adjoint/ir";
test("dbg", () => {
  for (const items of Object.values(composed)) for (const item of items) if (item.name === "scalars that are computed") {
    const g = runPasses(item.graph());
    console.log(print(g));
    console.log(JSON.stringify(compileProgram(g).kernels, null, 1).replace(/\n\s+/g, " ").replaceAll('{ "form"', '\n{ "form"'));
    console.log(evaluate(g, item.feeds).outputs.y, evaluate(item.graph(), item.feeds).outputs.y);
  }
});
