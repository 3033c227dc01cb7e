import type { BufferId, ContractKernel } from "@adjoint/compiler/kernel";
import { type Callee, type Local, type ModuleBuilder, call, i32, select } from "../../emit/index.ts";
import { type Epilogue, emitFinish } from "./epilogue/epilogue.ts";
import { type Operand, placeOf } from "./operand.ts";
import { emitPack } from "./pack/pack.ts";
import { emitPanelPack } from "./pack/left.ts";
import { planContraction } from "./plan.ts";
import { leaveIfEmpty, threadRegions } from "./regions.ts";
import { type Region, layOut } from "../../region.ts";
import type { BlockPlan, Plan } from "./contraction.ts";
import type { PlanOptions } from "./sizes.ts";
import { SHARED, type Split, rangeOf } from "../../share.ts";
import { type Stripe, emitStripe } from "./micro-kernel/panel-kernel.ts";
import { emitVector } from "./matrix-vector/emit.ts";
import { emitWindows } from "./window/emit.ts";
import { emitTaps } from "./weight-gradient/emit.ts";
import { emitSwapped } from "./window-swapped/emit.ts";

interface WorkspaceOptions extends PlanOptions {
  /** What becomes of the sums. */
  readonly epilogue: Epilogue;
}

export interface ContractionOptions extends WorkspaceOptions {
  /** Where a buffer lies, in bytes. READ_SLACK bytes behind each buffer must be memory too: they may be read, not used. */
  readonly address: (buffer: BufferId) => number;
  /** Where the regions lie that `regionsOf` says, a multiple of 64. */
  readonly workspace: number;
}

/** A contraction as a function of (thread, from, to, parts); the numbers don't depend on them. */
export interface Contraction {
  readonly run: Callee<typeof SHARED, "void">;
  /** A share is a range of this. */
  readonly split: Split;
}

/** What a contraction works in. */
export const regionsOf = (kernel: ContractKernel, options: WorkspaceOptions): readonly Region[] =>
  planContraction(kernel, options, options.epilogue).shape.regions;

/** Bytes of that, for all threads. */
export const workspaceBytes = (kernel: ContractKernel, options: WorkspaceOptions): number =>
  layOut(regionsOf(kernel, options), options.threads ?? 1, options.gap).bytes;

/**
 * Writes the functions of a contraction. Each thread calls `run` with its number, below `options.threads`, and the parts that it
 * takes; none waits for another. Blocking as in Goto and van de Geijn, "Anatomy of High-Performance Matrix
 * Multiplication" (2008).
 */
export function emitContraction(
  module: ModuleBuilder,
  kernel: ContractKernel,
  options: ContractionOptions,
): Contraction {
  const { workspace } = options;
  const plan = planContraction(kernel, options, options.epilogue, options.address);
  const { batch, rows, columns } = plan.sizes;
  if (batch === 0 || rows === 0 || columns === 0)
    return { run: module.function(SHARED, "void", () => {}), split: plan.split };
  const { shape } = plan;
  const run = (): Contraction["run"] => {
    switch (shape.kind) {
      case "block":
        return emitBlocks(module, plan, shape, workspace);
      case "vector":
        return emitVector(module, plan, shape, workspace);
      case "window":
        return emitWindows(module, plan, shape, workspace);
      case "swapped":
        return emitSwapped(module, plan, shape, workspace);
      case "taps":
        return emitTaps(module, plan, shape, workspace);
    }
  };
  return { run: run(), split: plan.split };
}

type Word = Local<"i32">;
/** What a stripe is called with. */
type Arguments = readonly [Word, Word, Word, Word, Word, Word, Word];

/**
 * Blocks of terms, columns and rows, either side packed to slivers or read in place.
 *
 * Precondition: none; this is what all else falls back to. The left side is read in place where its steps along rows and terms
 * are one each and not negative, the right side where its columns are neighbours, its terms have a step above zero and one
 * tile has all rows.
 * Regions: panel (left slivers of a block of rows), slivers (right ones of a block of columns), lines, and sums where they
 * go to an epilogue's own loop or wait for another block of terms.
 * Cost: 2·rows·columns·inner flops; packing moves the right side once for each block of kept rows, the left once for each block of columns.
 */
function emitBlocks(
  module: ModuleBuilder,
  plan: Plan,
  shape: BlockPlan,
  workspace: number,
): Callee<typeof SHARED, "void"> {
  const { sizes, lane, epilogue } = plan;
  const { width, depth, depthBlocks, blockColumns, blockRows, keptRows, tiles, tileRow } = shape;
  const { rows, columns } = sizes;
  const rest = columns % width;
  const stripe = (count: number): Stripe =>
    emitStripe(module, {
      lane,
      columns: count,
      tiles,
      leftRow: shape.left.row,
      ...(!shape.left.packed && { leftTerm: shape.left.term }),
      tileStep: shape.left.tileStep,
      rightTerm: shape.right.term,
      tileRow,
      blocks: depthBlocks > 1,
      empty: sizes.inner === 0,
      exact: epilogue.kind === "dense",
    });
  const whole = columns >= width ? stripe(width) : undefined;
  const narrow = rest > 0 ? stripe(rest) : undefined;
  const finish =
    epilogue.kind === "emitted" ? emitFinish(module, epilogue, lane, tileRow, columns) : undefined;
  const packLeft = shape.left.packed && sizes.inner > 0 ? emitPanelPack(module, plan, shape) : undefined;
  const packRight =
    shape.right.packed && sizes.inner > 0
      ? emitPack(module, plan.emitLine, plan.right, shape.rightAccess, lane, {
          width,
          panel: shape.rightPanel,
          lines: shape.rightLines,
          first: 0,
          end: columns,
        })
      : undefined;
  const termBytes = width * lane.bytes;
  const rowUnits = tiles.main / tiles.rows + (tiles.thinner > 0 ? 1 : 0);

  return module.function(SHARED, "void", (body, thread, ...share) => {
    const range = rangeOf(body, plan.split, share);
    const [batch, batchEnd] = range("batch", sizes.batch, sizes.batch, 1);
    const [row0, row1] = range("rows", rows, rowUnits, tiles.rows);
    const [column0, column1] = range("columns", columns, Math.ceil(columns / width), width);
    leaveIfEmpty(body, [batch, batchEnd], [row0, row1], [column0, column1]);
    const region = threadRegions(body, shape.regions, workspace, plan.gap, thread);
    const [panel, slivers, lines, sums] = [
      region("panel"),
      region("slivers"),
      region("lines"),
      region("sums"),
    ];
    const overRows = (
      from: Local<"i32">,
      end: Local<"i32">,
      step: number,
      write: (at: Local<"i32">, to: Local<"i32">) => void,
    ): void => {
      const at = body.let(from);
      const to = body.local("i32");
      body.block((exit) =>
        body.loop((again) => {
          body.jumpIf(exit, i32.geS(at, end));
          body.set(to, i32.add(at, i32.const(step)));
          // The thinner tiles go with the block that reaches them.
          body.if(i32.gtS(to, i32.const(tiles.main)), () => body.set(to, i32.const(rows)));
          body.set(to, select(i32.gtS(to, end), end, to));
          write(at, to);
          body.set(at, to);
          body.jump(again);
        }),
      );
    };
    const sliver = (column: Word, ...operands: Arguments): void => {
      if (whole !== undefined && narrow !== undefined) {
        body.if(
          i32.leS(column, i32.const(columns - width)),
          () => body.run(call(whole, ...operands)),
          () => body.run(call(narrow, ...operands)),
        );
      } else if (whole !== undefined) body.run(call(whole, ...operands));
      else if (narrow !== undefined) body.run(call(narrow, ...operands));
    };

    body.for(batch, batchEnd, 1, () => {
      const base = (operand: Operand): Local<"i32"> =>
        body.let(placeOf(body, operand.batch, batch, i32.const(operand.address)));
      const leftBase = shape.left.packed ? undefined : base(plan.left);
      const rightBase = shape.right.packed ? undefined : base(plan.right);
      const resultBase =
        epilogue.kind === "dense"
          ? body.let(placeOf(body, epilogue.batch, batch, i32.const(epilogue.address)))
          : undefined;
      overRows(row0, row1, keptRows, (kept, keptEnd) => {
        const j0 = body.let(column0);
        body.for(j0, column1, blockColumns, () => {
          const j1 = body.let(i32.add(j0, i32.const(blockColumns)));
          body.set(j1, select(i32.gtS(j1, column1), column1, j1));
          const block = body.let(i32.const(0));
          body.for(block, i32.const(depthBlocks), 1, () => {
            const k0 = body.let(i32.mul(block, i32.const(depth)));
            const terms = body.let(i32.sub(i32.const(sizes.inner), k0));
            body.set(terms, select(i32.gtS(terms, i32.const(depth)), i32.const(depth), terms));
            const isLast = body.let(i32.eq(block, i32.const(depthBlocks - 1)));
            if (packRight !== undefined)
              body.run(call(packRight, slivers, j0, i32.sub(j1, j0), k0, terms, batch, lines));
            overRows(kept, keptEnd, blockRows, (row, to) => {
              packLeft?.(body, panel, row, to, k0, terms, batch, lines);
              const a = body.let(
                leftBase === undefined
                  ? panel
                  : i32.add(
                      i32.add(leftBase, i32.mul(row, i32.const(shape.left.row))),
                      i32.mul(k0, i32.const(shape.left.term)),
                    ),
              );
              const b = body.let(
                rightBase === undefined
                  ? slivers
                  : i32.add(
                      i32.add(rightBase, i32.mul(j0, i32.const(lane.bytes))),
                      i32.mul(k0, i32.const(shape.right.term)),
                    ),
              );
              const bytes = body.let(i32.mul(terms, i32.const(shape.right.term)));
              const bEnd = body.local("i32");
              const column = body.let(j0);
              const firstRow = depthBlocks === 1 ? i32.const(0) : i32.sub(row, kept);
              const tile = body.let(
                resultBase === undefined
                  ? i32.add(sums, i32.mul(firstRow, i32.const(tileRow)))
                  : i32.add(
                      i32.add(resultBase, i32.mul(row, i32.const(tileRow))),
                      i32.mul(column, i32.const(lane.bytes)),
                    ),
              );
              const at = body.let(tile);
              body.for(column, j1, width, () => {
                body.set(bEnd, i32.add(b, bytes));
                sliver(column, a, b, bEnd, at, block, row, to);
                body.set(b, i32.add(b, i32.const(shape.right.sliver)));
                body.set(at, i32.add(at, i32.const(termBytes)));
              });
              if (finish === undefined) return;
              body.if(isLast, () => body.run(call(finish, tile, row, to, j0, j1, batch)));
            });
          });
        });
      });
    });
  });
}
