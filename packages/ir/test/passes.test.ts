import { describe, expect, test } from "vitest";
import {
  type Graph,
  type Tensor,
  composite,
  constant,
  dim,
  filled,
  gradients,
  input,
  iota,
  print,
  program,
  register,
  scan,
} from "@adjoint/ir";
import { type Pass, canonicalize, fold, graphNodes, inline, inlineWith, simplify } from "@adjoint/ir/graph";
import { foldWith } from "../src/passes/fold.ts";

const batch = dim("batch");
const x = input("x", "f32", [batch, 3]);
const y = input("y", "f32", [batch, 3]);
const graphOf = (outputs: { readonly [name: string]: Tensor }): Graph =>
  program({ inputs: { x, y }, outputs });
const lengthOf = (graph: Graph): number => graphNodes(graph).length;
/** The graph before and after, in the two texts of a snapshot. */
const both = (pass: Pass, graph: Graph): string => `${print(graph)}\n→ ${print(pass.run(graph))}`;
const softplus = composite("softplus", (a) => a.max(0).add(a.abs().neg().exp().log1p()));
const twice = composite("twice", (a) => softplus(a).mul(2));

describe("inline", () => {
  test("puts bodies in the place of composites, inner ones too", () => {
    expect(both(inline, graphOf({ out: twice(x) }))).toMatchInlineSnapshot(`
      "graph(%x: f32[batch, 3], %y: f32[batch, 3]) {
        %0 = twice(%x) : f32[batch, 3]
        return out: %0
      }
      → graph(%x: f32[batch, 3], %y: f32[batch, 3]) {
        %0 = constant {value: f32[](0)} : f32[]
        %1 = broadcast(%0) : f32[batch, 3]
        %2 = max(%x, %1) : f32[batch, 3]
        %3 = abs(%x) : f32[batch, 3]
        %4 = neg(%3) : f32[batch, 3]
        %5 = exp(%4) : f32[batch, 3]
        %6 = log1p(%5) : f32[batch, 3]
        %7 = add(%2, %6) : f32[batch, 3]
        %8 = constant {value: f32[](2)} : f32[]
        %9 = broadcast(%8) : f32[batch, 3]
        %10 = mul(%7, %9) : f32[batch, 3]
        return out: %10
      }"
    `);
  });

  test("goes into loops, and keeps the layers of inner nodes", () => {
    const { carry } = scan({ carry: [x], length: 2 }, ([a = x]) => ({ carry: [twice(a)] }));
    const after = inline.run(graphOf({ out: carry[0] ?? x }));
    const body = after.outputs["out"]?.node.graphs[0];
    expect(body && graphNodes(body).map((node) => node.operation.kind)).not.toContain("composite");
  });

  test("keeps what a backend claims", () => {
    const graph = graphOf({ out: twice(x) });
    const kept = inlineWith({ keep: ({ name }) => name === "softplus" }).run(graph);
    expect(print(kept)).toMatchInlineSnapshot(`
      "graph(%x: f32[batch, 3], %y: f32[batch, 3]) {
        %0 = softplus(%x) : f32[batch, 3]
        %1 = constant {value: f32[](2)} : f32[]
        %2 = broadcast(%1) : f32[batch, 3]
        %3 = mul(%0, %2) : f32[batch, 3]
        return out: %3
      }"
    `);
    expect(inlineWith({ keep: () => true }).run(graph)).toBe(graph);
  });
});

describe("fold", () => {
  test("computes what is known, and keeps long constants short", () => {
    const known = constant([1, 2, 3])
      .mul(2)
      .add(iota("f32", [3]));
    const long = filled(2, "f32", [1000, 1000])
      .exp()
      .reduceSum({ axes: [0] });
    const graph = graphOf({ out: x.add(known), long });
    expect(both(fold, graph)).toMatchInlineSnapshot(`
      "graph(%x: f32[batch, 3], %y: f32[batch, 3]) {
        %0 = constant {value: f32[3](1, 2, 3)} : f32[3]
        %1 = constant {value: f32[](2)} : f32[]
        %2 = broadcast(%1) : f32[3]
        %3 = mul(%0, %2) : f32[3]
        %4 = iota {axis: 0} : f32[3]
        %5 = add(%3, %4) : f32[3]
        %6 = broadcast(%5) : f32[batch, 3]
        %7 = add(%x, %6) : f32[batch, 3]
        %8 = constant {value: f32[](2)} : f32[]
        %9 = broadcast(%8) : f32[1000, 1000]
        %10 = exp(%9) : f32[1000, 1000]
        %11 = reduceSum(%10) {axes: [0]} : f32[1000]
        return out: %7, long: %11
      }
      → graph(%x: f32[batch, 3], %y: f32[batch, 3]) {
        %0 = constant {value: f32[3](2, 5, 8)} : f32[3]
        %1 = broadcast(%0) : f32[batch, 3]
        %2 = add(%x, %1) : f32[batch, 3]
        %3 = constant {value: f32[](7.389056)} : f32[]
        %4 = broadcast(%3) : f32[1000, 1000]
        %5 = reduceSum(%4) {axes: [0]} : f32[1000]
        return out: %2, long: %5
      }"
    `);
  });

  test("has limits of elements and of work", () => {
    const sum = graphOf({
      out: constant([1, 2, 3])
        .unsqueeze(1)
        .add(constant([4, 5, 6])),
    });
    expect(lengthOf(foldWith({ maxElements: 8 }).run(sum))).toBeGreaterThan(lengthOf(fold.run(sum)));
    const product = graphOf({ out: constant([[1, 2]]).matMul(constant([[3], [4]])) });
    expect(lengthOf(foldWith({ maxWork: 6 }).run(product))).toBeGreaterThan(lengthOf(fold.run(product)));
  });
});

describe("simplify", () => {
  test("removes what is neutral, opposite or decided", () => {
    const out = x.neg().neg().mul(1).add(y.neg()).sub(0).pow(2).stopGradient();
    expect(both(simplify, graphOf({ out }))).toMatchInlineSnapshot(`
      "graph(%x: f32[batch, 3], %y: f32[batch, 3]) {
        %0 = neg(%x) : f32[batch, 3]
        %1 = neg(%0) : f32[batch, 3]
        %2 = constant {value: f32[](1)} : f32[]
        %3 = broadcast(%2) : f32[batch, 3]
        %4 = mul(%1, %3) : f32[batch, 3]
        %5 = neg(%y) : f32[batch, 3]
        %6 = add(%4, %5) : f32[batch, 3]
        %7 = constant {value: f32[](0)} : f32[]
        %8 = broadcast(%7) : f32[batch, 3]
        %9 = sub(%6, %8) : f32[batch, 3]
        %10 = constant {value: f32[](2)} : f32[]
        %11 = broadcast(%10) : f32[batch, 3]
        %12 = pow(%9, %11) : f32[batch, 3]
        %13 = stopGradient(%12) : f32[batch, 3]
        return out: %13
      }
      → graph(%x: f32[batch, 3], %y: f32[batch, 3]) {
        %0 = sub(%x, %y) : f32[batch, 3]
        %1 = mul(%0, %0) : f32[batch, 3]
        return out: %1
      }"
    `);
  });

  test("sums of what is repeated become products", () => {
    const total = register("rate", "f32", []).broadcast([4, 3]).reduceSum();
    expect(both(simplify, graphOf({ total }))).toMatchInlineSnapshot(`
      "graph(%x: f32[batch, 3], %y: f32[batch, 3]) {
        %rate = register {initial: {kind: "constant", value: 0}, name: "rate", trainable: true} : f32[]
        %0 = broadcast(%rate) : f32[4, 3]
        %1 = reduceSum(%0) {axes: [0, 1]} : f32[]
        return total: %1
      }
      → graph(%x: f32[batch, 3], %y: f32[batch, 3]) {
        %rate = register {initial: {kind: "constant", value: 0}, name: "rate", trainable: true} : f32[]
        %0 = constant {value: f32[](12)} : f32[]
        %1 = mul(%rate, %0) : f32[]
        %2 = constant {value: f32[](0)} : f32[]
        %3 = add(%1, %2) : f32[]
        return total: %3
      }"
    `);
  });
});

describe("canonicalize", () => {
  test("views become one form", () => {
    const out = x.unsqueeze(0).transpose([1, 0, 2]).reshape([batch, 3]).transpose().transpose();
    const repeated = register("bias", "f32", []).reshape([1, 1]).broadcast([2, 3]).transpose();
    expect(both(canonicalize, graphOf({ out, repeated }))).toMatchInlineSnapshot(`
      "graph(%x: f32[batch, 3], %y: f32[batch, 3]) {
        %0 = reshape(%x) : f32[1, batch, 3]
        %1 = transpose(%0) {permutation: [1, 0, 2]} : f32[batch, 1, 3]
        %2 = reshape(%1) : f32[batch, 3]
        %3 = transpose(%2) {permutation: [1, 0]} : f32[3, batch]
        %4 = transpose(%3) {permutation: [1, 0]} : f32[batch, 3]
        %bias = register {initial: {kind: "constant", value: 0}, name: "bias", trainable: true} : f32[]
        %5 = reshape(%bias) : f32[1, 1]
        %6 = broadcast(%5) : f32[2, 3]
        %7 = transpose(%6) {permutation: [1, 0]} : f32[3, 2]
        return out: %4, repeated: %7
      }
      → graph(%x: f32[batch, 3], %y: f32[batch, 3]) {
        %bias = register {initial: {kind: "constant", value: 0}, name: "bias", trainable: true} : f32[]
        %0 = broadcast(%bias) : f32[3, 2]
        return out: %x, repeated: %0
      }"
    `);
  });

  test("transposes go into contractions: a layer's gradients have none", () => {
    const weight = register("weight", "f32", [3, 5]);
    const product = x.matMul(weight);
    const [byX = x, byWeight = x] = gradients(product.mul(product).reduceSum(), [x, weight]);
    const graph = graphOf({ byX, byWeight });
    expect(both(canonicalize, graph)).toMatchInlineSnapshot(`
      "graph(%x: f32[batch, 3], %y: f32[batch, 3]) {
        %0 = constant {value: f32[](1)} : f32[]
        %1 = reshape(%0) : f32[1, 1]
        %2 = broadcast(%1) : f32[batch, 5]
        %weight = register {initial: {kind: "constant", value: 0}, name: "weight", trainable: true} : f32[3, 5]
        %3 = dotGeneral(%x, %weight) {leftBatch: [], leftContract: [1], rightBatch: [], rightContract: [0]} : f32[batch, 5]
        %4 = mul(%2, %3) : f32[batch, 5]
        %5 = mul(%2, %3) : f32[batch, 5]
        %6 = add(%4, %5) : f32[batch, 5]
        %7 = dotGeneral(%6, %weight) {leftBatch: [], leftContract: [1], rightBatch: [], rightContract: [1]} : f32[batch, 3]
        %8 = dotGeneral(%6, %x) {leftBatch: [], leftContract: [0], rightBatch: [], rightContract: [0]} : f32[5, 3]
        %9 = transpose(%8) {permutation: [1, 0]} : f32[3, 5]
        return byX: %7, byWeight: %9
      }
      → graph(%x: f32[batch, 3], %y: f32[batch, 3]) {
        %0 = constant {value: f32[](1)} : f32[]
        %1 = broadcast(%0) : f32[batch, 5]
        %weight = register {initial: {kind: "constant", value: 0}, name: "weight", trainable: true} : f32[3, 5]
        %2 = dotGeneral(%x, %weight) {leftBatch: [], leftContract: [1], rightBatch: [], rightContract: [0]} : f32[batch, 5]
        %3 = mul(%1, %2) : f32[batch, 5]
        %4 = mul(%1, %2) : f32[batch, 5]
        %5 = add(%3, %4) : f32[batch, 5]
        %6 = dotGeneral(%5, %weight) {leftBatch: [], leftContract: [1], rightBatch: [], rightContract: [1]} : f32[batch, 3]
        %7 = dotGeneral(%x, %5) {leftBatch: [], leftContract: [0], rightBatch: [], rightContract: [0]} : f32[3, 5]
        return byX: %6, byWeight: %7
      }"
    `);
  });

  test("a layer on sequences keeps its axes: no reshape around the product", () => {
    const steps = input("steps", "f32", [batch, 7, 3]);
    const weight = register("weight", "f32", [3, 5]);
    const out = steps.reshape([-1, 3]).matMul(weight).reshape([batch, 7, 5]);
    const graph = program({ inputs: { steps }, outputs: { out } });
    expect(both(canonicalize, graph)).toMatchInlineSnapshot(`
      "graph(%steps: f32[batch, 7, 3]) {
        %0 = reshape(%steps) : f32[7*batch, 3]
        %weight = register {initial: {kind: "constant", value: 0}, name: "weight", trainable: true} : f32[3, 5]
        %1 = dotGeneral(%0, %weight) {leftBatch: [], leftContract: [1], rightBatch: [], rightContract: [0]} : f32[7*batch, 5]
        %2 = reshape(%1) : f32[batch, 7, 5]
        return out: %2
      }
      → graph(%steps: f32[batch, 7, 3]) {
        %weight = register {initial: {kind: "constant", value: 0}, name: "weight", trainable: true} : f32[3, 5]
        %0 = dotGeneral(%steps, %weight) {leftBatch: [], leftContract: [2], rightBatch: [], rightContract: [0]} : f32[batch, 7, 5]
        return out: %0
      }"
    `);
  });

  test("reductions of views are reductions of what is viewed", () => {
    const out = x
      .transpose()
      .reshape([3, 1, batch])
      .reduceSum({ axes: [1] })
      .reduceSum({ axes: [1] });
    expect(both(canonicalize, graphOf({ out }))).toMatchInlineSnapshot(`
      "graph(%x: f32[batch, 3], %y: f32[batch, 3]) {
        %0 = transpose(%x) {permutation: [1, 0]} : f32[3, batch]
        %1 = reshape(%0) : f32[3, 1, batch]
        %2 = reduceSum(%1) {axes: [1]} : f32[3, batch]
        %3 = reduceSum(%2) {axes: [1]} : f32[3]
        return out: %3
      }
      → graph(%x: f32[batch, 3], %y: f32[batch, 3]) {
        %0 = reduceSum(%x) {axes: [0]} : f32[3]
        return out: %0
      }"
    `);
  });
});
