import { at } from "@adjoint/ir/values";
import { i32 } from "../emit/index.ts";
import { loadElement, storeElement } from "../scalar/element.ts";
import { type Coordinates, elementValues } from "../scalar/graph.ts";
import { alongAxis } from "../scalar/lane-axes.ts";
import { LaneGraph } from "../scalar/lane-graph.ts";
import { costOf, vectorsOf } from "./cost.ts";
import { type Fold, foldOf } from "./fold.ts";
import { laneFoldOf } from "./lane-fold.ts";
import {
  type Phase,
  type ReduceMode,
  type Reducing,
  eachTerm,
  finishElement,
  partialAddress,
  termsOf,
} from "./reduce-mode.ts";
import { eachVectorGroup } from "./vector-groups.ts";

type Accumulate = (outer: Coordinates, phase: Phase, folds: readonly Fold[]) => void;

/** Results one by one, of whose terms `accumulate` makes folds. */
function singly(reducing: Reducing, accumulate: Accumulate): ReduceMode {
  const { context, kernel } = reducing;
  const { body } = context;
  const { outer: sizes, reductions } = kernel;
  const folds = reductions.map((reduction) => foldOf(context, reduction));
  return {
    outer: sizes,
    size: 1,
    least: 1,
    write: ({ outer }, phase) => {
      if (phase.kind === "join") {
        for (const fold of folds) fold.start();
        const part = body.let(i32.const(0));
        body.for(part, i32.const(phase.partials.parts), 1, () =>
          folds.forEach((fold, index) => {
            const address = partialAddress(reducing, phase.partials, index, part, outer);
            fold.takeWide(body.let(loadElement(context, fold.wide, address)));
          }),
        );
      } else accumulate(outer, phase, folds);
      if (phase.kind === "part") {
        folds.forEach(({ wide, kept }, index) => {
          const address = partialAddress(reducing, phase.partials, index, phase.part, outer);
          if (kept !== undefined) body.run(storeElement(context, wide, address, kept));
        });
        return;
      }
      finishElement(
        reducing,
        outer,
        folds.map((fold) => fold.result()),
      );
    },
  };
}

/** Term by term. */
export function elementFolds(reducing: Reducing): ReduceMode {
  const { context, environment, kernel } = reducing;
  return singly(reducing, (outer, phase, folds) => {
    for (const fold of folds) fold.start();
    eachTerm(reducing, phase, { sizes: kernel.inner, isShort: false }, (point) => {
      const values = elementValues(context, environment.addressing, kernel.body, [...outer, ...point]);
      kernel.reductions.forEach(({ value }, index) => {
        const own = values[value];
        if (own !== undefined) folds[index]?.take(own);
      });
    });
  });
}

/** Up to this cost of a term, four sums that don't wait for each other hide the time of an addition. */
const CHEAP = 8;

const SHORT_LINE = 32;

/** Vectors of terms along the last inner axis, several at a time into folds of their own. */
export function lineFolds(reducing: Reducing): ReduceMode {
  const { context, environment, kernel } = reducing;
  const { body } = context;
  const { body: graph, outer: sizes, inner, reductions } = kernel;
  const size = at(inner, -1);
  const most = costOf(graph) <= CHEAP ? 4 : vectorsOf(graph);
  const vectors = Math.min(most, Math.ceil(size / 4));
  const roots = reductions.map(({ value }) => value);
  const lanes = new LaneGraph(
    context,
    environment.addressing,
    graph,
    alongAxis(sizes.length + inner.length - 1),
  );
  // Short lines overlap with the next ones, and have fewer folds to join.
  const blocks = Array.from({ length: size < SHORT_LINE ? 1 : vectors }, () =>
    reductions.map((reduction) => laneFoldOf(context, reduction)),
  );
  return singly(reducing, (outer, phase, folds) => {
    for (const block of blocks) for (const fold of block) fold.start();
    const line = (point: Coordinates, terms: Parameters<typeof eachVectorGroup>[1]): void => {
      lanes.enter([...outer, ...point, terms.start], roots);
      eachVectorGroup(body, terms, { size, step: 4, vectors }, (term, counts) => {
        const values = lanes.values([...outer, ...point, term], counts);
        counts.forEach((count, vector) =>
          reductions.forEach(({ value }, index) =>
            blocks[vector % blocks.length]?.[index]?.takeFirst(
              values[vector]?.[value] ?? lanes.splat(value),
              count,
            ),
          ),
        );
      });
    };
    if (inner.length === 1) line([], termsOf(reducing, phase));
    else {
      const whole = { start: i32.const(0), end: i32.const(size), isPart: false };
      eachTerm(reducing, phase, { sizes: inner.slice(0, -1), isShort: false }, (point) => line(point, whole));
    }
    const [sums = [], ...others] = blocks;
    for (const block of others) block.forEach((fold, index) => sums[index]?.join(fold.state));
    folds.forEach((fold, index) => sums[index]?.into(fold));
  });
}
