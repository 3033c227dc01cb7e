import { at } from "@adjoint/ir/values";
import { type Local, type Value, i32, v128 } from "../emit/index.ts";
import { type Coordinates, laneOf } from "../scalar/graph.ts";
import { alongAxis, fitsLanes, isScattered } from "../scalar/lane-axes.ts";
import { LaneGraph } from "../scalar/lane-graph.ts";
import { costOf } from "./cost.ts";
import { type LaneFold, laneFoldOf } from "./lane-fold.ts";
import {
  type Partials,
  type ReduceMode,
  type Reducing,
  eachTerm,
  finishElement,
  partialAddress,
} from "./reduce-mode.ts";
import { eachVectorGroup } from "./vector-groups.ts";
import { pointsOf } from "./units.ts";

/** Vectors of columns that one pass down the terms folds. */
const VECTORS = 4;
/** Terms that are worth a unit. */
const TERMS = 2048;

/** Neighbouring results along the last outer axis, each lane a fold. */
export function columnFolds(reducing: Reducing): ReduceMode {
  const { context, environment, kernel } = reducing;
  const { body } = context;
  const { addressing } = environment;
  const { body: graph, outer: sizes, inner, reductions, epilogue, stores } = kernel;
  const axis = sizes.length - 1;
  const size = at(sizes, axis);
  const axes = alongAxis(axis);
  const scattered = isScattered(graph, axes);
  const most = scattered ? 1 : costOf(graph) > 24 ? 2 : VECTORS;
  const vectors = Math.min(most, Math.ceil(size / 4));
  const terms = new LaneGraph(context, addressing, graph, axes);
  const ending = new LaneGraph(context, addressing, epilogue, axes);
  const written = stores.map(({ value, buffer }) => ({ value, dtype: addressing.dtype(buffer) }));
  const endsInLanes = fitsLanes(epilogue, axes, written);
  const blocks = Array.from({ length: vectors }, () =>
    reductions.map((reduction) => laneFoldOf(context, reduction)),
  );
  const roots = reductions.map(({ value }) => value);

  const take = (point: Coordinates, counts: readonly number[]): void => {
    terms.enter(point, roots);
    const values = terms.values(point, counts);
    counts.forEach((_, vector) =>
      reductions.forEach(({ value }, index) =>
        blocks[vector]?.[index]?.take(values[vector]?.[value] ?? terms.splat(value)),
      ),
    );
  };
  const finish = (outer: Coordinates, column: Value<"i32">, counts: readonly number[]): void => {
    const used = blocks.slice(0, counts.length);
    const results = used.map((folds) => folds.map((fold) => body.let(fold.lanes())));
    if (endsInLanes) {
      const point = [...outer, column];
      ending.enter(
        point,
        stores.map(({ value }) => value),
      );
      ending.store(stores, point, counts, ending.values(point, counts, results));
      return;
    }
    counts.forEach((count, vector) => {
      for (let lane = 0; lane < count; lane++) {
        const position = body.let(i32.add(column, i32.const(4 * vector + lane)));
        const own = results[vector] ?? [];
        finishElement(
          reducing,
          [...outer, position],
          own.map((result, index) => laneOf(result, at(at(used, vector), index).dtype, lane)),
        );
      }
    });
  };
  /** For every vector of folds, with the addresses of their parts. */
  const eachPart = (
    partials: Partials,
    part: Value<"i32">,
    outer: Coordinates,
    counts: readonly number[],
    write: (fold: LaneFold, address: Local<"i32">) => void,
  ): void =>
    counts.forEach((_, vector) =>
      blocks[vector]?.forEach((fold, index) => {
        const address = partialAddress(reducing, partials, index, part, outer);
        write(fold, body.let(i32.add(address, i32.const(32 * vector))));
      }),
    );

  return {
    outer: sizes.slice(0, -1),
    size,
    least: Math.max(4 * vectors, Math.ceil(TERMS / Math.max(1, pointsOf(inner)))),
    write: (line, phase) =>
      eachVectorGroup(body, line, { size, step: 4, vectors }, (column, counts) => {
        const point = [...line.outer, column];
        for (const folds of blocks.slice(0, counts.length)) for (const fold of folds) fold.start();
        if (phase.kind === "join") {
          const part = body.let(i32.const(0));
          body.for(part, i32.const(phase.partials.parts), 1, () =>
            eachPart(phase.partials, part, point, counts, (fold, address) =>
              fold.join(fold.state.map((_, index) => v128.load(address, 16 * index))),
            ),
          );
        } else
          eachTerm(reducing, phase, { sizes: inner, isShort: !scattered }, (term) =>
            take([...point, ...term], counts),
          );
        if (phase.kind !== "part") return finish(line.outer, column, counts);
        eachPart(phase.partials, phase.part, point, counts, (fold, address) =>
          fold.state.forEach((state, index) => body.run(v128.store(address, state, 16 * index))),
        );
      }),
  };
}
