import type { MapKernel } from "@adjoint/compiler/kernel";
import { at } from "@adjoint/ir/values";
import { type Value, i32, select } from "../emit/index.ts";
import type { Context } from "../scalar/context.ts";
import type { Addressing, Coordinates } from "../scalar/graph.ts";
import { alongRows } from "../scalar/lane-axes.ts";
import { LaneGraph } from "../scalar/lane-graph.ts";
import { loadTransposed } from "../scalar/load-transposed.ts";
import { TILE, type TransposePlan } from "./map-transposing-plan.ts";
import { eachVectorGroup } from "./vector-groups.ts";
import { type Range, walkUnits } from "./units.ts";

/** Squares of four by four: operands that lie the other way are transposed in registers. */
export function writeTransposing(
  context: Context,
  addressing: Addressing,
  kernel: MapKernel,
  { row, outer, units }: TransposePlan,
  range: Range,
): void {
  const { body } = context;
  const { domain, stores } = kernel;
  const column = domain.length - 1;
  const [rows, columns] = [at(domain, row), at(domain, column)];
  const lanes = new LaneGraph(context, addressing, kernel.body, alongRows(row, column), loadTransposed);
  walkUnits(body, outer, columns, units, range, (line) => {
    const others = line.outer.slice(0, -1);
    const [tile = i32.const(0)] = line.outer.slice(-1);
    const pointAt = (own: Value<"i32">, across: Value<"i32">): Coordinates => [
      ...others.slice(0, row),
      own,
      ...others.slice(row),
      across,
    ];
    const first = body.let(i32.mul(tile, i32.const(TILE)));
    const far = body.let(i32.add(first, i32.const(TILE)));
    const last = body.let(select(i32.ltS(far, i32.const(rows)), far, i32.const(rows)));
    lanes.enter(
      pointAt(first, line.start),
      stores.map(({ value }) => value),
    );
    eachVectorGroup(body, line, { size: columns, step: 4, vectors: 1 }, (across, [count = 4]) => {
      const own = body.let<"i32">(first);
      const square = (height: number): void => {
        const point = pointAt(own, across);
        const counts = Array.from({ length: height }, () => count);
        lanes.store(stores, point, counts, lanes.values(point, counts));
      };
      body.for(own, body.let(i32.sub(last, i32.const(3))), 4, () => square(4));
      if (rows % 4 > 0) body.if(i32.ltS(own, last), () => square(rows % 4));
    });
  });
}
