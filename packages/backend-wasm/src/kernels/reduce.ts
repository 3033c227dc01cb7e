import type { ReduceKernel } from "@adjoint/compiler/kernel";
import { type Value, i32 } from "../emit/index.ts";
import { alongAxis, fitsLanes, sharesLookup, uniformValues } from "../scalar/lane-axes.ts";
import { costOf } from "./cost.ts";
import { joiningOf } from "./fold.ts";
import { foldsLanes } from "./lane-fold.ts";
import type { KernelEnvironment } from "./environment.ts";
import type { Ranged } from "./ranged.ts";
import { columnFolds } from "./reduce-columns.ts";
import { type Region, layOut } from "../region.ts";
import { type Partials, type Phase, type ReduceMode, type Reducing } from "./reduce-mode.ts";
import { elementFolds, lineFolds } from "./reduce-lines.ts";
import { pointsOf, unitsOf, walkUnits } from "./units.ts";

/** With fewer results than this, threads share the terms of each. */
const FEW = 16;
/** Terms of a partial result, at least. */
const TERMS = 8192;
const MOST_PARTS = 64;

const up4 = (size: number): number => Math.ceil(size / 4) * 4;

/** Divides the terms of few results, by sizes alone; undefined if they stay whole. */
function divisionOf({
  outer,
  inner,
  reductions,
}: ReduceKernel): { parts: number; block: number } | undefined {
  const terms = pointsOf(inner);
  const [first = 1] = inner;
  const parts = Math.min(
    MOST_PARTS,
    Math.floor((terms * Math.max(1, pointsOf(outer))) / TERMS),
    Math.floor(terms / 256),
  );
  const canJoin = reductions.every((reduction) => joiningOf(reduction) !== undefined);
  if (!canJoin || pointsOf(outer) >= FEW || parts < 4 || first < 2) return undefined;
  // Blocks of a line begin at whole groups of vectors.
  const step = inner.length === 1 ? 16 : 1;
  const block = Math.ceil(first / parts / step) * step;
  return { parts: Math.ceil(first / block), block };
}

/** Bytes of a partial result of every fold. */
const partBytes = ({ outer }: ReduceKernel): number =>
  8 * pointsOf(outer.slice(0, -1)) * up4(outer.at(-1) ?? 1);

/** The kernel's workspace, if it gets one: the partial results of each reduction. */
export function reduceRegions(kernel: ReduceKernel): readonly Region[] {
  const parts = divisionOf(kernel)?.parts;
  if (parts === undefined) return [];
  const bytes = parts * partBytes(kernel);
  return kernel.reductions.map((_, index) => ({ name: `partial ${index}`, bytes, perThread: false }));
}

/** Chooses the walk of a reduction: by neighbouring terms, by neighbouring results, or one by one. */
function modeOf(reducing: Reducing): ReduceMode {
  const { kernel } = reducing;
  const { body, outer, inner, reductions } = kernel;
  const roots = reductions.map(({ value, dtype }) => ({ value, dtype }));
  const fits = (axis: number): boolean =>
    reductions.every(foldsLanes) && fitsLanes(body, alongAxis(axis), roots);
  /** The cost of loading four neighbours, divided by the share of lanes that are used. */
  const price = (axis: number, size: number): number => {
    if (axis < 0 || size < 3 || !fits(axis)) return Infinity;
    const uniform = uniformValues(body, alongAxis(axis));
    const loads = body.map((node) => {
      if (node.kind !== "load") return 0;
      const stride = Math.abs(node.index.strides[axis] ?? 0);
      const reach = sharesLookup(node, uniform) ? 0 : 8;
      return reach + (stride === 0 ? 0.5 : stride === 1 ? 1 : stride === 2 ? 2 : 8);
    });
    const used = size / up4(size);
    return (loads.reduce((sum, cost) => sum + cost, costOf(body) / 4) + 1) / used;
  };
  const columns = price(outer.length - 1, outer.at(-1) ?? 1);
  // Joining the lanes of a line costs about as much as six vectors.
  const size = inner.at(-1) ?? 1;
  const lines = price(outer.length + inner.length - 1, size) * (1 + 6 / Math.max(1, pointsOf(inner) / 4));
  const single = body.reduce((sum, node) => sum + (node.kind === "load" ? 1 : 0), costOf(body)) * 4 + 4;
  if (columns <= lines && columns <= single) return columnFolds(reducing);
  return lines <= single ? lineFolds(reducing) : elementFolds(reducing);
}

/**
 * Folds. Their order depends on sizes alone. With a workspace of `reduceRegions`, the terms of few large folds
 * are units too, whose partial results a second set of units joins.
 */
export function reduceKernel(
  environment: KernelEnvironment,
  kernel: ReduceKernel,
  workspace?: number,
  gap = 0,
): Ranged {
  const { module, math, helpers } = environment;
  const { outer, inner, body: graph, epilogue, reductions, stores } = kernel;
  const division = workspace === undefined ? undefined : divisionOf(kernel);
  const points = pointsOf(outer);
  const terms = points * pointsOf(inner) * (costOf(graph) + reductions.length);
  const finish = points * (costOf(epilogue) + stores.length);
  const ranged = (
    lead: readonly number[],
    cost: number,
    phaseOf: (part: Value<"i32">) => Phase,
    joins?: Ranged,
  ): Ranged => {
    let units = 0;
    const callee = module.function(["i32", "i32"], "void", (body, first, last) => {
      const mode = modeOf({ context: { body, math, helpers }, environment, kernel });
      const sizes = [...lead, ...mode.outer];
      const shared = unitsOf(sizes, mode.size, 16, mode.least);
      units = points === 0 ? 0 : shared.count;
      walkUnits(body, sizes, mode.size, shared, [first, last], (line) => {
        const [part = i32.const(0)] = line.outer;
        mode.write({ ...line, outer: line.outer.slice(lead.length) }, phaseOf(part));
      });
    });
    return { callee, units, cost, ...(joins === undefined ? {} : { joins }) };
  };
  if (division === undefined || workspace === undefined)
    return ranged([], terms + finish, () => ({ kind: "whole" }));
  const { parts, block } = division;
  const { offsets } = layOut(reduceRegions(kernel), 1, gap);
  const addresses = Object.values(offsets).map((offset) => workspace + offset);
  const partials: Partials = { addresses, parts, block, bytes: partBytes(kernel) };
  const joined = ranged([], parts * points + finish, () => ({ kind: "join", partials }));
  return ranged([parts], terms, (part) => ({ kind: "part", partials, part }), joined);
}
