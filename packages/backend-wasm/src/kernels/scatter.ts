import type { ScatterKernel } from "@adjoint/compiler";
import { dtypeInfo } from "@adjoint/ir";
import { type Callee, i32, i64 } from "../emit/index.ts";
import type { Context } from "../scalar/context.ts";
import { as, loadElement, storeElement } from "../scalar/element.ts";
import { addressOf, elementValues } from "../scalar/graph.ts";
import { mapElement } from "../scalar/table.ts";
import { nest } from "./loops.ts";
import type { KernelEnvironment } from "./map.ts";

/** Joins values into places that data decides, one by one in row-major order. */
export function scatterKernel(
  { module, math, helpers, place }: KernelEnvironment,
  kernel: ScatterKernel,
): Callee<readonly [], "void"> {
  const { domain, reduction, dtype, buffer, index, dynamic } = kernel;
  const { bytes } = dtypeInfo[dtype];
  return module.function([], "void", (body) => {
    const context: Context = { body, math, helpers };
    nest(body, domain, (coordinates) => {
      const values = elementValues(context, place, kernel.body, coordinates);
      const address = body.let(addressOf(place, buffer, index, coordinates));
      for (const term of dynamic) {
        const at = values[term.value];
        if (at === undefined) continue;
        const isWide = at.type === "i64";
        const outside = isWide
          ? i64.geU(as("i64", at), i64.const(BigInt(term.size)))
          : i32.geU(as("i32", at), i32.const(term.size));
        body.if(outside, () => place.outOfRange(context, term, at));
        const word = isWide ? i32.wrapI64(as("i64", at)) : as("i32", at);
        body.set(address, i32.add(address, i32.mul(word, i32.const(term.stride * bytes))));
      }
      const value = values[kernel.value];
      if (value === undefined) return;
      const joined =
        reduction === "none"
          ? value
          : mapElement(
              context,
              reduction,
              [body.let(loadElement(context, dtype, address)), value],
              dtype,
              dtype,
            );
      body.run(storeElement(context, dtype, address, joined));
    });
  });
}
