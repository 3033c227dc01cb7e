import type { CumulativeKernel } from "@adjoint/compiler/kernel";
import { elementCount } from "@adjoint/ir/values";
import { arithmeticOf } from "../layout/words.ts";
import { scalarCode } from "../scalar/table.ts";
import { literal } from "../scalar/wgsl.ts";
import type { Context } from "./context.ts";
import { unravel } from "./coordinates.ts";
import type { Launch } from "./launch.ts";
import { Shader } from "./shader.ts";

const LANES = 64;

/** An invocation a line, which adds (or multiplies) in order; 16-bit floats run in f32 and are rounded where they are stored. */
export function cumulative(kernel: CumulativeKernel, context: Context): readonly Launch[] {
  const { outer, size, reverse, exclusive, dtype } = kernel;
  const shader = new Shader(context);
  const lines = elementCount(outer);
  const running = arithmeticOf(dtype) === "f32" ? "f32" : dtype;
  const [operation, start] = kernel.operation === "cumSum" ? (["add", 0] as const) : (["mul", 1] as const);
  const { lines: outerLines, names } = unravel("line", outer, "i");
  const coordinates = [...names, "step"];
  const { lines: values, values: results } = shader.expression(kernel.body, coordinates);
  const next = scalarCode(operation, ["sum", results[kernel.value] ?? ""], running, running, shader.use);
  const store = (value: string): string =>
    shader.store(
      kernel.buffer,
      shader.affine(kernel.index, coordinates),
      scalarCode("cast", [value], running, dtype, shader.use),
    );
  return [
    shader.launch({
      groups: Math.ceil(lines / LANES),
      lanes: LANES,
      body: [
        `let line = i32(group * ${LANES}u + lane);`,
        `if (line >= ${lines}) { return; }`,
        ...outerLines,
        `var sum = ${literal(start, running, shader.use)};`,
        `for (var count = 0; count < ${size}; count++) {`,
        `let step = ${reverse ? `${size - 1} - count` : "count"};`,
        ...values,
        `let next = ${next};`,
        store(exclusive ? "sum" : "next"),
        "sum = next;",
        "}",
      ],
    }),
  ];
}
