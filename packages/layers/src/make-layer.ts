import type { Tensor } from "@adjoint/ir";
import { checked, maxLength, optional, parseSettings, refine, string } from "@adjoint/ir/schema";
import { callOutermost } from "./call.ts";
import { type CallOptions, type Layer, type LayerKind, type LayerState, keepState } from "./layer.ts";
import { assignNames } from "./names.ts";

const NAME = /^[A-Za-z_][A-Za-z0-9_-]*$/;
const nameSchema = optional(
  checked(
    string(),
    maxLength(200),
    refine((name) => NAME.test(name), "must be a name of letters, digits, _ and - that starts with a letter"),
  ),
);

/**
 * Makes a layer of a kind.
 * @param options the kind's settings, and `name`.
 * @throws AdjointError naming each setting that is wrong.
 */
export function makeLayer<C>(
  kind: LayerKind<C>,
  options: object = {},
  layers: readonly Layer[] = [],
): Layer<C> {
  const { name, ...settings }: { name?: unknown } = { ...options };
  const config = parseSettings(kind.kind, kind.schema, settings);
  if (typeof config === "object" && config !== null) Object.freeze(config);
  const given = parseSettings(`${kind.kind} name`, nameSchema, name);
  const state: LayerState = { kind, config, layers, given, path: "", sealed: false, registers: undefined };
  const call = (x: Tensor, callOptions: CallOptions = {}): Tensor =>
    callOutermost(layer, x, callOptions.training === true);
  const layer: Layer<C> = Object.defineProperties(call, {
    kind: { value: kind.kind, enumerable: true },
    name: { get: () => state.path, enumerable: true },
    config: { value: config, enumerable: true },
    layers: { value: layers, enumerable: true },
    registers: { get: () => state.registers ?? {}, enumerable: true },
    // defineProperties types its result as the bare function.
  }) as Layer<C>;
  keepState(layer, state);
  assignNames(layer);
  return layer;
}
