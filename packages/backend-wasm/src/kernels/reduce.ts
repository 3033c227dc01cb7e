import type { ReduceKernel } from "@adjoint/compiler";
import { type Value, i32 } from "../emit/index.ts";
import type { Context, Element } from "../scalar/context.ts";
import { as, kept, storeElement } from "../scalar/element.ts";
import { type Coordinates, addressOf, elementValues, laneOf, vectorValues } from "../scalar/graph.ts";
import { foldOf } from "./fold.ts";
import { type LaneFold, alongOf, laneFoldOf, outerLast } from "./lane-fold.ts";
import { type Range, nest } from "./loops.ts";
import type { KernelEnvironment } from "./map.ts";
import type { Ranged } from "./ranged.ts";

/** Vectors of columns that one pass down the rows folds. */
const UNROLL = 4;

/**
 * Folds, the units the outermost outer axis. Four elements at a time along the inner axis, or four
 * columns at a time down the inner axes, where the operands lie so; the order of a fold depends on its sizes alone.
 */
export function reduceKernel(environment: KernelEnvironment, kernel: ReduceKernel): Ranged {
  const outer = kernel.outer.length === 0 ? [1] : kernel.outer;
  const callee = environment.module.function(["i32", "i32"], "void", (body, first, last) => {
    const { math, helpers } = environment;
    const reduction = new ReduceBody({ body, math, helpers }, environment, kernel);
    const range: Range = { first, last };
    const along = alongOf(kernel);
    if (along !== "outer") {
      const fold = along === "inner" ? reduction.byLanes() : reduction.byElements();
      nest(body, outer, (line) => fold(kernel.outer.length === 0 ? [] : line), range);
      return;
    }
    // Columns are the last outer axis, whose range is the function's where it is the only one.
    const columns = outer.length - 1;
    const own = columns === 0;
    const fold = reduction.byElements();
    nest(
      body,
      outer.slice(0, columns),
      (line) => {
        const column = body.let(own ? first : i32.const(0));
        const end: Value<"i32"> = own ? last : i32.const(outer[columns] ?? 1);
        for (const vectors of [UNROLL, 1]) {
          const width = 4 * vectors;
          const stop = body.let(i32.sub(end, i32.const(width - 1)));
          const block = reduction.byColumns(vectors);
          body.for(column, stop, width, () => block([...line, column]));
        }
        body.for(column, end, 1, () => fold([...line, column]));
      },
      range,
    );
  });
  return { callee, units: outer[0] ?? 1, grain: outer.length === 1 ? 4 * UNROLL : 1 };
}

/** Emits the folds of one point, or of neighbouring columns. */
class ReduceBody {
  readonly #context: Context;
  readonly #environment: KernelEnvironment;
  readonly #kernel: ReduceKernel;

  constructor(context: Context, environment: KernelEnvironment, kernel: ReduceKernel) {
    this.#context = context;
    this.#environment = environment;
    this.#kernel = kernel;
  }

  #finish(outer: Coordinates, results: readonly Element[]): void {
    const { epilogue, stores } = this.#kernel;
    const { place } = this.#environment;
    const context = this.#context;
    const sums = results.map((result) => kept(context, result));
    const values = elementValues(context, place, epilogue, outer, sums);
    for (const store of stores) {
      const value = values[store.value];
      if (value === undefined) continue;
      const address = addressOf(place, store.buffer, store.index, outer);
      context.body.run(storeElement(context, place.dtype(store.buffer), address, value));
    }
  }

  byElements(): (outer: Coordinates) => void {
    const { body, inner, reductions } = this.#kernel;
    const { place } = this.#environment;
    const context = this.#context;
    const folds = reductions.map((reduction) => foldOf(context, reduction));
    return (outer) => {
      for (const fold of folds) fold.start();
      nest(context.body, inner, (point) => {
        const values = elementValues(context, place, body, [...outer, ...point]);
        reductions.forEach(({ value }, index) => {
          const own = values[value];
          if (own !== undefined) folds[index]?.take(own);
        });
      });
      this.#finish(
        outer,
        folds.map((fold) => fold.result()),
      );
    };
  }

  /** Four at a time along the last inner axis, the rest of each line one by one into a sum of its own. */
  byLanes(): (outer: Coordinates) => void {
    const { body: graph, inner, reductions } = this.#kernel;
    const { place } = this.#environment;
    const context = this.#context;
    const { body } = context;
    const lanes = this.#lanes();
    const rests = reductions.map((reduction) => foldOf(context, reduction));
    const size = inner.at(-1) ?? 1;
    return (outer) => {
      for (const fold of [...lanes, ...rests]) fold.start();
      nest(body, inner.slice(0, -1), (line) => {
        const at = body.let(i32.const(0));
        const coordinates = [...outer, ...line, at];
        body.for(at, i32.const(size - 3), 4, () => {
          const values = vectorValues(context, place, graph, coordinates);
          reductions.forEach(({ value }, index) => {
            const own = values[value];
            if (own !== undefined) lanes[index]?.take(own);
          });
        });
        body.for(at, i32.const(size), 1, () => {
          const values = elementValues(context, place, graph, coordinates);
          reductions.forEach(({ value }, index) => {
            const own = values[value];
            if (own !== undefined) rests[index]?.take(own);
          });
        });
      });
      lanes.forEach((fold, index) => {
        const rest = rests[index];
        if (rest !== undefined) fold.into(rest);
      });
      this.#finish(
        outer,
        rests.map((fold) => fold.result()),
      );
    };
  }

  /** Neighbouring columns together, each lane a fold. */
  byColumns(vectors: number): (outer: Coordinates) => void {
    const { body: graph, outer: sizes, inner, reductions } = this.#kernel;
    const { place } = this.#environment;
    const context = this.#context;
    const { body } = context;
    const blocks = Array.from({ length: vectors }, () => this.#lanes());
    const turned = outerLast(graph, sizes.length);
    return (outer) => {
      const line = outer.slice(0, -1);
      const column = as("i32", outer.at(-1) ?? i32.const(0));
      const columns = blocks.map((_, block) =>
        block === 0 ? column : body.let(i32.add(column, i32.const(4 * block))),
      );
      for (const folds of blocks) for (const fold of folds) fold.start();
      nest(body, inner, (point) => {
        blocks.forEach((folds, block) => {
          const values = vectorValues(context, place, turned, [...line, ...point, columns[block] ?? column]);
          reductions.forEach(({ value }, index) => {
            const own = values[value];
            if (own !== undefined) folds[index]?.take(own);
          });
        });
      });
      blocks.forEach((folds, block) => {
        const results = folds.map((fold) => body.let(fold.lanes()));
        for (let lane = 0; lane < 4; lane++) {
          const at = body.let(i32.add(columns[block] ?? column, i32.const(lane)));
          this.#finish(
            [...line, at],
            results.map((result, index) => laneOf(result, folds[index]?.dtype ?? "f32", lane)),
          );
        }
      });
    };
  }

  #lanes(): readonly LaneFold[] {
    return this.#kernel.reductions.map((reduction) => laneFoldOf(this.#context, reduction));
  }
}
