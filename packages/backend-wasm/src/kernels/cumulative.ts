import type { CumulativeKernel } from "@adjoint/compiler/kernel";
import { type Value, i32 } from "../emit/index.ts";
import { castElement } from "../scalar/cast.ts";
import type { Context } from "../scalar/context.ts";
import { constantElement, storeElement } from "../scalar/element.ts";
import { addressOf, elementValues } from "../scalar/graph.ts";
import { mapElement } from "../scalar/table.ts";
import { costOf } from "./cost.ts";
import { sumDType } from "./fold.ts";
import type { KernelEnvironment } from "./environment.ts";
import type { Ranged } from "./ranged.ts";
import { pointsOf, unitsOf, walkUnits } from "./units.ts";

/** Running sums or products line by line, a unit one or more lines; floats run in doubles and each result is rounded once. */
export function cumulativeKernel(
  { module, math, helpers, addressing }: KernelEnvironment,
  kernel: CumulativeKernel,
): Ranged {
  const { operation, outer, size, exclusive, reverse, dtype, buffer, index } = kernel;
  const wide = sumDType(dtype);
  const join = operation === "cumSum" ? "add" : "mul";
  const units = unitsOf(outer, 1, 1);
  const callee = module.function(["i32", "i32"], "void", (body, first, last) => {
    const context: Context = { body, math, helpers };
    const start = constantElement(wide, operation === "cumSum" ? 0 : 1);
    const sum = body.let(start);
    const write = (line: readonly Value<"i32">[]): void => {
      body.set(sum, start);
      const step = body.let(i32.const(0));
      body.for(step, i32.const(size), 1, () => {
        const at = reverse ? body.let(i32.sub(i32.const(size - 1), step)) : step;
        const coordinates = [...line, at];
        const value = elementValues(context, addressing, kernel.body, coordinates)[kernel.value];
        if (value === undefined) return;
        const next = body.let(
          mapElement(context, join, [sum, castElement(context, value, dtype, wide)], wide, wide),
        );
        const result = castElement(context, exclusive ? sum : next, wide, dtype);
        body.run(
          storeElement(
            context,
            addressing.dtype(buffer),
            addressOf(addressing, buffer, index, coordinates),
            result,
          ),
        );
        body.set(sum, next);
      });
    };
    walkUnits(body, outer, 1, units, [first, last], (line) => write(line.outer));
  });
  return {
    callee,
    units: units.count,
    cost: pointsOf(outer) * size * (costOf(kernel.body) + 2),
  };
}
