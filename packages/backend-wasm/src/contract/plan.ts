import type { BufferId, ContractKernel } from "@adjoint/compiler";
import { elementCount } from "@adjoint/ir";
import {
  type BlockPlan,
  type VectorPlan,
  blockPlan,
  blockRegions,
  vectorPlan,
  vectorRegions,
} from "./block-plan.ts";
import { type Epilogue, emittedOf } from "./epilogue.ts";
import { type Lane, laneOf, sumTypeOf } from "./lane.ts";
import { type Operand, operandOf } from "./operand.ts";
import type { Split } from "../share.ts";
import type { PlanOptions, Regions, Sizes } from "./sizes.ts";
import { type TapsPlan, tapsPlan, tapsRegions } from "./taps-plan.ts";
import {
  type TurnedPlan,
  type WindowPlan,
  turnedPlan,
  turnedRegions,
  windowPlan,
  windowRegions,
} from "./window-plan.ts";
import { imagesOf } from "./window.ts";

/** Slivers up to which storing the last one's columns one by one would weigh too much. */
const RAGGED_SLIVERS = 4;

/** Bytes past an operand's last element that may be read (never used): memory must go on that far behind every buffer. */
export const READ_SLACK = 64;

type Shape = VectorPlan | BlockPlan | WindowPlan | TapsPlan | TurnedPlan;

export interface Plan {
  readonly sizes: Sizes;
  readonly lane: Lane;
  readonly left: Operand;
  readonly right: Operand;
  readonly split: Split;
  readonly shape: Shape;
  /** The epilogue, as code where sums can't be stored by the micro-kernel. */
  readonly epilogue: Epilogue;
  /** Where each region of a thread's workspace begins. */
  readonly regions: Regions;
  /** Bytes of a thread's workspace. */
  readonly threadBytes: number;
}

export function planContraction(
  kernel: ContractKernel,
  options: PlanOptions,
  given: Epilogue,
  address: (buffer: BufferId) => number = () => 0,
): Plan {
  const sizes: Sizes = {
    batch: elementCount(kernel.batch),
    rows: elementCount(kernel.rows),
    columns: elementCount(kernel.columns),
    inner: elementCount(kernel.inner),
  };
  const lane = laneOf(sumTypeOf(kernel.dtype), options.fused === true);
  const left = operandOf(kernel, kernel.left, "rows", address);
  const right = operandOf(kernel, kernel.right, "columns", address);
  const windowed = windowPlan(sizes, lane, left, right, options, given);
  const epilogue = storedBy(given, sizes, lane, windowed, options.wide === true);
  const shape =
    vectorPlan(sizes, lane, left, right) ??
    tapsPlan(kernel, sizes, lane, left, right, options) ??
    (windowed && turnedPlan(sizes, lane, windowed, options)) ??
    (windowed && windowPlan(sizes, lane, left, right, options, epilogue)) ??
    blockPlan(sizes, lane, left, right, options, epilogue);
  const { left: leftBytes, right: rightBytes, lines, tile } = regionsOf(shape, sizes, lane, epilogue);
  const bytes = [leftBytes, rightBytes, lines, tile];
  const start = [0, 0, 0, 0];
  let total = 0;
  bytes.forEach((size, index) => {
    start[index] = total;
    total += Math.ceil(size / 64) * 64;
  });
  const [atLeft = 0, atRight = 0, atLines = 0, atTile = 0] = start;
  return {
    sizes,
    lane,
    left,
    right,
    shape,
    epilogue,
    split: options.split ?? splitOf(sizes, shape),
    regions: { left: atLeft, right: atRight, lines: atLines, tile: atTile },
    threadBytes: total,
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

function regionsOf(shape: Shape, sizes: Sizes, lane: Lane, epilogue: Epilogue): Regions {
  switch (shape.kind) {
    case "vector":
      return vectorRegions(shape, sizes, lane);
    case "block":
      return blockRegions(shape, sizes, lane, epilogue);
    case "window":
      return windowRegions(shape, sizes, lane, epilogue);
    case "turned":
      return turnedRegions(shape, sizes, lane);
    case "taps":
      return tapsRegions(shape, sizes, lane);
  }
}

/** The part with most units of work; columns first, since each thread then packs only what it multiplies. */
function splitOf({ batch, rows, columns }: Sizes, shape: Shape): Split {
  if (batch >= 8) return "batch";
  if (shape.kind === "vector") return shape.matrix;
  if (shape.kind === "taps") {
    const slivers = Math.ceil(rows / shape.width);
    return slivers >= 8 || slivers * shape.tiles.rows >= columns ? "rows" : "columns";
  }
  const slivers =
    shape.kind === "window" || shape.kind === "turned"
      ? imagesOf(shape.window)
      : Math.ceil(columns / shape.width);
  const tiles = Math.ceil(rows / shape.tiles.rows);
  if (batch > 1 && batch >= Math.max(slivers, tiles)) return "batch";
  // Short of an eighth of the work more or less for a thread, columns are the better choice.
  if (slivers >= 8 || slivers >= tiles) return "columns";
  return "rows";
}
