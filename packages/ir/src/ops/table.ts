import type { Primitive } from "../tensor.ts";
import type { PrimitiveName } from "../primitive-set.ts";
import { arithmetic } from "./arithmetic.ts";
import { bitwise } from "./bitwise.ts";
import { broadcasting } from "./broadcast.ts";
import { committing } from "./commit.ts";
import { concatenation } from "./concat.ts";
import { contraction } from "./contract.ts";
import { convert } from "./convert.ts";
import { convolution } from "./conv.ts";
import { cumulative } from "./cumulative.ts";
import { flipping } from "./flip.ts";
import { branching } from "./if.ts";
import { indexing } from "./indexing.ts";
import { logic } from "./logic.ts";
import { order } from "./order.ts";
import { padding } from "./pad.ts";
import { reduce } from "./reduce.ts";
import { reshaping } from "./reshape.ts";
import { looping } from "./scan.ts";
import { slicing } from "./slice.ts";
import { source } from "./source.ts";
import { transcendental } from "./transcendental.ts";
import { transposition } from "./transpose.ts";
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
  ...reshaping,
  ...transposition,
  ...slicing,
  ...padding,
  ...concatenation,
  ...flipping,
  ...windows,
  ...contraction,
  ...convolution,
  ...indexing,
  ...order,
  ...looping,
  ...branching,
  ...committing,
};
