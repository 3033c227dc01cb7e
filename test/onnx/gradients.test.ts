import { readFileSync } from "node:fs";
import { cpu } from "@adjoint/backend-cpu";
import { compile } from "@adjoint/compiler";
import { type ImportedSet, type TestCase, importSet, readSets } from "@adjoint/conformance";
import { type Graph, type Tensor, constant, evaluate, gradients, program } from "@adjoint/ir";
import { type TensorValue, elementCount, toNumbers, valueOf } from "@adjoint/ir/values";
import { inspectOnnx } from "@adjoint/onnx";
import { describe, expect, it } from "vitest";
import { inFull } from "../in-full.ts";
import { inDoubles } from "./in-doubles.ts";
import { missing, officialTests } from "./official-data.ts";

/** Larger models say nothing that smaller ones don't. */
const MOST_ELEMENTS = 4000;
const STEP = 1e-5;

const noise = (shape: readonly number[], seed: number): number[] =>
  Array.from({ length: elementCount(shape) }, (_, index) => Math.sin((index + 1) * 12.9898 + seed * 78.233));

/** The projection of all float outputs on random directions, and its gradients by the inputs. */
function projected(graph: Graph, wrt: readonly string[]): Graph {
  const terms = Object.values(graph.outputs)
    .filter(({ dtype }) => dtype === "f32" || dtype === "f64")
    .map((output, index) => {
      const shape = output.shape.map(Number);
      return output.mul(constant(valueOf(output.dtype, shape, noise(shape, index)))).reduceSum();
    });
  const [first, ...others] = terms;
  if (first === undefined) throw new TypeError("no output is a float");
  const loss = others.reduce((sum, term) => sum.add(term), first);
  const inputs: readonly Tensor[] = wrt.map((name) => graph.inputs[name] ?? first);
  const found = gradients(loss, inputs);
  const named = Object.fromEntries(wrt.map((name, index) => [`d ${name}`, found[index] ?? loss]));
  return program({ inputs: graph.inputs, outputs: { loss, ...named } });
}

const isFloat = ({ dtype }: TensorValue): boolean => dtype === "f32";

/** A single-operator test with float inputs and outputs, off the points where functions have kinks. */
function singleOperator(test: TestCase): ImportedSet | undefined {
  const { inputs, outputs, operators } = inspectOnnx(readFileSync(test.model));
  const [[, count] = ["", 0], ...others] = [...operators];
  if (count !== 1 || others.length > 0) return undefined;
  const [read] = readSets(test, { inputs, outputs });
  if (read === undefined) return undefined;
  const set = importSet(test, inputs, read);
  const fed = Object.values(set.feeds);
  const elements = [...fed, ...set.expected].reduce((sum, { shape }) => sum + elementCount(shape), 0);
  if (!fed.some(isFloat) || !set.expected.some(isFloat) || elements > MOST_ELEMENTS) return undefined;
  if (fed.some(({ dtype }) => dtype === "f16" || dtype === "bf16")) return undefined;
  // An infinite result can't be compared.
  if (set.expected.some((value) => !toNumbers(value).every(Number.isFinite))) return undefined;
  const moved = Object.entries(set.feeds).map(([name, value], index) => {
    if (!isFloat(value)) return [name, value] as const;
    const by = noise(value.shape, 31 + index);
    return [
      name,
      valueOf(
        "f32",
        value.shape,
        // Signs stay, for inputs that may not be negative.
        toNumbers(value).map((x, at) =>
          x === 0 ? 0.02 * Math.abs(by[at] ?? 0) : x * (1 + 0.02 * (by[at] ?? 0)),
        ),
      ),
    ] as const;
  });
  return { ...set, feeds: Object.fromEntries(moved) };
}

interface Case {
  readonly name: string;
  readonly set: ImportedSet;
}

/** Tests whose operators are imported and have a form in f64: every other one, and all of them by `pnpm test:full`. */
function differentiable(): readonly Case[] {
  const single = officialTests.filter(({ folder }) => folder === "node");
  const share = inFull ? single : single.filter((_, index) => index % 2 === 0);
  return share.flatMap((test): readonly Case[] => {
    try {
      const set = singleOperator(test);
      if (set === undefined) return [];
      inDoubles(set.graph);
      return [{ name: test.test, set }];
    } catch {
      // Models that can't be imported are counted by the conformance run; random bits have no derivative.
      return [];
    }
  });
}

describe(`N2: gradients of official single-operator models${missing}`, () => {
  const cases = differentiable();

  it.skipIf(missing !== "")("there are many", () => {
    expect(cases.length).toBeGreaterThan(inFull ? 400 : 200);
  });

  it.for(cases)("$name", async ({ set: { graph, feeds } }) => {
    const wrt = Object.keys(feeds).filter((name) => graph.inputs[name]?.dtype === "f32");
    const doubles = projected(inDoubles(graph), wrt);
    const at = (step: number): { readonly [input: string]: TensorValue } =>
      Object.fromEntries(
        Object.entries(feeds).map(([name, value], index) => {
          if (!wrt.includes(name)) return [name, value];
          const direction = noise(value.shape, 7 + index);
          return [
            name,
            valueOf(
              "f64",
              value.shape,
              toNumbers(value).map((x, place) => x + step * (direction[place] ?? 0)),
            ),
          ];
        }),
      );
    const lossAt = (step: number): number => Number(evaluate(doubles, at(step)).outputs.loss?.data[0]);
    const numeric = (lossAt(STEP) - lossAt(-STEP)) / (2 * STEP);
    const { outputs } = evaluate(doubles, at(0));
    let [analytic, size] = [0, 0];
    wrt.forEach((name) => {
      const gradient = toNumbers(outputs[`d ${name}`] ?? valueOf("f64", [0], []));
      const direction = noise(feeds[name]?.shape ?? [], 7 + Object.keys(feeds).indexOf(name));
      gradient.forEach((value, place) => {
        analytic += value * (direction[place] ?? 0);
        size += Math.abs(value * (direction[place] ?? 0));
      });
    });
    expect(Math.abs(analytic - numeric)).toBeLessThanOrEqual(
      1e-6 * (size + Math.abs(Number(outputs.loss?.data[0])) + 1),
    );

    // The same gradients as a backend computes them in f32.
    await using session = await compile({ main: projected(graph, wrt) }, { backend: cpu() });
    const single = await session.run("main", feeds);
    for (const name of wrt) {
      const expected = toNumbers(outputs[`d ${name}`] ?? valueOf("f64", [0], []));
      const largest = Math.max(1e-3, ...expected.map(Math.abs));
      const actual = Array.from(single[`d ${name}`]?.data ?? [], Number);
      actual.forEach((value, place) =>
        expect(Math.abs(value - (expected[place] ?? Number.NaN))).toBeLessThanOrEqual(2e-3 * largest),
      );
    }
  });
});
