import type { MapKernel } from "@adjoint/compiler/kernel";
import { elementCount } from "@adjoint/ir/values";
import type { Context } from "./context.ts";
import { unravel } from "./coordinates.ts";
import type { Launch } from "./launch.ts";
import { Shader } from "./shader.ts";

const LANES = 64;

/** An invocation an element. */
export function map({ domain, body, stores }: MapKernel, context: Context): readonly Launch[] {
  const shader = new Shader(context);
  const count = elementCount(domain);
  const { lines, names } = unravel("at", domain, "i");
  const expression = shader.expression(body, names);
  return [
    shader.launch({
      groups: Math.ceil(count / LANES),
      lanes: LANES,
      body: [
        `let at = i32(group * ${LANES}u + lane);`,
        `if (at >= ${count}) { return; }`,
        ...lines,
        ...expression.lines,
        ...shader.stores(stores, expression.values, names),
      ],
    }),
  ];
}
