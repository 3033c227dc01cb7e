import type { Tensor } from "@adjoint/ir";
import { type PrimitiveName, evaluateTensors, nodesOf } from "@adjoint/ir/graph";
import { type TensorValue, elementReader, typeText } from "@adjoint/ir/values";
import { safeParse } from "@adjoint/ir/schema";
import { describe, expect, test } from "vitest";
import { contractExamples } from "./primitives/contract.ts";
import type { Example, Examples } from "./primitives/example.ts";
import { indexingExamples, orderExamples } from "./primitives/indexing.ts";
import { mapExamples } from "./primitives/map.ts";
import { transcendentalExamples } from "./primitives/transcendental.ts";
import { cumulativeExamples, reduceExamples } from "./primitives/reduce.ts";
import { controlExamples, sourceExamples } from "./primitives/source.ts";
import { viewExamples } from "./primitives/view.ts";
import { windowExamples } from "./primitives/window.ts";

/** The reference semantics by hand: a primitive without examples is a type error. */
const table: Examples<PrimitiveName> = {
  ...sourceExamples,
  ...mapExamples,
  ...transcendentalExamples,
  ...reduceExamples,
  ...cumulativeExamples,
  ...viewExamples,
  ...windowExamples,
  ...contractExamples,
  ...indexingExamples,
  ...orderExamples,
  ...controlExamples,
};

/** Type and elements, comparable by value; floats within a relative error are taken as what they should be. */
function readable(value: TensorValue | undefined, like: TensorValue | undefined, within = 0): unknown {
  if (value === undefined || like === undefined) return undefined;
  const [read, wanted] = [elementReader(value), elementReader(like)];
  const elements = Array.from({ length: value.data.length }, (_, index) => {
    const element = read(index);
    const target = index < like.data.length ? wanted(index) : element;
    return within > 0 && Math.abs(Number(element) - Number(target)) <= within * Math.abs(Number(target))
      ? target
      : element;
  });
  return [typeText(value), elements];
}

function checkExample({ of, is, within }: Example): void {
  const known = new Map<Tensor, TensorValue>();
  const values = evaluateTensors(of(known), known);
  expect(values.map((value, index) => readable(value, is[index], within))).toEqual(
    is.map((value) => readable(value, value)),
  );
}

describe.each(Object.entries(table))("%s", (name, list) => {
  test.each(list)("$it", (item) => {
    expect(nodesOf(item.of(new Map())).map((node) => node.operation.name)).toContain(name);
    checkExample(item);
  });
});

describe("the attribute schema of", () => {
  test.each(Object.entries(table))("%s takes what its builders make, and no more", (name, list) => {
    const nodes = list
      .flatMap((item) => nodesOf(item.of(new Map())))
      .filter((node) => node.operation.name === name);
    for (const { operation, attributes } of nodes) {
      expect(safeParse<unknown>(operation.attributes, attributes).success).toBe(true);
      expect(safeParse<unknown>(operation.attributes, { ...Object(attributes), surprise: 1 }).success).toBe(
        false,
      );
      expect(safeParse<unknown>(operation.attributes, undefined).success).toBe(false);
    }
    expect(nodes.length).toBeGreaterThan(0);
  });
});
