import { numbered } from "../closure.ts";
import { equalDims } from "../dim.ts";
import { inlineGraph, rewriter } from "../walk.ts";
import { type Graph, type Tensor, again, isNode } from "../tensor.ts";
import { filled } from "../ops/source.ts";
import { reshape } from "../ops/reshape.ts";
import { type Rule, rule } from "./rewrite.ts";
import { isAll, under, valueIn } from "./facts.ts";

/** The body with some parameters replaced, which then are not parameters any more. */
function bind(body: Graph, replaced: ReadonlyMap<number, Tensor | number>): Graph {
  const parameters = Object.values(body.inputs);
  const values = new Map<Tensor, Tensor>();
  for (const [index, value] of replaced) {
    const parameter = parameters[index];
    const tensor = typeof value === "number" ? parameters[value] : value;
    if (parameter !== undefined && tensor !== undefined) values.set(parameter, tensor);
  }
  const rewrite = rewriter((node) => {
    const value = isNode(node, "input") ? values.get(node.output) : undefined;
    return value && [value];
  });
  return {
    inputs: numbered(parameters.filter((_, index) => !replaced.has(index))),
    outputs: numbered(Object.values(body.outputs).map(rewrite)),
    updates: [],
  };
}

/** A constant, a scalar one repeated, or an iota: it may be written down in a body. */
const isWritable = (tensor: Tensor): boolean =>
  valueIn(tensor) !== undefined ||
  valueIn(under(tensor, "broadcast") ?? tensor) !== undefined ||
  isNode(tensor.node, "iota");

/** The operands from `first` on that are constants, or given earlier in a place `from` on, by place. */
function redundant(
  operands: readonly Tensor[],
  groups: readonly { readonly first: number; readonly end: number; readonly constants: boolean }[],
): ReadonlyMap<number, Tensor | number> {
  const replaced = new Map<number, Tensor | number>();
  for (const { first, end, constants } of groups) {
    for (let index = first; index < end; index++) {
      const tensor = operands[index];
      if (tensor === undefined) continue;
      const twin = operands.indexOf(tensor, first);
      if (constants && isWritable(tensor)) replaced.set(index, tensor);
      else if (twin < index) replaced.set(index, twin);
    }
  }
  return replaced;
}

/** Loops and branches whose course is known, and their operands; exact to the bit. */
export const controlRules: readonly Rule[] = [
  rule("if with a known condition → its branch", "if", ({ node }, condition, ...used) => {
    const known = isAll(condition, 1) ? 0 : isAll(condition, 0) ? 1 : undefined;
    const body = known === undefined ? undefined : node.graphs[known];
    return body && inlineGraph(body, used);
  }),
  rule("if on constants, or on one tensor twice", "if", ({ node }, condition, ...used) => {
    const replaced = redundant(used, [{ first: 0, end: used.length, constants: true }]);
    if (replaced.size === 0) return undefined;
    const kept = used.filter((_, index) => !replaced.has(index));
    const graphs = node.graphs.map((body) => bind(body, replaced));
    return again(node, [condition, ...kept], {}, graphs).outputs;
  }),

  rule("scan of no step → its first carry", "scan", ({ node, attributes }, ...inputs) => {
    if (!equalDims(attributes.length, 0)) return undefined;
    const { carries } = attributes;
    return [
      ...inputs.slice(0, carries),
      ...node.outputs.slice(carries).map(({ dtype, shape }) => filled(0, dtype, shape)),
    ];
  }),
  rule("scan of one step → its body", "scan", ({ node, attributes }, ...inputs) => {
    const [body] = node.graphs;
    const { carries, sequences, length } = attributes;
    if (body === undefined || !equalDims(length, 1)) return undefined;
    const isSequence = (index: number): boolean => index >= carries && index < carries + sequences;
    const results = inlineGraph(
      body,
      inputs.map((tensor, index) => (isSequence(index) ? reshape(tensor, tensor.shape.slice(1)) : tensor)),
    );
    return results.map((result, index) => reshape(result, node.outputs[index]?.shape ?? result.shape));
  }),
  rule("scan over a carry that stays → invariant", "scan", ({ node, attributes }, ...inputs) => {
    const [body] = node.graphs;
    if (body === undefined) return undefined;
    const [parameters, results] = [Object.values(body.inputs), Object.values(body.outputs)];
    const stays = (index: number): boolean =>
      index < attributes.carries && results[index] === parameters[index];
    const order = [...inputs.keys()];
    const kept = order.filter((index) => !stays(index));
    const staying = order.filter(stays);
    if (staying.length === 0) return undefined;
    const at = <T>(list: readonly T[]): readonly T[] =>
      [...kept, ...staying].flatMap((index) => list.slice(index, index + 1));
    const graph: Graph = {
      inputs: numbered(at(parameters)),
      outputs: numbered(results.filter((_, index) => !stays(index))),
      updates: [],
    };
    const shorter = { ...attributes, carries: attributes.carries - staying.length };
    const outputs = [...again(node, at(inputs), shorter, [graph]).outputs];
    return results.flatMap((_, index) => (stays(index) ? inputs[index] : outputs.shift()) ?? []);
  }),
  rule("scan over constants, or over one tensor twice", "scan", ({ node, attributes }, ...inputs) => {
    const [body] = node.graphs;
    const { carries, sequences } = attributes;
    const invariants = carries + sequences;
    const replaced = redundant(inputs, [
      { first: carries, end: invariants, constants: false },
      { first: invariants, end: inputs.length, constants: true },
    ]);
    if (body === undefined || replaced.size === 0) return undefined;
    const kept = inputs.filter((_, index) => !replaced.has(index));
    const merged = [...replaced.keys()].filter((index) => index < invariants).length;
    return again(node, kept, { ...attributes, sequences: sequences - merged }, [bind(body, replaced)])
      .outputs;
  }),
];
