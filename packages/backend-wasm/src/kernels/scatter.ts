import type { ScatterKernel } from "@adjoint/compiler/kernel";
import { at } from "@adjoint/ir/values";
import { type Callee, i32 } from "../emit/index.ts";
import { type Address, splitAddress } from "../scalar/affine.ts";
import { type LaneDType, isLaneDType } from "../scalar/carriers.ts";
import type { Context } from "../scalar/context.ts";
import { loadElement, storeElement } from "../scalar/element.ts";
import { addressOf, elementValues } from "../scalar/graph.ts";
import { alongAxis, fitsLanes, uniformValues } from "../scalar/lane-axes.ts";
import { LaneGraph } from "../scalar/lane-graph.ts";
import { type Steps, loadLanes, storeLanes } from "../scalar/lane-memory.ts";
import { advance, existing } from "../scalar/point.ts";
import { mapElement } from "../scalar/table.ts";
import { mapVector } from "../scalar/vector.ts";
import { nest } from "./loops.ts";
import type { KernelEnvironment } from "./environment.ts";
import { eachVectorGroup } from "./vector-groups.ts";

const SIDE_BY_SIDE: Steps = [0, 1, 2, 3];

/** Joins values into positions that come from data, in row-major order: lines of neighbours by vectors, else one by one. */
export function scatterKernel(
  environment: KernelEnvironment,
  kernel: ScatterKernel,
): Callee<readonly [], "void"> {
  const { module, math, helpers } = environment;
  const { dtype } = kernel;
  return module.function([], "void", (body) => {
    const context: Context = { body, math, helpers };
    if (isLaneDType(dtype) && dtype !== "bool" && fillsLines(kernel))
      scatterLines(context, environment, kernel, dtype);
    else scatterElements(context, environment, kernel);
  });
}

/** True if the last axis goes to neighbouring positions, all of them looked up by the same indices. */
function fillsLines({ domain, body, value, dtype, index, dynamic }: ScatterKernel): boolean {
  const last = domain.length - 1;
  const axes = alongAxis(last);
  const uniform = uniformValues(body, axes);
  return (
    domain.length > 0 &&
    at(domain, last) >= 4 &&
    index.strides[last] === 1 &&
    dynamic.every((term) => uniform[term.value] === true) &&
    fitsLanes(body, axes, [{ value, dtype }])
  );
}

function scatterLines(
  context: Context,
  { addressing }: KernelEnvironment,
  { domain, body: graph, value, dynamic, index, buffer, reduction }: ScatterKernel,
  dtype: LaneDType,
): void {
  const { body } = context;
  const last = domain.length - 1;
  const size = at(domain, last);
  const lanes = new LaneGraph(context, addressing, graph, alongAxis(last));
  nest(body, domain.slice(0, last), (line) => {
    lanes.enter([...line, i32.const(0)], [value]);
    const move = body.let(i32.const(0));
    advance(context, addressing, { dynamic, dtype }, move, (id) => lanes.element(id));
    const whole = { start: i32.const(0), end: i32.const(size), isPart: false };
    eachVectorGroup(body, whole, { size, step: 4, vectors: 1 }, (point, [count = 4]) => {
      const [values = []] = lanes.values([...line, point], [count]);
      const own = values[value] ?? lanes.splat(value);
      const { base, offset } = splitAddress(addressing, buffer, index, [...line, point], dynamic);
      const address: Address = { base: body.let(i32.add(base, move)), offset };
      const old = (): ReturnType<typeof loadLanes> => loadLanes(context, dtype, address, SIDE_BY_SIDE, count);
      const joined = reduction === "none" ? own : mapVector(context, reduction, [old(), own], dtype, dtype);
      if (joined === undefined) throw new TypeError(`${reduction} of ${dtype} has no vector code`);
      storeLanes(context, dtype, address, SIDE_BY_SIDE, count, joined);
    });
  });
}

function scatterElements(
  context: Context,
  { addressing }: KernelEnvironment,
  { domain, body: graph, value: result, dynamic, index, buffer, dtype, reduction }: ScatterKernel,
): void {
  const { body } = context;
  nest(body, domain, (coordinates) => {
    const values = elementValues(context, addressing, graph, coordinates);
    const address = body.let(addressOf(addressing, buffer, index, coordinates));
    advance(context, addressing, { dynamic, dtype }, address, (id) => existing(values, id));
    const value = existing(values, result);
    const join = (name: Exclude<typeof reduction, "none">): ReturnType<typeof mapElement> =>
      mapElement(context, name, [body.let(loadElement(context, dtype, address)), value], dtype, dtype);
    const joined = reduction === "none" ? value : join(reduction);
    body.run(storeElement(context, dtype, address, joined));
  });
}
