import type { DType, Initial, Tensor, TensorType } from "@adjoint/ir";
import type { Schema } from "@adjoint/ir/schema";

/** Settings of a call. */
export interface CallOptions {
  /**
   * Turns on what differs in training: dropout, noise, the batch's own statistics (and the update of the running ones),
   * random slopes. Off by default.
   */
  readonly training?: boolean | undefined;
}

/** A layer: a function of one tensor that is declared by data. */
export interface Layer<C = unknown> {
  /**
   * The first call makes the parameters, from the input's shape; later calls share them.
   * @throws AdjointError for an input that doesn't fit, or whose shape asks for other parameters than the layer has.
   */
  (x: Tensor, options?: CallOptions): Tensor;
  readonly kind: string;
  /**
   * Unique in its model: given, or kind and number in the order of the model (`dense_1`); layers inside another carry
   * its name before theirs (`encoder/dense_1`). Until the first call of the model, what would be its name then. Empty
   * for a model that was given none.
   */
  readonly name: string;
  /** All settings, defaults filled in. */
  readonly config: C;
  /** The layers inside, for a layer made of layers. */
  readonly layers: readonly Layer[];
  /** Its own parameters and running statistics by name (`weight`), once it was called; registers `<layer>.weight`. */
  readonly registers: { readonly [parameter: string]: Tensor };
}

/** A parameter or statistic that a layer wants. */
export interface RegisterSpec {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly initial: Initial;
  /** Optimizers update it; true by default. */
  readonly trainable?: boolean;
}

/** By name. */
export type RegisterSpecs = { readonly [parameter: string]: RegisterSpec };

/** The operands of a layer besides its input. */
export interface LayerCall<C> {
  readonly config: C;
  readonly training: boolean;
  readonly name: string;
  /** The register of this name, which the kind's `registers` lists. */
  register(parameter: string): Tensor;
  /** A random key (u32[2]) of the layer's own, new in each run of the program. */
  key(): Tensor;
  readonly layers: readonly Layer[];
  /** Calls an inner layer. */
  run(layer: Layer, x: Tensor): Tensor;
}

/**
 * A kind of layer. Adding one is a file with this and a factory, and a row and an export in `kinds/index.ts`.
 */
export interface LayerKind<C = unknown> {
  readonly kind: string;
  /** The settings; what the user may leave out has a default here. */
  readonly schema: Schema<C>;
  /** The connection of the layers inside: each after the other, or side by side. Absent for a layer that holds none. */
  readonly inner?: "chain" | "branches";
  /** The registers for an input of this type. Called within the layer's scope, so that errors name it. */
  registers?(config: C, input: TensorType): RegisterSpecs;
  build(x: Tensor, call: LayerCall<C>): Tensor;
}

/** Options of every layer besides its own settings. */
export interface NameOption {
  /** Letters, digits, _ and -; the kind and a number by default. */
  readonly name?: string | undefined;
}

/** The parts of a layer that `makeLayer` keeps; its name and registers come later. */
export interface LayerState {
  readonly kind: LayerKind;
  readonly config: unknown;
  readonly layers: readonly Layer[];
  /** The name that the user gave. */
  readonly given: string | undefined;
  /** The full name; it may still change until `sealed`. */
  path: string;
  sealed: boolean;
  registers: { readonly [parameter: string]: Tensor } | undefined;
}

const states = new WeakMap<Layer, LayerState>();

/** The hidden side of a layer. */
export function stateOf(layer: Layer): LayerState {
  const state = states.get(layer);
  if (state === undefined)
    throw new TypeError("not a layer: layers come from dense(…), sequential([…]) and so on");
  return state;
}

/** Notes what belongs to a layer. */
export const keepState = (layer: Layer, state: LayerState): void => void states.set(layer, state);

/** True for what `makeLayer` made. */
export const isLayer = (value: unknown): value is Layer =>
  // Only a function can be a key of the map that is also a layer; the lookup decides.
  typeof value === "function" && states.has(value as Layer);
