import { readdirSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as ir from "@adjoint/ir";
import { safeParse } from "@adjoint/ir/schema";
import { type Tensor, evaluate, input } from "@adjoint/ir";
import { type Composite, type Operation, composites, inlineGraph, nodesOf } from "@adjoint/ir/graph";
import { AdjointError, bindDim, dim, toNumbers, typeText } from "@adjoint/ir/values";
import { type Case, run, titleOf, valuesOf } from "./composite-case.ts";
import { cases } from "./composite-cases.ts";
import { checkGradient, checkJvp, checkSecondDerivative } from "./finite-differences.ts";

const listed = (result: Tensor | readonly Tensor[]): readonly Tensor[] =>
  "node" in result ? [result] : result;
const buildOf =
  (example: Case, batch: ir.Dim) =>
  (...inputs: Tensor[]): Tensor | readonly Tensor[] =>
    example.build(inputs, batch);

/** Every operation in a graph, those in the bodies of composites included. */
function operationsIn(tensors: readonly Tensor[]): Operation[] {
  return nodesOf(tensors).flatMap((node) => [
    node.operation,
    ...node.graphs.flatMap((graph) => operationsIn(Object.values(graph.outputs))),
  ]);
}
const isComposite = (operation: Operation): operation is Composite => operation.kind === "composite";

const outputsOf = (example: Case): readonly Tensor[] => {
  const inputs = valuesOf(example, 2, 1).map((value, index) => input(`x${index}`, value.dtype, value.shape));
  return listed(example.build(inputs, 2));
};

describe("the table of composites", () => {
  test("holds every composite that the cases reach, and the cases reach all of it", () => {
    const reached = new Set(cases.flatMap((example) => operationsIn(outputsOf(example)).filter(isComposite)));
    for (const operation of reached) expect(composites.get(operation.name)).toBe(operation);
    expect([...composites.values()].filter((operation) => !reached.has(operation))).toEqual([]);
  });

  test("the cases show every builder, and no file keeps a composite to itself", async () => {
    const folder = new URL("../src/composites/", import.meta.url);
    const builders: object = await import(new URL("index.ts", folder).href);
    expect(ir).toMatchObject(builders);
    // It makes no composite.
    const names = Object.keys(builders).filter((name) => name !== "randomKey");
    expect(cases.map(({ name }) => name)).toEqual(expect.arrayContaining(names));

    const offered = new Set<unknown>(Object.values(builders));
    const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
    const modules: readonly object[] = await Promise.all(
      files.filter((file) => file.endsWith(".ts")).map((file) => import(new URL(file, folder).href)),
    );
    const kept = modules
      .flatMap((module): unknown[] => Object.values(module))
      .filter((value) => typeof value === "function" && "operation" in value && !offered.has(value));
    expect(kept).toEqual([]);
  });

  test("has a schema for the attributes of every node", () => {
    for (const example of cases) {
      for (const node of nodesOf(outputsOf(example))) {
        const { attributes, name } = node.operation;
        expect([name, safeParse<unknown>(attributes, node.attributes)]).toEqual([
          name,
          { success: true, data: node.attributes },
        ]);
      }
    }
  });

  test("names each composite as its map does, once", () => {
    for (const [name, operation] of composites) expect(operation.name).toBe(name);
  });
});

const floats = cases.filter((example) => example.operands.some((operand) => operand.dtype === "f64"));
const seeds = { seed: fc.integer({ min: 1, max: 1_000_000 }), batch: fc.integer({ min: 1, max: 3 }) };
const settings = { numRuns: 2 };

describe.each(floats.map((example) => [titleOf(example), example] as const))("%s", (_, example) => {
  test("has the gradient of central differences", () => {
    fc.assert(
      fc.property(seeds.batch, seeds.seed, (batch, seed) =>
        checkGradient(buildOf(example, batch), valuesOf(example, batch, seed)),
      ),
      settings,
    );
  });

  test("has a gradient that can be differentiated again", () => {
    checkSecondDerivative(buildOf(example, 2), valuesOf(example, 2, 3));
  });

  test("pushes tangents as it pulls cotangents", () => {
    fc.assert(
      fc.property(seeds.seed, (seed) => checkJvp(buildOf(example, 2), valuesOf(example, 2, seed))),
      settings,
    );
  });
});

/** Dtypes that an operand may not have. */
function wrongTypes({ name, integers, operands }: Case): readonly (readonly [ir.DType, number])[] {
  const copies = ["trilu", "triu", "tril", "depthToSpace", "spaceToDepth"].includes(name);
  const several = operands.filter((operand) => operand.dtype === "f64").length > 1;
  return operands.flatMap(({ dtype }, index): (readonly [ir.DType, number])[] => {
    if (copies) return [];
    if (dtype !== "f64") return [["f32", index]];
    const alone = integers && !several ? [] : (["i32"] as const);
    // A mask may be bool.
    const bool = name === "attention" && index === 3 ? [] : (["bool"] as const);
    return [...alone, ...bool, ...(several ? (["f32"] as const) : [])].map((wrong) => [wrong, index]);
  });
}

function refusalOf(build: () => unknown): AdjointError {
  try {
    build();
  } catch (error) {
    if (error instanceof AdjointError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

describe.each(cases.map((example) => [titleOf(example), example] as const))("%s", (_, example) => {
  test("infers its shape with a symbolic batch and computes the same", () => {
    const batch = dim("batch");
    const values = valuesOf(example, 2, 5);
    const inputs = example.operands.map(({ dtype, shape }, index) =>
      input(
        `x${index}`,
        dtype,
        shape.map((size) => (size === "batch" ? batch : size)),
      ),
    );
    const outputs = listed(example.build(inputs, batch));
    const known = run(buildOf(example, 2), values);
    outputs.forEach((output, index) => {
      const bound = output.shape.map((size) => Number(bindDim(size, { batch: 2 })));
      expect(typeText({ dtype: output.dtype, shape: bound })).toBe(known[index] && typeText(known[index]));
    });
    const graph = {
      inputs: Object.fromEntries(inputs.map((tensor, index) => [`${index}`, tensor])),
      outputs: Object.fromEntries(outputs.map((tensor, index) => [`${index}`, tensor])),
      updates: [],
    };
    const feeds = Object.fromEntries(values.map((value, index) => [`${index}`, value]));
    const symbolic = Object.values(evaluate(graph, feeds, { bindings: { batch: 2 } }).outputs);
    expect(symbolic).toEqual(known);
  });

  test("reads back from the text that it prints", () => {
    const inputs = valuesOf(example, 2, 1).map((value, index) =>
      input(`x${index}`, value.dtype, value.shape),
    );
    const named = (tensors: readonly Tensor[], prefix: string): { readonly [name: string]: Tensor } =>
      Object.fromEntries(tensors.map((tensor, index) => [`${prefix}${index}`, tensor]));
    const outputs = listed(example.build(inputs, dim("batch")));
    const text = ir.print({ inputs: named(inputs, "x"), outputs: named(outputs, "y"), updates: [] });
    expect(text).toContain(outputs[0]?.node.operation.name);
    expect(ir.print(ir.parse(text, { composites }))).toBe(text);
  });

  test.each(wrongTypes(example))("refuses %s for operand %i by name", (dtype, wrong) => {
    const inputs = valuesOf(example, 2, 1).map((value, index) =>
      input(`x${index}`, index === wrong ? dtype : value.dtype, value.shape),
    );
    const [operation] = outputsOf(example).map((output) => output.node.operation.name);
    const refusal = refusalOf(() => example.build(inputs, 2));
    expect(refusal.code).toBe("dtype");
    expect(refusal.message).toContain(`${operation}:`);
    expect(refusal.message).toContain(`"x${wrong}"`);
  });
});

test("values are bit-equal whether a composite is a node or inlined", () => {
  for (const example of floats) {
    const values = valuesOf(example, 2, 9);
    const inlined = run((...inputs) => {
      const [first] = listed(example.build(inputs, 2));
      const body = first?.node.graphs[0];
      return body && first ? inlineGraph(body, first.node.inputs) : [];
    }, values);
    const whole = run(buildOf(example, 2), values);
    expect(inlined.map(toNumbers)).toEqual(whole.map(toNumbers));
  }
});
