import { AdjointError, type Tensor, concat, withScope } from "@adjoint/ir";
import { int, oneOf, strictObject, withDefault } from "@adjoint/ir/schema";
import { type Layer, type LayerCall, type LayerKind, type NameOption, isLayer } from "../layer.ts";
import { makeLayer } from "../make-layer.ts";

type None = Record<never, never>;

const inOrder = (x: Tensor, { layers, run }: LayerCall<unknown>): Tensor =>
  layers.reduce((value, layer) => run(layer, value), x);

function checkLayers(operation: string, layers: readonly Layer[]): readonly Layer[] {
  const wrong = Array.isArray(layers) ? layers.findIndex((layer) => !isLayer(layer)) : 0;
  if (wrong < 0) return [...layers];
  throw new AdjointError(
    "attribute",
    operation,
    Array.isArray(layers) ? `element ${wrong} of its list is no layer` : "wants a list of layers",
    "Layers come from dense({ units: 10 }), relu() and so on.",
  );
}

/** Kind of `sequential`. */
export const sequentialKind: LayerKind<None> = {
  kind: "sequential",
  schema: strictObject({}),
  inner: "chain",
  build: inOrder,
};

/** Layers one after the other. An empty list gives its input back. */
export const sequential = (layers: readonly Layer[], options: NameOption = {}): Layer<None> =>
  makeLayer(sequentialKind, options, checkLayers("sequential", layers));

/** Kind of `residual`. */
export const residualKind: LayerKind<None> = {
  kind: "residual",
  schema: strictObject({}),
  inner: "chain",
  build: (x, call) => {
    const y = inOrder(x, call);
    return withScope(call.name, () => x.add(y));
  },
};

/**
 * x + f(x), f being layers one after the other that keep the shape. For a shortcut with a layer of its own, see
 * `parallel`. Source: He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition" (2016).
 */
export const residual = (layers: readonly Layer[], options: NameOption = {}): Layer<None> =>
  makeLayer(residualKind, options, checkLayers("residual", layers));

/** The way branches become one tensor. */
export type Join = "concat" | "add" | "multiply" | "max";

/** Settings of `parallel`. */
export interface ParallelOptions extends NameOption {
  /** "concat" by default. */
  readonly join?: Join | undefined;
  /** The axis that "concat" joins along, 1 (features or channels) by default. */
  readonly axis?: number | undefined;
}

/** All settings of `parallel`. */
export interface ParallelConfig {
  readonly join: Join;
  readonly axis: number;
}

const joins: { readonly [J in Join]: (branches: readonly Tensor[], axis: number) => Tensor } = {
  concat,
  add: (branches) => branches.reduce((sum, branch) => sum.add(branch)),
  multiply: (branches) => branches.reduce((product, branch) => product.mul(branch)),
  max: (branches) => branches.reduce((largest, branch) => largest.max(branch)),
};

/** Kind of `parallel`. */
export const parallelKind: LayerKind<ParallelConfig> = {
  kind: "parallel",
  schema: strictObject({
    join: withDefault(oneOf(["concat", "add", "multiply", "max"]), "concat"),
    axis: withDefault(int(), 1),
  }),
  inner: "branches",
  build: (x, { layers, run, config: { join, axis }, name }) => {
    if (layers.length === 0) throw new AdjointError("attribute", "parallel", "has no branches");
    const branches = layers.map((layer) => run(layer, x));
    return withScope(name, () => joins[join](branches, axis));
  },
};

/**
 * Layers side by side on one input, their outputs joined: an inception block is four branches joined by "concat". Give a
 * branch of several layers as a `sequential`, and `identity()` for the input itself.
 * Source of the block: Szegedy et al., "Going Deeper with Convolutions" (2015), figure 2.
 */
export const parallel = (branches: readonly Layer[], options: ParallelOptions = {}): Layer<ParallelConfig> =>
  makeLayer(parallelKind, options, checkLayers("parallel", branches));
