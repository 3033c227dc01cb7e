import { type Graph, type Tensor, evaluate, input } from "@adjoint/ir";
import {
  type Node,
  type PrimitiveName,
  apply,
  graphNodes,
  mapGraph,
  primitives,
  rebuild,
  rootsOf,
} from "@adjoint/ir/graph";
import { type DType, dtypes, isFloat, toNumbers, valueOf } from "@adjoint/ir/values";
import { describe, expect, test } from "vitest";
import type { Case } from "./case.ts";
import { cases } from "./cases.ts";
import { difference } from "./compare.ts";
import { checkCase, prepare, subjects } from "./check.ts";

/** Every node of a graph, bodies included. */
const everyNode = (graph: Graph): readonly Node[] =>
  graphNodes(graph).flatMap((node) => [node, ...node.graphs.flatMap(everyNode)]);

/** The nodes of one primitive in all its cases; a commit is gone from a program, which keeps its update. */
const nodesOfCases = (name: PrimitiveName): readonly Node[] =>
  cases[name].flatMap((item) => everyNode(item.graph())).filter((node) => node.operation.name === name);

describe("the conformance cases", () => {
  test.each(subjects)("of %s have names of their own", (_, items) => {
    const names = items.map((item) => item.name);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  test.each(subjects)("of %s evaluate, and say when they hold NaN or infinities", (_, items) => {
    const unsaid = items.filter((item) => !(item.traits ?? []).includes("nonFinite") && !isFinite(item));
    expect(unsaid.map((item) => item.name)).toEqual([]);
  });
});

/** Whether all floats that a case is fed, gives and leaves are finite. */
function isFinite(item: Case): boolean {
  const { outputs, state } = prepare(item).expected;
  return [item.feeds, outputs, state]
    .flatMap((values) => Object.values(values))
    .every((value) => !isFloat(value.dtype) || toNumbers(value).every(Number.isFinite));
}

/** The input whose dtype is the operation's; conditions and indices have one of their own. */
const mainInput: { readonly [N in PrimitiveName]?: number } = { where: 1 };
const withoutInputs = ["input", "register", "constant", "iota"] as const;
const mainDType = (node: Node): DType | undefined => {
  const name = node.operation.name;
  if (withoutInputs.some((other) => other === name)) return node.output.dtype;
  // Only names of primitives get here.
  return node.inputs[mainInput[name as PrimitiveName] ?? 0]?.dtype;
};

/** Whether the operation takes the node's operands in another dtype. */
function accepts(node: Node, dtype: DType): boolean {
  const main = mainDType(node);
  const inputs = node.inputs.map((tensor: Tensor, index) =>
    tensor.dtype === main && (mainInput.where !== index + 1 || node.operation.name !== "where")
      ? input(`x${index}`, dtype, tensor.shape)
      : tensor,
  );
  try {
    apply(node.operation, inputs, node.attributes, node.graphs);
    return true;
  } catch {
    return false;
  }
}

describe("the cases cover", () => {
  // The names are the table's own keys.
  const names = Object.keys(primitives) as PrimitiveName[];

  // A commit leaves a program as an update.
  test.each(names.filter((name) => name !== "commit"))("%s", (name) => {
    expect(nodesOfCases(name).length).toBeGreaterThan(0);
  });

  // Scans and branches take what their bodies take, random bits a key.
  const typed = names.filter((name) => !["commit", "scan", "if", "randomBits"].includes(name));
  test.each(typed)("each dtype that %s accepts", (name) => {
    const nodes = nodesOfCases(name);
    const covered = new Set(nodes.map(mainDType));
    const isSource = withoutInputs.some((other) => other === name);
    const accepted = dtypes.filter((dtype) => isSource || nodes.some((node) => accepts(node, dtype)));
    expect(accepted.filter((dtype) => !covered.has(dtype))).toEqual([]);
    expect(accepted.length).toBeGreaterThan(0);
  });
});

/** Runs the reference with one node's result made wrong. */
const spoiled = (item: Case, name: string): Promise<void> =>
  checkCase(item, async (graph, feeds, state) => {
    const wrong = mapGraph(graph, (node, inputs) => {
      const { output } = rebuild(node, inputs);
      return node.operation.name === name && isFloat(output.dtype) ? [output.mul(1.001)] : undefined;
    });
    return evaluate(wrong, feeds, { state });
  });

describe("the comparison", () => {
  const value = (dtype: DType, elements: readonly number[]) => valueOf(dtype, [elements.length], elements);

  test("is exact in dtype, shape, integers and bools", () => {
    expect(difference(value("i32", [1, 2]), value("i32", [1, 2]))).toBeUndefined();
    expect(difference(value("i32", [1, 3]), value("i32", [1, 2]))).toMatch(/\[1\] is 3 and should be 2/);
    expect(difference(value("u32", [1, 2]), value("i32", [1, 2]))).toMatch(/u32\[2\] and should be i32\[2\]/);
    expect(difference(valueOf("i32", [1, 2], [1, 2]), value("i32", [1, 2]))).toMatch(/i32\[1, 2\]/);
    expect(difference(value("bool", [1]), value("bool", [0]))).toMatch(/1 and should be 0/);
    expect(difference(valueOf("i64", [1], [2n ** 60n]), valueOf("i64", [1], [2n ** 60n + 1n]))).toMatch(
      /differ/,
    );
    expect(difference(undefined, value("i32", [1]))).toMatch(/missing/);
  });

  test("takes floats within some units in the last place, NaN for NaN", () => {
    const one = value("f32", [1, NaN, Infinity]);
    expect(difference(value("f32", [1 + 5e-7, NaN, Infinity]), one)).toBeUndefined();
    expect(difference(value("f32", [1 + 3e-6, NaN, Infinity]), one)).toMatch(/\[0\]/);
    expect(difference(value("f32", [1, 0, Infinity]), one)).toMatch(/\[1\] is 0 and should be NaN/);
    expect(difference(value("f32", [1, NaN, -Infinity]), one)).toMatch(/\[2\]/);
    expect(difference(value("f32", [NaN, NaN, Infinity]), one)).toMatch(/\[0\] is NaN/);
    expect(difference(value("f64", [1 + 1e-12]), value("f64", [1]))).toMatch(/differ/);
  });

  test("sees the sign of zero where a case asks, and small elements unless errors are of the mean", () => {
    expect(difference(value("f32", [-0]), value("f32", [0]))).toBeUndefined();
    expect(difference(value("f32", [-0]), value("f32", [0]), { traits: ["signedZero"] })).toMatch(/-0/);
    const [near, exact] = [value("f32", [1000, 1e-4]), value("f32", [1000, 0])];
    expect(difference(near, exact)).toMatch(/\[1\]/);
    expect(difference(near, exact, { tolerance: { ofMean: true } })).toBeUndefined();
  });

  test("finds a wrong exp, a wrong product and a register that was not updated", async () => {
    const [exp] = cases.exp.filter((item) => item.name === "f32");
    const [dot] = cases.dotGeneral.filter((item) => item.name === "f32");
    const [swap] = subjects
      .flatMap(([, items]) => items)
      .filter((item) => item.name === "two registers swap");
    if (exp === undefined || dot === undefined || swap === undefined) throw new Error("a case is gone");
    await expect(spoiled(exp, "exp")).rejects.toThrow(/output "y" f32\[\d+\]: \d+ of \d+ elements differ/);
    await expect(spoiled(dot, "dotGeneral")).rejects.toThrow(/elements differ/);
    const still = checkCase(swap, async (graph, feeds, state) => ({
      ...evaluate(graph, feeds, { state }),
      state,
    }));
    await expect(still).rejects.toThrow(/register "a"/);
    expect(rootsOf(swap.graph())).toHaveLength(2);
  });
});
