import type { Graph, Tensor } from "@adjoint/ir";
import type { AttributesOf, Node } from "@adjoint/ir/graph";
import type { Value } from "../draft.ts";
import { given } from "../operands.ts";
import type { ExportRow, ExportRows } from "../row.ts";
import type { Writer } from "../writer.ts";

type Scan = Node<AttributesOf<"scan">>;

const bodyOf = (node: Node, index: number): Graph => {
  const body = node.graphs[index];
  if (body === undefined) throw new RangeError(`${node.operation.name} has no body ${index}`);
  return body;
};

/** A body reads values that never change from the graph around it. */
function declare(writer: Writer, body: Graph, declared: readonly (string | Value)[]): readonly Value[] {
  return Object.values(body.inputs).map((parameter: Tensor, index) => {
    const value = declared[index];
    return typeof value === "object"
      ? value
      : writer.input(value ?? `input_${index}`, parameter.dtype, parameter.shape);
  });
}

function finish(writer: Writer, values: readonly Value[], like: readonly Tensor[]): void {
  values.forEach((value, index) => writer.home.outputs.push({ value, shape: like[index]?.shape ?? [] }));
}

const results = (node: Node): { readonly results: Node["outputs"][number]["dtype"][] } => ({
  results: node.outputs.map((output) => output.dtype),
});

/** Scan slices sequences itself; without any, Loop counts. */
const scan: ExportRow<"scan"> = (node, writer) =>
  node.attributes.sequences > 0 ? overSequences(node, writer) : counted(node, writer);

function namesOf(
  { carries, sequences }: Scan["attributes"],
  invariants: readonly Value[],
): (string | Value)[] {
  return [
    ...Array.from({ length: carries }, (_, index) => `carry_${index}`),
    ...Array.from({ length: sequences }, (_, index) => `slice_${index}`),
    ...invariants,
  ];
}

function overSequences(node: Scan, writer: Writer): readonly Value[] {
  const { carries, sequences, reverse } = node.attributes;
  const operands = writer.inputs(node);
  const body = bodyOf(node, 0);
  const inner = writer.body();
  const parameters = declare(inner, body, namesOf(node.attributes, operands.slice(carries + sequences)));
  finish(inner, inner.outputsOf(body, parameters), Object.values(body.outputs));
  const direction = (count: number): number[] => Array.from({ length: count }, () => 1);
  return writer.write("Scan", operands.slice(0, carries + sequences), {
    attributes: {
      num_scan_inputs: sequences,
      body: inner.home,
      ...(reverse && {
        scan_input_directions: direction(sequences),
        scan_output_directions: direction(node.outputs.length - carries),
      }),
    },
    ...results(node),
  });
}

function counted(node: Scan, writer: Writer): readonly Value[] {
  const { carries, length, reverse } = node.attributes;
  const operands = writer.inputs(node);
  const body = bodyOf(node, 0);
  const inner = writer.body();
  inner.input("step", "i64", []);
  const goesOn = inner.input("goes_on", "bool", []);
  const parameters = declare(inner, body, namesOf(node.attributes, operands.slice(carries)));
  inner.home.outputs.push({ value: inner.copy(goesOn), shape: [] });
  finish(inner, inner.outputsOf(body, parameters), Object.values(body.outputs));
  const outputs = writer.write("Loop", [writer.size(length), undefined, ...operands.slice(0, carries)], {
    attributes: { body: inner.home },
    ...results(node),
  });
  if (!reverse) return outputs;
  return outputs.map((output, index) => (index < carries ? output : backwards(writer, output)));
}

const backwards = (writer: Writer, value: Value): Value =>
  writer.one("Slice", [value, ...[[-1], [-(2 ** 31)], [0], [-1]].map((list) => writer.ints(list))]);

const branch: ExportRow<"if"> = (node, writer) => {
  const [condition, ...operands] = writer.inputs(node);
  const [yes, no] = [0, 1].map((index) => {
    const body = bodyOf(node, index);
    const inner = writer.body();
    finish(inner, inner.outputsOf(body, operands), Object.values(body.outputs));
    return inner.home;
  });
  if (yes === undefined || no === undefined) return [];
  return writer.write("If", [condition], {
    attributes: { then_branch: yes, else_branch: no },
    ...results(node),
  });
};

/** Loops and branches. */
export const controlRows: ExportRows<"scan" | "if" | "commit"> = {
  scan,
  if: branch,
  commit: ({ inputs: [x] }, writer) => writer.value(given(x)),
};
