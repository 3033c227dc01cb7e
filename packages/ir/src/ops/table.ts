import type { Primitive } from "../tensor.ts";
import type { PrimitiveName } from "../primitive-set.ts";
import { arithmetic } from "./arithmetic.ts";
import { bitwise } from "./bitwise.ts";
import { broadcasting } from "./broadcast.ts";
import { contraction } from "./contract.ts";
import { control } from "./control.ts";
import { convert } from "./convert.ts";
import { convolution } from "./conv.ts";
import { cumulative } from "./cumulative.ts";
import { indexing } from "./indexing.ts";
import { logic } from "./logic.ts";
import { order } from "./order.ts";
import { reduce } from "./reduce.ts";
import { source } from "./source.ts";
import { transcendental } from "./transcendental.ts";
import { view } from "./view.ts";
import { windows } from "./window.ts";

/** Every primitive by name: total over the closed set. */
export const primitives: { readonly [N in PrimitiveName]: Primitive<N> } = {
  ...source,
  ...arithmetic,
  ...transcendental,
  ...logic,
  ...bitwise,
  ...convert,
  ...reduce,
  ...cumulative,
  ...broadcasting,
  ...view,
  ...windows,
  ...contraction,
  ...convolution,
  ...indexing,
  ...order,
  ...control,
};
