import type { BufferId, ContractKernel } from "@adjoint/compiler/kernel";
import type { Split } from "../../share.ts";
import { type BlockPlan, blockPlan } from "./block/plan.ts";
import { type Contraction, type PlanOptions, contractionOf } from "./contraction.ts";
import { type Epilogue, emittedOf } from "./epilogue/epilogue.ts";
import { type MatrixVectorPlan, matrixVectorPlan } from "./matrix-vector/plan.ts";
import { type WeightGradientPlan, weightGradientPlan } from "./weight-gradient/plan.ts";
import { type WindowSwappedPlan, windowSwappedPlan } from "./window-swapped/plan.ts";
import { type WindowPlan, windowPlan } from "./window/plan.ts";

/** Panels up to which storing the columns of the last one by one would weigh too much. */
const RAGGED_PANELS = 4;

/** The ways to compute a contraction, each with what it has to know. */
export type WayPlan = MatrixVectorPlan | BlockPlan | WindowPlan | WindowSwappedPlan | WeightGradientPlan;

/** The chosen way to compute a contraction. */
export interface Plan {
  /** Its epilogue is code if the micro-kernel can't store the sums. */
  readonly contraction: Contraction;
  readonly way: WayPlan;
  /** The part that threads share. */
  readonly split: Split;
}

/** Chooses the way: the first in this order whose precondition holds. */
export function planContraction(
  kernel: ContractKernel,
  options: PlanOptions,
  epilogue: Epilogue,
  address: (buffer: BufferId) => number = () => 0,
): Plan {
  const given = contractionOf(kernel, options, epilogue, address);
  const windows = windowPlan(given);
  const contraction = { ...given, epilogue: storableEpilogue(given, windows) };
  const way =
    matrixVectorPlan(contraction) ??
    weightGradientPlan(contraction) ??
    (windows && windowSwappedPlan(contraction, windows)) ??
    (windows && windowPlan(contraction)) ??
    blockPlan(contraction);
  return { contraction, way, split: options.split ?? splitOf(contraction, way) };
}

/**
 * Code instead of a dense epilogue if the micro-kernel can't store the sums: columns are several runs without windows. With wide
 * vectors also if runs end with part of a vector, because V8 joins only vectors that are stored next to each other.
 */
function storableEpilogue(
  { epilogue, sizes: { columns }, lane, wide }: Contraction,
  windows: WindowPlan | undefined,
): Epilogue {
  if (epilogue.kind === "emitted") return epilogue;
  const run = windows?.windows.run ?? columns;
  const isRagged = wide && run % lane.count !== 0 && run <= RAGGED_PANELS * 4 * lane.count;
  const isSpread = windows === undefined && epilogue.columns.length > 1;
  return isRagged || isSpread ? emittedOf(epilogue, lane) : epilogue;
}

/** The part with most units of work. Columns come first, because each thread then packs only what it multiplies. */
function splitOf({ sizes: { batch, rows, columns } }: Contraction, way: WayPlan): Split {
  if (batch >= 8) return "batch";
  if (way.kind === "matrixVector") return way.matrix;
  if (way.kind === "weightGradient") {
    const panels = Math.ceil(rows / way.width);
    return panels >= 8 || panels * way.tiles.rows >= columns ? "rows" : "columns";
  }
  const panels = "images" in way ? way.images : Math.ceil(columns / way.width);
  const tiles = Math.ceil(rows / way.tiles.rows);
  if (batch > 1 && batch >= Math.max(panels, tiles)) return "batch";
  // With 8 panels a thread has at most an eighth of the work more or less than others: then columns are the better choice.
  if (panels >= 8 || panels >= tiles) return "columns";
  return "rows";
}
