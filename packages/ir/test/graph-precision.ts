import { isFloat } from "@adjoint/ir";
import { type Node, type PrimitiveName, isNode, nodesOf } from "@adjoint/ir/graph";
import { floatBehaviours } from "./primitives/transcendental.ts";

/**
 * How an operation on floats treats the last bits of its operands. Graphs that mean the same may differ in them, so a
 * `jumps` operation must not get operands that were rounded. On small halves, operations that are not `rounds` or
 * `steep` are exact.
 */
type Behaviour = "exact" | "rounds" | "jumps" | "steep";

/** Rounds and is steep or jumps somewhere: wants exact operands, gives rounded results. */
const steep = "steep";

const behaviours: { readonly [N in PrimitiveName]: Behaviour } = {
  ...floatBehaviours,
  input: "exact",
  register: "exact",
  constant: "exact",
  iota: "exact",
  randomBits: "exact",
  abs: "exact",
  neg: "exact",
  sign: "jumps",
  floor: "jumps",
  ceil: "jumps",
  round: "jumps",
  isNaN: "jumps",
  isInf: "jumps",
  not: "exact",
  bitwiseNot: "exact",
  cast: "exact",
  bitcast: "jumps",
  stopGradient: "exact",
  add: "exact",
  sub: "exact",
  mul: "exact",
  div: steep,
  mod: "jumps",
  fmod: "jumps",
  pow: steep,
  atan2: steep,
  max: "exact",
  min: "exact",
  equal: "jumps",
  less: "jumps",
  lessOrEqual: "jumps",
  and: "exact",
  or: "exact",
  xor: "exact",
  bitwiseAnd: "exact",
  bitwiseOr: "exact",
  bitwiseXor: "exact",
  shiftLeft: "exact",
  shiftRight: "exact",
  where: "exact",
  reduceSum: "exact",
  reduceProd: "exact",
  reduceMax: "exact",
  reduceMin: "exact",
  argMax: "jumps",
  argMin: "jumps",
  cumSum: "exact",
  cumProd: "exact",
  reshape: "exact",
  transpose: "exact",
  broadcast: "exact",
  slice: "exact",
  pad: "exact",
  concat: "exact",
  flip: "exact",
  window: "exact",
  windowSum: "exact",
  dotGeneral: "exact",
  conv: "exact",
  convTranspose: "exact",
  convWeight: "exact",
  gather: "exact",
  scatter: "exact",
  sort: "jumps",
  topK: "jumps",
  scan: "exact",
  if: "exact",
  commit: "exact",
};

/** `unsafe`: a jump hangs on a rounded value. */
export type Precision = "exact" | "rounded" | "unsafe";

const known = new WeakMap<Node, Precision>();

/** Whether equivalent graphs may differ in a node's last bits, or in more than these. */
export function precisionOf(node: Node): Precision {
  for (const each of nodesOf(node.outputs)) if (!known.has(each)) known.set(each, precisionFrom(each));
  return known.get(node) ?? "unsafe";
}

function precisionFrom(node: Node): Precision {
  const operands = node.inputs.map((input) => known.get(input.node) ?? "unsafe");
  if (operands.includes("unsafe")) return "unsafe";
  const isRounded = operands.includes("rounded");
  if (node.graphs.length > 0) return precisionOfBodies(node, isRounded);
  const behaviour = behaviourOf(node);
  if (isRounded) return behaviour === "exact" || behaviour === "rounds" ? "rounded" : "unsafe";
  return behaviour === "rounds" || behaviour === "steep" ? "rounded" : "exact";
}

function behaviourOf(node: Node): Behaviour {
  const { operation, inputs, output } = node;
  if (operation.kind === "composite") return "exact";
  if (inputs.length > 0 && inputs.every((input) => !isFloat(input.dtype))) return "exact";
  if (isNode(node, "cast") && !isFloat(output.dtype)) return "jumps";
  return behaviours[operation.name];
}

function precisionOfBodies(node: Node, isRounded: boolean): Precision {
  const inner = node.graphs.flatMap((graph) => nodesOf(Object.values(graph.outputs)));
  const jumps = inner.some(
    (each) => each.graphs.length > 0 || ["jumps", "steep"].includes(behaviourOf(each)),
  );
  if (isRounded) return jumps ? "unsafe" : "rounded";
  const results = node.graphs.flatMap((graph) =>
    Object.values(graph.outputs).map((tensor) => precisionOf(tensor.node)),
  );
  if (results.includes("unsafe")) return "unsafe";
  if (!results.includes("rounded")) return "exact";
  // What a step rounds, the next one reads.
  return isNode(node, "scan") && node.attributes.carries > 0 && jumps ? "unsafe" : "rounded";
}
