import { AdjointError } from "@adjoint/ir";
import {
  array,
  checked,
  int,
  literal,
  maxLength,
  object,
  optional,
  parseSettings,
  record,
  regex,
  show,
  strictObject,
  string,
  unknown,
} from "@adjoint/ir/schema";
import { type Layer, type LayerKind, stateOf } from "./layer.ts";
import { layerKinds } from "./kinds/index.ts";
import { makeLayer } from "./make-layer.ts";
import { assignNames } from "./names.ts";

const FORMAT = "adjoint-model";
const VERSION = 1;
/** Far above what models have, and far below what overflows the stack. */
const DEEPEST = 64;
const MOST_LAYERS = 100_000;

/** A layer as JSON; `same` is a layer that stood before under that name (shared parameters). */
export type LayerJson =
  | {
      readonly kind: string;
      readonly name: string;
      readonly config: object;
      readonly layers?: readonly LayerJson[];
    }
  | { readonly same: string };

/** A model as JSON: what it is made of, without its parameters. */
export interface ModelJson {
  readonly format: typeof FORMAT;
  readonly version: typeof VERSION;
  readonly model: LayerJson;
}

/**
 * A model's declaration as plain JSON data, for `JSON.stringify`. Parameters are a session's state and are saved apart;
 * their registers' names are in here.
 */
export function toJson(model: Layer): ModelJson {
  assignNames(model);
  const seen = new Set<Layer>();
  const write = (layer: Layer): LayerJson => {
    if (seen.has(layer)) return { same: layer.name };
    seen.add(layer);
    const { kind, name, config, layers } = layer;
    return {
      kind,
      name,
      // Settings are data; a round trip drops those that are undefined and detaches the rest.
      config: JSON.parse(JSON.stringify(config)),
      ...(stateOf(layer).kind.inner !== undefined && { layers: layers.map(write) }),
    };
  };
  return { format: FORMAT, version: VERSION, model: write(model) };
}

const envelope = object({
  format: literal(FORMAT, `must be "${FORMAT}"`),
  version: int("must be a whole number"),
  model: unknown(),
});
const sameNode = strictObject({ same: string("must be a layer's name") });
const layerNode = strictObject({
  kind: string("must be a kind of layer"),
  name: checked(
    string("must be a name"),
    maxLength(4000),
    regex(/^([A-Za-z_][A-Za-z0-9_-]*(\/[A-Za-z_][A-Za-z0-9_-]*)*)?$/, "must be names joined by /"),
  ),
  config: record(unknown(), "must be an object of settings"),
  layers: optional(array(unknown(), "must be a list of layers")),
});

/** Settings of `fromJson`. */
export interface FromJsonOptions {
  /** Kinds of layers of your own, besides the ones of this package. */
  readonly kinds?: readonly LayerKind[] | undefined;
}

/**
 * The model that `toJson` wrote: same layers, same names, new parameters of the same registers.
 * @param json parsed JSON from anywhere; nothing in it is trusted.
 * @throws AdjointError naming the place, for anything but a model, an unknown kind, bad settings, names that occur twice, more
 * than 64 levels or 100,000 layers (references counted as what they refer to).
 */
export function fromJson(json: unknown, options: FromJsonOptions = {}): Layer {
  const { version, model } = parseSettings("fromJson", envelope, json);
  if (version !== VERSION) {
    throw new AdjointError(
      "text",
      "fromJson",
      `the model is of version ${version} and this library reads version ${VERSION}`,
      version > VERSION ? "Update @adjoint/layers." : "Write the model anew with toJson.",
    );
  }
  const own = (options.kinds ?? []).map((kind): [string, LayerKind] => [kind.kind, kind]);
  return new Reader(new Map([...layerKinds, ...own])).read(model, "model", 0);
}

class Reader {
  readonly #kinds: ReadonlyMap<string, LayerKind>;
  readonly #layers = new Map<string, Layer>();
  /** Layers that run when this one runs: references can multiply them. */
  readonly #runs = new Map<Layer, number>();
  #count = 0;

  constructor(kinds: ReadonlyMap<string, LayerKind>) {
    this.#kinds = kinds;
  }

  read(node: unknown, place: string, depth: number): Layer {
    if (depth > DEEPEST) throw refusal(place, `is more than ${DEEPEST} levels deep`);
    if (++this.#count > MOST_LAYERS) throw refusal(place, `is one of more than ${MOST_LAYERS} layers`);
    if (typeof node === "object" && node !== null && Object.hasOwn(node, "same"))
      return this.#same(node, place);
    const { kind: kindName, name, config, layers } = at(place, () => parseSettings("", layerNode, node));
    const kind = this.#kinds.get(kindName);
    if (kind === undefined) {
      throw refusal(
        place,
        `has the unknown kind ${show(kindName)}`,
        `Kinds are ${[...this.#kinds.keys()].join(", ")}; give your own as fromJson(json, { kinds }).`,
      );
    }
    if ((layers !== undefined) !== (kind.inner !== undefined)) {
      throw refusal(
        place,
        `is a ${kindName} and ${layers === undefined ? "lacks" : "can't have"} \`layers\``,
      );
    }
    if (name === "" && kind.inner === undefined) throw refusal(place, "has no name");
    if (Object.hasOwn(config, "name"))
      throw refusal(place, "has a name among its settings", "Put it beside `kind`.");
    const inner = (layers ?? []).map((layer, index) =>
      this.read(layer, `${place}.layers[${index}]`, depth + 1),
    );
    const runs = inner.reduce((sum, each) => sum + (this.#runs.get(each) ?? 1), 1);
    if (runs > MOST_LAYERS) throw refusal(place, `stands for more than ${MOST_LAYERS} layers`);
    const layer = at(place, () => makeLayer(kind, config, inner));
    this.#runs.set(layer, runs);
    const state = stateOf(layer);
    state.path = name;
    state.sealed = true;
    if (name !== "" && this.#layers.has(name))
      throw refusal(place, `has the name "${name}" of another layer`);
    this.#layers.set(name, layer);
    return layer;
  }

  #same(node: object, place: string): Layer {
    const { same } = at(place, () => parseSettings("", sameNode, node));
    const layer = this.#layers.get(same);
    if (layer === undefined || same === "")
      throw refusal(place, `refers to ${show(same)}, which is not before it`);
    return layer;
  }
}

const refusal = (place: string, problem: string, remedy = ""): AdjointError =>
  new AdjointError("text", "fromJson", `${place} ${problem}`, remedy);

/** Runs a check whose error is to name the place in the JSON. */
function at<T>(place: string, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (error instanceof AdjointError)
      throw refusal(place, `is refused: ${error.message.replace(/^: /, "")}`);
    throw error;
  }
}
