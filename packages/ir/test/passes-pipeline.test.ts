import { describe, expect, test } from "vitest";
import {
  type Graph,
  type Tensor,
  constant,
  dim,
  evaluate,
  gradients,
  input,
  program,
  register,
  softmaxCrossEntropy,
  valueOf,
} from "@adjoint/ir";
import { check, graphNodes, inline, optimize, rewrite, rule, runPasses, simplify } from "@adjoint/ir/graph";
import { difference } from "./graphs.ts";

const batch = dim("batch");
const x = input("x", "f32", [batch, 3]);
const y = input("y", "f32", [batch, 3]);
const graphOf = (outputs: { readonly [name: string]: Tensor }): Graph =>
  program({ inputs: { x, y }, outputs });
const lengthOf = (graph: Graph): number => graphNodes(graph).length;

/** A training step of a perceptron with Adam; `depth` layers make some 100 nodes each. */
function trainingStep(depth: number): Graph {
  const images = input("images", "f32", [batch, 8]);
  const labels = input("labels", "i32", [batch]);
  const parameters: Tensor[] = [];
  const parameter = (name: string, shape: readonly number[]): Tensor => {
    const made = register(name, "f32", shape, {
      initial: { kind: "normal", mean: 0, standardDeviation: 0.5 },
    });
    parameters.push(made);
    return made;
  };
  let hidden = images;
  for (let layer = 0; layer < depth; layer++)
    hidden = hidden
      .matMul(parameter(`weight_${layer}`, [8, 8]))
      .add(parameter(`bias_${layer}`, [8]))
      .max(0);
  const loss = softmaxCrossEntropy(hidden, labels).reduceMean();
  const count = register("count", "f32", [], { trainable: false });
  const next = count.add(1);
  const state = (name: string, like: Tensor): Tensor =>
    register(`${name}_${parameters.indexOf(like)}`, "f32", like.shape.map(Number), { trainable: false });
  const updates = gradients(loss, parameters).flatMap((gradient, index) => {
    const own = parameters[index] ?? loss;
    const [mean, square] = [state("mean", own), state("square", own)];
    const nextMean = mean.mul(0.9).add(gradient.mul(0.1));
    const nextSquare = square.mul(0.999).add(gradient.mul(gradient).mul(0.001));
    const unbiased = (moment: Tensor, decay: number): Tensor =>
      moment.div(constant(decay).pow(next).neg().add(1));
    const step = unbiased(nextMean, 0.9).div(unbiased(nextSquare, 0.999).sqrt().add(1e-8));
    return [
      { register: mean, next: nextMean },
      { register: square, next: nextSquare },
      { register: own, next: own.sub(step.mul(0.001)) },
    ];
  });
  return program({
    inputs: { images, labels },
    outputs: { loss },
    updates: [...updates, { register: count, next }],
  });
}

describe("all passes", () => {
  test("a training step computes the same, with fewer nodes and no transposes", () => {
    const graph = trainingStep(3);
    const after = runPasses(graph, optimize, { check });
    expect(lengthOf(after)).toBeLessThan(lengthOf(inline.run(graph)) * 0.8);
    expect(graphNodes(after).map((node) => node.operation.name)).not.toContain("transpose");
    const feeds = {
      images: valueOf(
        "f32",
        [4, 8],
        Array.from({ length: 32 }, (_, index) => Math.sin(index * 7)),
      ),
      labels: valueOf("i32", [4], [0, 3, 7, 3]),
    };
    const [expected, actual] = [evaluate(graph, feeds, { seed: 3 }), evaluate(after, feeds, { seed: 3 })];
    expect(difference(graph, expected, actual)).toBeUndefined();
  });

  test("run until nothing is left to do, and tell of each that did something", () => {
    // Folding lets simplify see a neutral element, which lets canonicalize see two transposes.
    const out = x.transpose().mul(constant(0.5).add(0.5)).transpose();
    const seen: string[] = [];
    const after = runPasses(graphOf({ out }), optimize, {
      trace: (pass, before, result) => {
        expect(result).not.toBe(before);
        seen.push(pass);
      },
    });
    expect(after.outputs["out"]).toBe(x);
    expect(seen).toEqual(["fold", "simplify", "canonicalize"]);
  });

  test("stop after a number of rewrites of all passes together", () => {
    const graph = trainingStep(1);
    let all = 0;
    runPasses(graph, optimize, { onRewrite: () => void all++ });
    for (const limit of [0, 1, 7, all - 1, all + 5]) {
      let rewrites = 0;
      const after = runPasses(graph, optimize, { limit, check, onRewrite: () => void rewrites++ });
      expect(rewrites).toBe(Math.min(limit, all));
      expect(after === graph).toBe(limit === 0);
    }
  });

  test("check names the pass that broke the graph", () => {
    const stranger = input("stranger", "f32", [batch, 3]);
    const bad = rewrite("bad pass", [rule("exp → a stranger", "exp", () => stranger)]);
    expect(() => runPasses(graphOf({ out: x.exp() }), [simplify, bad], { check })).toThrow(
      /reads input "stranger".*after the pass "bad pass"/,
    );
    expect(() => runPasses(graphOf({ out: x.exp() }), [bad])).not.toThrow();
  });
});
