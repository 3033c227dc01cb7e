import { type Tensor, randomKey, register, withScope } from "@adjoint/ir";
import { type Node, isNode, nodesOf, registerOf } from "@adjoint/ir/graph";
import { AdjointError, equalTypes, typeText } from "@adjoint/ir/values";
import type { Layer, LayerCall, LayerState, RegisterSpecs } from "./layer.ts";
import { stateOf } from "./layer.ts";
import { sealNames } from "./names.ts";

/** Sees what each layer of a call gives and which registers it wants. */
export type Watch = (layer: Layer, output: Tensor, specs: RegisterSpecs) => void;

type Registers = { readonly [parameter: string]: Tensor };

interface Context {
  readonly training: boolean;
  readonly watch?: Watch;
  /** Registers made in this call; layers keep them once all of it went well. */
  readonly made: Map<LayerState, Registers>;
}

/** The layer that made a register or a random key. */
const makers = new WeakMap<Node, { readonly name: string; readonly state: LayerState }>();

/** A user's call: names become fixed, and names that two layers share are found. */
export function callOutermost(layer: Layer, x: Tensor, training: boolean): Tensor {
  sealNames(layer);
  const made = new Map<LayerState, Registers>();
  const y = callLayer(layer, x, { training, made });
  checkDistinct(y);
  for (const [state, registers] of made) state.registers = registers;
  return y;
}

/** Calls a model for its shapes alone: its layers keep no registers. */
export const watchCall = (layer: Layer, x: Tensor, watch: Watch): Tensor =>
  callLayer(layer, x, { training: false, watch, made: new Map() });

function callLayer(layer: Layer, x: Tensor, context: Context): Tensor {
  const state = stateOf(layer);
  const { kind, config, layers, path } = state;
  const build = (): Tensor => {
    const specs = kind.registers?.(config, x.type) ?? {};
    const registers = registersFor(state, specs, x, context);
    const call: LayerCall<unknown> = {
      config,
      layers,
      name: path,
      training: context.training,
      register: (parameter) => {
        const tensor = registers[parameter];
        if (tensor === undefined)
          throw new AdjointError("graph", kind.kind, `lists no register "${parameter}"`);
        return tensor;
      },
      key: () => {
        const key = randomKey(path);
        makers.set(key.node, { name: `random stream "${path}"`, state });
        return key;
      },
      run: (inner, input) => callLayer(inner, input, context),
    };
    const y = kind.build(x, call);
    context.watch?.(layer, y, specs);
    return y;
  };
  // Names of inner layers are full names already.
  return kind.inner === undefined ? withScope(path, build) : build();
}

/** The registers that a layer has, checked against what this input wants; made at its first call. */
function registersFor(state: LayerState, specs: RegisterSpecs, x: Tensor, { made }: Context): Registers {
  const { kind, path } = state;
  const known = state.registers ?? made.get(state);
  if (known !== undefined) {
    for (const [parameter, spec] of Object.entries(specs)) {
      const type = known[parameter]?.type;
      if (type !== undefined && equalTypes(type, spec)) continue;
      throw new AdjointError(
        "shape",
        kind.kind,
        `its ${parameter} is ${type === undefined ? "missing" : typeText(type)} since its first call, and ${x} wants ${typeText(spec)}`,
        "Call it with inputs of one kind, or make another layer.",
      );
    }
    return known;
  }
  const registers = Object.fromEntries(
    Object.entries(specs).map(([parameter, { dtype, shape, initial, trainable = true }]) => {
      const tensor = register(`${path}.${parameter}`, dtype, shape, { initial, trainable });
      makers.set(tensor.node, { name: `register "${path}.${parameter}"`, state });
      return [parameter, tensor];
    }),
  );
  made.set(state, registers);
  return registers;
}

/**
 * Refuses a graph in which two layers have one name: they would share their values unasked.
 * @throws AdjointError naming the register or random stream.
 */
export function checkDistinct(...tensors: readonly Tensor[]): void {
  const seen = new Map<string, Node>();
  for (const node of nodesOf(tensors)) {
    const maker = makers.get(node);
    const name =
      maker?.name ?? (isNode(node, "register") ? `register "${registerOf(node.output).name}"` : undefined);
    if (name === undefined) continue;
    const other = seen.get(name);
    const made = other && makers.get(other);
    if (other !== undefined && (maker ?? made) !== undefined && maker?.state !== made?.state) {
      throw new AdjointError(
        "graph",
        maker?.state.kind.kind ?? "register",
        `two layers of one graph have the ${name}`,
        'Layers are numbered within their model: give one model or layer a name, as in sequential([…], { name: "decoder" }) or dense({ units: 2, name: "output" }).',
      );
    }
    seen.set(name, node);
  }
}
