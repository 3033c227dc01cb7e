import { type Graph, type Tensor, constant, gradients, input, isFloat, program } from "@adjoint/ir";
import { composites, nodesOf } from "@adjoint/ir/graph";
import { inspectOnnx, toOnnx } from "@adjoint/onnx";
import { describe, expect, test } from "vitest";
import { problemsOf } from "./check.ts";
import { inFull } from "../in-full.ts";
import { type CompositeCase, compositeCases, sample } from "./composite-cases.ts";

/** The composite's outputs, and unless left out the gradient of the first by each float input. */
function graphOf({ feeds, build }: CompositeCase, withGradients = true): Graph {
  const inputs = Object.fromEntries(
    Object.entries(feeds).map(([name, { dtype, shape }]) => [name, input(name, dtype, shape)]),
  );
  const built = build(...Object.values(inputs));
  const results: readonly Tensor[] = "node" in built ? [built] : built;
  const outputs = Object.fromEntries(results.map((result, index) => [`y${index}`, result]));
  const [first] = results;
  const wrt = Object.entries(inputs).filter(([, tensor]) => isFloat(tensor.dtype));
  if (!withGradients || first === undefined || !isFloat(first.dtype) || wrt.length === 0)
    return program({ inputs, outputs });
  // Weights of many sizes: the plain sum of squares of what is standardized would have no slope.
  const weights = constant(sample(first.shape.map(Number)));
  const loss = first.mul(first.add(0.3)).mul(weights).reduceSum();
  const slopes = gradients(
    loss,
    wrt.map(([, tensor]) => tensor),
  );
  const gradientOutputs = slopes.flatMap((slope, index) =>
    slope ? [[`d_${wrt[index]?.[0]}`, slope] as const] : [],
  );
  return program({ inputs, outputs: { ...outputs, ...Object.fromEntries(gradientOutputs) } });
}

describe("composites in ONNX Runtime", () => {
  test("each has a case, and its case holds it", () => {
    expect(Object.keys(compositeCases).toSorted()).toEqual([...composites.keys()].toSorted());
    const absent = Object.entries(compositeCases).filter(
      ([name, cases]) =>
        !cases.some((each) =>
          nodesOf(Object.values(graphOf(each).outputs)).some(({ operation }) => operation.name === name),
        ),
    );
    expect(absent.map(([name]) => name)).toEqual([]);
  });

  test.for(Object.entries(compositeCases))("%s and its gradients are ours", async ([, cases]) => {
    for (const each of cases) expect(await problemsOf(graphOf(each), each.feeds)).toEqual([]);
  });

  // `npm test` runs each in one of the two, `pnpm test:full` in both.
  test.for([13, 21])("are ours in opset %i", { timeout: 30_000 }, async (opset) => {
    const all = Object.entries(compositeCases);
    const share = inFull ? all : all.filter((_, index) => index % 2 === (opset === 13 ? 0 : 1));
    for (const [name, cases] of share)
      for (const each of cases)
        expect([name, ...(await problemsOf(graphOf(each, false), each.feeds, {}, { opset }))]).toEqual([
          name,
        ]);
  });

  // Few, as they show that the files are no less right in the other build of the runtime.
  test.for(["gelu", "layerNormalization", "maxPool", "softmaxCrossEntropy", "dropout"])(
    "%s is ours in WebAssembly too",
    async (name) => {
      for (const each of compositeCases[name] ?? [])
        expect(await problemsOf(graphOf(each), each.feeds, {}, { runtime: "web" })).toEqual([]);
    },
  );

  test.for([
    ["softmax", 13, "Softmax"],
    ["gelu", 20, "Gelu"],
    ["layerNormalization", 17, "LayerNormalization"],
    ["mish", 18, "Mish"],
    ["hardSwish", 14, "HardSwish"],
    ["lrn", 13, "LRN"],
    ["batchNormalization", 13, "BatchNormalization"],
    ["einsum", 13, "Einsum"],
    ["maxPool", 13, "MaxPool"],
    ["groupNormalization", 21, "GroupNormalization"],
  ] as const)("%s is one operator from opset %i on", ([name, since, operator]) => {
    const [first] = compositeCases[name] ?? [];
    if (first === undefined) throw new Error("a case is gone");
    const operators = (opset: number): readonly string[] => [
      ...inspectOnnx(toOnnx(graphOf(first, false), {}, { opset })).operators.keys(),
    ];
    expect(operators(since)).toEqual([operator]);
    const older = Array.from({ length: since - 13 }, (_, index) => 13 + index);
    expect(older.filter((opset) => operators(opset).includes(operator))).toEqual([]);
  });
});
