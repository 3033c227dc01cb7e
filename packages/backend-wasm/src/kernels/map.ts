import type { MapKernel } from "@adjoint/compiler/kernel";
import { at } from "@adjoint/ir/values";
import { type Value, i32 } from "../emit/index.ts";
import type { Context } from "../scalar/context.ts";
import { storeElement } from "../scalar/element.ts";
import { type Addressing, type Coordinates, addressOf, elementValues } from "../scalar/graph.ts";
import { type LaneAxes, alongAxis, alongPairs, fitsLanes, isScattered } from "../scalar/lane-axes.ts";
import { LaneGraph } from "../scalar/lane-graph.ts";
import { costOf, vectorsOf } from "./cost.ts";
import type { KernelEnvironment } from "./environment.ts";
import { transposePlanOf } from "./map-transposing-plan.ts";
import type { Ranged } from "./ranged.ts";
import { eachVectorGroup } from "./vector-groups.ts";
import { type Range, type Units, pointsOf, unitsOf, walkUnits } from "./units.ts";
import { writeTransposing } from "./map-transposing.ts";

/** The walk of vectors over a domain: point by point along the outer axes, in steps along the rest. */
interface Walk {
  readonly axes: LaneAxes;
  readonly outer: readonly number[];
  /** Points of the walked axis. */
  readonly size: number;
  /** Points of it that a vector covers. */
  readonly step: number;
  readonly coordinates: (outer: Coordinates, point: Value<"i32">) => Coordinates;
}

function walksOf(domain: readonly number[]): readonly Walk[] {
  const last = domain.length - 1;
  const along: Walk = {
    axes: alongAxis(last),
    outer: domain.slice(0, last),
    size: at(domain, last),
    step: 4,
    coordinates: (outer, point) => [...outer, point],
  };
  if (last === 0 || along.size !== 2) return [along];
  // An axis of two, as of windows that don't overlap, fills vectors together with the one before it.
  const pairs: Walk = {
    axes: alongPairs(last - 1),
    outer: domain.slice(0, last - 1),
    size: at(domain, last - 1),
    step: 2,
    coordinates: (outer, point) => [...outer, point, i32.const(0)],
  };
  return [pairs, along];
}

/**
 * A map kernel by vectors if all values that differ between lanes have 32 bits, else one by one. An element's value does not
 * depend on its lane.
 */
export function mapKernel(environment: KernelEnvironment, kernel: MapKernel): Ranged {
  const { module, math, helpers, addressing } = environment;
  const domain = kernel.domain.length === 0 ? [1] : kernel.domain;
  const roots = kernel.stores.map(({ value, buffer }) => ({ value, dtype: addressing.dtype(buffer) }));
  const walk = walksOf(domain).find(({ axes }) => fitsLanes(kernel.body, axes, roots));
  const cost = pointsOf(domain) * (costOf(kernel.body) + kernel.stores.length);
  const ranged = (units: Units, write: (context: Context, range: Range) => void): Ranged => ({
    callee: module.function(["i32", "i32"], "void", (body, first, last) =>
      write({ body, math, helpers }, [first, last]),
    ),
    units: pointsOf(domain) === 0 ? 0 : units.count,
    cost,
  });
  const transposed = transposePlanOf(kernel, roots);
  const together = vectorsOf(kernel.body);
  if (transposed !== undefined && together > 1) {
    return ranged(transposed.units, (context, range) =>
      writeTransposing(context, addressing, kernel, transposed, range),
    );
  }
  if (walk === undefined) {
    const [outer, size] = [domain.slice(0, -1), at(domain, -1)];
    const units = unitsOf(outer, size, 1);
    return ranged(units, (context, range) => {
      const { body } = context;
      walkUnits(body, outer, size, units, range, (line) => {
        const point = body.let(line.start);
        body.for(point, line.end, 1, () => mapElements(context, addressing, kernel, [...line.outer, point]));
      });
    });
  }
  const { outer, size, step } = walk;
  const vectors = isScattered(kernel.body, walk.axes) ? 1 : together;
  const units = unitsOf(outer, size, vectors * step);
  return ranged(units, (context, range) => {
    walkUnits(context.body, outer, size, units, range, (line) => {
      const lanes = new LaneGraph(context, addressing, kernel.body, walk.axes);
      lanes.enter(
        walk.coordinates(line.outer, line.start),
        kernel.stores.map(({ value }) => value),
      );
      eachVectorGroup(context.body, line, { size, step, vectors }, (point, counts) => {
        const coordinates = walk.coordinates(line.outer, point);
        lanes.store(kernel.stores, coordinates, counts, lanes.values(coordinates, counts));
      });
    });
  });
}

function mapElements(
  context: Context,
  addressing: Addressing,
  kernel: MapKernel,
  coordinates: Coordinates,
): void {
  const values = elementValues(context, addressing, kernel.body, coordinates);
  for (const store of kernel.stores) {
    const value = values[store.value];
    if (value === undefined) continue;
    const address = addressOf(addressing, store.buffer, store.index, coordinates);
    context.body.run(storeElement(context, addressing.dtype(store.buffer), address, value));
  }
}
