import type { BufferId, ContractKernel } from "@adjoint/compiler/kernel";
import { blockPlan } from "./block/plan.ts";
import { type Epilogue, emittedOf } from "./epilogue/epilogue.ts";
import { type Lane, laneOf, sumTypeOf } from "./lane.ts";
import { operandOf } from "./operand.ts";
import type { Split } from "../../share.ts";
import type { Plan, Shape, WindowPlan } from "./contraction.ts";
import { type PlanOptions, type Sizes, sizesOf } from "./sizes.ts";
import { emitLine } from "./pack/gather-line.ts";
import { tapsPlan } from "./weight-gradient/plan.ts";
import { vectorPlan } from "./matrix-vector/plan.ts";
import { swappedPlan, windowPlan } from "./window/plan.ts";

/** Slivers up to which storing the last one's columns one by one would weigh too much. */
const RAGGED_SLIVERS = 4;

/** Bytes past an operand's last element that may be read (never used): memory must go on that far behind every buffer. */
export const READ_SLACK = 64;

export function planContraction(
  kernel: ContractKernel,
  options: PlanOptions,
  given: Epilogue,
  address: (buffer: BufferId) => number = () => 0,
): Plan {
  const sizes = sizesOf(kernel);
  const lane = laneOf(sumTypeOf(kernel.dtype), options.fused === true);
  const left = operandOf(kernel, kernel.left, "rows", address);
  const right = operandOf(kernel, kernel.right, "columns", address);
  const windowed = windowPlan(sizes, lane, left, right, options, given);
  const epilogue = storedBy(given, sizes, lane, windowed, options.wide === true);
  const shape =
    vectorPlan(sizes, lane, left, right) ??
    tapsPlan(kernel, sizes, lane, left, right, options) ??
    (windowed && swappedPlan(sizes, lane, windowed, options)) ??
    (windowed && windowPlan(sizes, lane, left, right, options, epilogue)) ??
    blockPlan(sizes, lane, left, right, options, epilogue);
  return {
    sizes,
    lane,
    left,
    right,
    shape,
    emitLine,
    epilogue,
    split: options.split ?? splitOf(sizes, shape),
    gap: options.gap ?? 0,
  };
}

/**
 * Code in place of a dense epilogue whose sums the micro-kernel can't store: several runs of columns without windows. With
 * wide vectors also ends of runs that are no whole vectors, for V8 joins only what is stored next to each other.
 */
function storedBy(
  epilogue: Epilogue,
  { columns }: Sizes,
  lane: Lane,
  windowed: WindowPlan | undefined,
  wide: boolean,
): Epilogue {
  if (epilogue.kind === "emitted") return epilogue;
  const run = windowed?.window.run ?? columns;
  const isRagged = wide && run % lane.count !== 0 && run <= RAGGED_SLIVERS * 4 * lane.count;
  const isSpread = windowed === undefined && epilogue.columns.length > 1;
  return isRagged || isSpread ? emittedOf(epilogue, lane) : epilogue;
}

/** The part with most units of work; columns first, since each thread then packs only what it multiplies. */
function splitOf({ batch, rows, columns }: Sizes, shape: Shape): Split {
  if (batch >= 8) return "batch";
  if (shape.kind === "vector") return shape.matrix;
  if (shape.kind === "taps") {
    const slivers = Math.ceil(rows / shape.width);
    return slivers >= 8 || slivers * shape.tiles.rows >= columns ? "rows" : "columns";
  }
  const slivers = "images" in shape ? shape.images : Math.ceil(columns / shape.width);
  const tiles = Math.ceil(rows / shape.tiles.rows);
  if (batch > 1 && batch >= Math.max(slivers, tiles)) return "batch";
  // Short of an eighth of the work more or less for a thread, columns are the better choice.
  if (slivers >= 8 || slivers >= tiles) return "columns";
  return "rows";
}
