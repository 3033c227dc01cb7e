import type { Graph, State } from "@adjoint/ir";
import {
  type Node,
  type Pass,
  cse,
  deadCode,
  freeSources,
  inlineWith,
  isNode,
  registerOf,
  registersOf,
  rewrite,
  rootsOf,
  rule,
  runPasses,
} from "@adjoint/ir/graph";
import { AdjointError, type TensorValue, equalShapes, own, typeText } from "@adjoint/ir/values";
import { compositeRows } from "./export/composites/table.ts";
import type { Value } from "./export/draft.ts";
import { encodeModel } from "./export/encode.ts";
import { stretchedIota } from "./export/primitives/sources.ts";
import { writePrimitive } from "./export/table.ts";
import type { Twin } from "./export/twin.ts";
import { Writer } from "./export/writer.ts";
import { REGISTERS_KEY, type RegisterPair } from "./training-loop.ts";

/** Options of exporting a program. */
export interface ExportOptions {
  /** Version of ONNX's operator set, 13 to 26; 17 by default, which today's runtimes all read. */
  readonly opset?: number;
  /** The graph's name in the file. */
  readonly name?: string;
  /** Further entries of the model's metadata. */
  readonly metadata?: { readonly [key: string]: string };
}

const OLDEST_OPSET = 13;
const NEWEST_OPSET = 26;

/**
 * An ONNX model of a program: inference where it has no updates, else a whole training step.
 *
 * Inputs and outputs keep their names, symbolic sizes become `dim_param`, nodes are named after their layers, and registers
 * that nothing updates become initializers from `state`. A register that the program updates is an input and an output
 * `<name>_next` (an output that has the name of an input is called `<name>_output`); the metadata entry `adjoint.registers` holds the pairs as JSON (`onnxTrainingLoop` feeds them back). One
 * graph and state give the same bytes.
 *
 * Operators are written in types that ONNX Runtime's CPU provider has kernels for. Where ONNX leaves a choice: an index
 * outside its axis is the runtime's error, or counts from the end if it is negative.
 * @throws AdjointError for a register without a value, a size that no input gives, and what the operator set can't say.
 */
export function toOnnx(program: Graph, state: State, options: ExportOptions = {}): Uint8Array {
  const { opset = 17, name = "graph", metadata = {} } = options;
  if (!Number.isInteger(opset) || opset < OLDEST_OPSET || opset > NEWEST_OPSET) {
    throw new AdjointError(
      "graph",
      "toOnnx",
      `operator set ${opset} can't be written`,
      `Give { opset } of ${OLDEST_OPSET} to ${NEWEST_OPSET}.`,
    );
  }
  const graph = prepared(program, opset);
  const writer = Writer.begin(opset, (node, inner) => writeNode(node, inner));
  declareInputs(graph, writer);
  const pairs = declareRegisters(graph, writer, state);
  declareOutputs(graph, writer, pairs);
  return encodeModel(writer.home, {
    opset,
    name,
    metadata: { ...metadata, ...(pairs.length > 0 && { [REGISTERS_KEY]: JSON.stringify(pairs) }) },
  });
}

const twinOf = (node: Node, opset: number): Twin | undefined => {
  const row = Object.hasOwn(compositeRows, node.operation.name)
    ? own(compositeRows, node.operation.name)
    : undefined;
  return row !== undefined && row.fits(node, opset) ? row : undefined;
};

/** Before nodes are written: elementwise operators can then read what is not stretched. */
const stretch: Pass = rewrite("stretch", [
  rule("iota of many axes → broadcast of one", "iota", ({ attributes }) =>
    attributes.shape.length > 1 ? stretchedIota(attributes) : undefined,
  ),
]);

/** The graph with those composites alone that are one operator, each thing computed once. */
function prepared(program: Graph, opset: number): Graph {
  const inline = inlineWith({ keep: (_, node) => twinOf(node, opset) !== undefined });
  return runPasses(program, [inline, stretch, cse, deadCode]);
}

function writeNode(node: Node, writer: Writer): readonly Value[] {
  if (node.operation.kind !== "composite") return writePrimitive(node, writer);
  const written = twinOf(node, writer.opset)?.write(node, writer);
  if (written === undefined)
    throw new AdjointError("graph", "toOnnx", `composite "${node.operation.name}" has no operator`);
  return "kind" in written ? [written] : written;
}

function declareInputs(graph: Graph, writer: Writer): void {
  for (const [name, tensor] of Object.entries(graph.inputs))
    writer.bind(tensor, writer.input(name, tensor.dtype, tensor.shape));
}

/** Registers that are updated become inputs, all others initializers. */
function declareRegisters(graph: Graph, writer: Writer, state: State): readonly RegisterPair[] {
  const updated = new Map(graph.updates.map(({ register }) => [registerOf(register).name, register]));
  const taken = new Set([
    ...Object.keys(graph.inputs),
    ...Object.keys(graph.outputs),
    ...registersOf(graph).keys(),
  ]);
  const values = new Map<string, Value>();
  const pairs: RegisterPair[] = [];
  for (const [name, { dtype, shape }] of registersOf(graph)) {
    if (!updated.has(name)) continue;
    if (Object.hasOwn(graph.inputs, name))
      throw new AdjointError(
        "graph",
        "toOnnx",
        `a register and an input are both named "${name}"`,
        "Rename one of them.",
      );
    values.set(name, writer.input(name, dtype, shape));
    pairs.push({ input: name, output: freeName(`${name}_next`, taken) });
  }
  const read = freeSources([...rootsOf(graph), ...graph.updates.map(({ register }) => register)], []);
  for (const tensor of read) {
    if (!isNode(tensor.node, "register")) continue;
    const { name } = tensor.node.attributes;
    writer.bind(tensor, values.get(name) ?? writer.named(name, valueOf(tensor.node.attributes, state)));
  }
  return pairs;
}

function freeName(wanted: string, taken: Set<string>): string {
  let name = wanted;
  while (taken.has(name)) name += "_";
  taken.add(name);
  return name;
}

function valueOf(register: ReturnType<typeof registerOf>, state: State): TensorValue {
  const value = own(state, register.name);
  if (value !== undefined && value.dtype === register.dtype && equalShapes(value.shape, register.shape))
    return value;
  throw new AdjointError(
    "state",
    "toOnnx",
    value === undefined
      ? `register "${register.name}" has no value in the state`
      : `register "${register.name}" is ${typeText(register)} and its value is ${typeText(value)}`,
    "Give the state of a session: await session.state().",
  );
}

/** Outputs, then the registers' next values; one that is not a node's own result gets a node that repeats it. */
function declareOutputs(graph: Graph, writer: Writer, pairs: readonly RegisterPair[]): void {
  const nexts = new Map(graph.updates.map(({ register, next }) => [registerOf(register).name, next]));
  const results = [
    ...Object.entries(graph.outputs),
    ...pairs.flatMap(({ input, output }) => {
      const next = nexts.get(input);
      return next === undefined ? [] : [[output, next] as const];
    }),
  ];
  const used = new Set<Value>();
  const fed = new Set(writer.home.inputs.map(({ name }) => name));
  for (const [wanted, tensor] of results) {
    const name = fed.has(wanted) ? `${wanted}_output` : wanted;
    const value = writer.value(tensor);
    const isOwn = value.kind === "output" && !used.has(value);
    used.add(value);
    writer.home.outputs.push({
      name,
      value: isOwn ? value : writer.within(name, () => writer.copy(value)),
      shape: tensor.shape,
    });
  }
}
