import type { ScalarGraph } from "@adjoint/compiler/kernel";
import type { Local } from "../emit/index.ts";
import type { Addressing, Coordinates } from "./affine.ts";
import type { Element } from "./carriers.ts";
import type { Context } from "./context.ts";
import { kept } from "./element.ts";
import { alongAxis } from "./lane-axes.ts";
import { LaneGraph } from "./lane-graph.ts";
import { elementOf, existing } from "./point.ts";

export { type Addressing, type Coordinates, addressOf } from "./affine.ts";
export { laneOf } from "./lane-memory.ts";

/** All values of an expression at one point, in order. */
export function elementValues(
  context: Context,
  addressing: Addressing,
  graph: ScalarGraph,
  coordinates: Coordinates,
  accumulators: readonly Element[] = [],
): readonly Local[] {
  const values: Local[] = [];
  const value = (id: number): Local => existing(values, id);
  for (const node of graph)
    values.push(kept(context, elementOf(context, addressing, node, { value, coordinates, accumulators })));
  return values;
}

/** All values at four points: those of the coordinates and the next three along the last axis. */
export function vectorValues(
  context: Context,
  addressing: Addressing,
  graph: ScalarGraph,
  coordinates: Coordinates,
): readonly Local<"v128">[] {
  const lanes = new LaneGraph(context, addressing, graph, alongAxis(coordinates.length - 1));
  lanes.enter(coordinates);
  const [values = []] = lanes.values(coordinates, [4]);
  return graph.map((_, id) => values[id] ?? lanes.splat(id));
}
