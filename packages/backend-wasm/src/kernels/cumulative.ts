import type { CumulativeKernel } from "@adjoint/compiler";
import { type Callee, i32 } from "../emit/index.ts";
import { castElement } from "../scalar/cast.ts";
import type { Context } from "../scalar/context.ts";
import { constantElement, storeElement } from "../scalar/element.ts";
import { addressOf, elementValues } from "../scalar/graph.ts";
import { mapElement } from "../scalar/table.ts";
import { sumDType } from "./fold.ts";
import { nest } from "./loops.ts";
import type { KernelEnvironment } from "./map.ts";

/** Running sums or products line by line; floats run in doubles and each result is rounded once. */
export function cumulativeKernel(
  { module, math, helpers, place }: KernelEnvironment,
  kernel: CumulativeKernel,
): Callee<readonly [], "void"> {
  const { operation, outer, size, exclusive, reverse, dtype, buffer, index } = kernel;
  const wide = sumDType(dtype);
  const join = operation === "cumSum" ? "add" : "mul";
  return module.function([], "void", (body) => {
    const context: Context = { body, math, helpers };
    const start = constantElement(wide, operation === "cumSum" ? 0 : 1);
    const sum = body.let(start);
    nest(body, outer, (line) => {
      body.set(sum, start);
      const step = body.let(i32.const(0));
      body.for(step, i32.const(size), 1, () => {
        const at = reverse ? body.let(i32.sub(i32.const(size - 1), step)) : step;
        const coordinates = [...line, at];
        const value = elementValues(context, place, kernel.body, coordinates)[kernel.value];
        if (value === undefined) return;
        const next = body.let(
          mapElement(context, join, [sum, castElement(context, value, dtype, wide)], wide, wide),
        );
        const result = castElement(context, exclusive ? sum : next, wide, dtype);
        body.run(
          storeElement(context, place.dtype(buffer), addressOf(place, buffer, index, coordinates), result),
        );
        body.set(sum, next);
      });
    });
  });
}
