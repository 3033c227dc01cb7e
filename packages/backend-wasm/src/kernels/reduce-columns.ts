import { at } from "@adjoint/ir/values";
import { type Local, type Value, i32, v128 } from "../emit/index.ts";
import { type Coordinates, laneOf } from "../scalar/graph.ts";
import { alongAxis, fitsLanes, isScattered } from "../scalar/lane-axes.ts";
import { LaneGraph } from "../scalar/lane-graph.ts";
import { costOf } from "./cost.ts";
import { type LaneFold, laneFoldOf } from "./lane-fold.ts";
import {
  type Partials,
  type Phase,
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

/** Neighbouring results along the last outer axis: of each vector of them, a fold of lanes for each reduction. */
interface Columns {
  readonly reducing: Reducing;
  readonly vectors: readonly (readonly LaneFold[])[];
  readonly terms: LaneGraph;
  /** True if neighbours of the terms are not neighbours in memory. */
  readonly isScattered: boolean;
  readonly ending: LaneGraph;
  readonly endsInLanes: boolean;
}

function columnsOf(reducing: Reducing): Columns {
  const { context, environment, kernel } = reducing;
  const { addressing } = environment;
  const { body: graph, outer, reductions, epilogue, stores } = kernel;
  const axes = alongAxis(outer.length - 1);
  const scattered = isScattered(graph, axes);
  const most = scattered ? 1 : costOf(graph) > 24 ? 2 : VECTORS;
  const count = Math.min(most, Math.ceil(at(outer, -1) / 4));
  const written = stores.map(({ value, buffer }) => ({ value, dtype: addressing.dtype(buffer) }));
  return {
    reducing,
    terms: new LaneGraph(context, addressing, graph, axes),
    ending: new LaneGraph(context, addressing, epilogue, axes),
    isScattered: scattered,
    endsInLanes: fitsLanes(epilogue, axes, written),
    vectors: Array.from({ length: count }, () =>
      reductions.map((reduction) => laneFoldOf(context, reduction)),
    ),
  };
}

/** Takes the terms at a point. */
function take({ reducing, vectors, terms }: Columns, point: Coordinates, counts: readonly number[]): void {
  const { reductions } = reducing.kernel;
  terms.enter(
    point,
    reductions.map(({ value }) => value),
  );
  const values = terms.values(point, counts);
  counts.forEach((_, vector) =>
    reductions.forEach(({ value }, index) =>
      at(at(vectors, vector), index).take(at(values, vector)[value] ?? terms.splat(value)),
    ),
  );
}

/** Stores the results from a column on. */
function finish(
  { reducing, vectors, ending, endsInLanes }: Columns,
  outer: Coordinates,
  column: Value<"i32">,
  counts: readonly number[],
): void {
  const { body } = reducing.context;
  const { stores } = reducing.kernel;
  const used = vectors.slice(0, counts.length);
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
      finishElement(
        reducing,
        [...outer, position],
        at(results, vector).map((result, index) => laneOf(result, at(at(used, vector), index).dtype, lane)),
      );
    }
  });
}

/** Statements for every fold, with the address of its partial result. */
function eachPart(
  { reducing, vectors }: Columns,
  partials: Partials,
  part: Value<"i32">,
  point: Coordinates,
  counts: readonly number[],
  write: (fold: LaneFold, address: Local<"i32">) => void,
): void {
  const { body } = reducing.context;
  counts.forEach((_, vector) =>
    at(vectors, vector).forEach((fold, index) => {
      const address = partialAddress(reducing, partials, index, part, point);
      write(fold, body.let(i32.add(address, i32.const(32 * vector))));
    }),
  );
}

/** Folds all that a phase has for results: its terms, or the partial results of all parts. */
function foldAll(columns: Columns, phase: Phase, point: Coordinates, counts: readonly number[]): void {
  const { reducing, vectors, isScattered: scattered } = columns;
  const { body } = reducing.context;
  for (const folds of vectors.slice(0, counts.length)) for (const fold of folds) fold.start();
  if (phase.kind !== "join") {
    const terms = { sizes: reducing.kernel.inner, isShort: !scattered };
    eachTerm(reducing, phase, terms, (term) => take(columns, [...point, ...term], counts));
    return;
  }
  const part = body.let(i32.const(0));
  body.for(part, i32.const(phase.partials.parts), 1, () =>
    eachPart(columns, phase.partials, part, point, counts, (fold, address) =>
      fold.join(fold.state.map((_, index) => v128.load(address, 16 * index))),
    ),
  );
}

/** Neighbouring results along the last outer axis, each lane a fold. */
export function columnFolds(reducing: Reducing): ReduceMode {
  const { body } = reducing.context;
  const { outer: sizes, inner } = reducing.kernel;
  const size = at(sizes, -1);
  const columns = columnsOf(reducing);
  const vectors = columns.vectors.length;
  return {
    outer: sizes.slice(0, -1),
    size,
    least: Math.max(4 * vectors, Math.ceil(TERMS / Math.max(1, pointsOf(inner)))),
    write: ({ outer, ...line }, phase) =>
      eachVectorGroup(body, line, { size, step: 4, vectors }, (column, counts) => {
        const point = [...outer, column];
        foldAll(columns, phase, point, counts);
        if (phase.kind !== "part") return finish(columns, outer, column, counts);
        eachPart(columns, phase.partials, phase.part, point, counts, (fold, address) =>
          fold.state.forEach((state, index) => body.run(v128.store(address, state, 16 * index))),
        );
      }),
  };
}
