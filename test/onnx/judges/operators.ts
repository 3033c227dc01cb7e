import { elementwise } from "./elementwise.ts";
import { indexing } from "./indexing.ts";
import type { Maker } from "./makers.ts";
import { products } from "./products.ts";
import { shapes } from "./shapes.ts";

/** Every operator that ONNX has a form for, by the primitive's name; composites of products and windows beside them. */
export const operators: { readonly [name: string]: Maker } = {
  ...elementwise,
  ...shapes,
  ...products,
  ...indexing,
};
