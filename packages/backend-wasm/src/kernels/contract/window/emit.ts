import {
  type Body,
  type Callee,
  type Local,
  type ModuleBuilder,
  type Value,
  call,
  i32,
  memory,
  select,
} from "../../../emit/index.ts";
import { emitFinish } from "../epilogue/epilogue.ts";
import { emitImageCopy } from "../padded-copy.ts";
import { TABLE_HEAD } from "../micro-kernel/micro-kernel.ts";
import { type Part, decode, placeOf, weighted } from "../operand.ts";
import { emitPanelPack } from "../pack/left.ts";
import { leaveIfEmpty, threadRegions } from "../regions.ts";
import type { Plan, WindowPlan } from "../contraction.ts";
import { tableBytes } from "./plan.ts";
import { runsOf } from "../windows.ts";
import { SHARED, rangeOf } from "../../../share.ts";
import { type Stripe, emitStripe } from "../micro-kernel/panel-kernel.ts";

/**
 * A contraction whose right side is read through windows, as convolutions do: the micro-kernel finds each term's columns
 * by an offset from a table, so nothing is dealt out to slivers. Padding comes from a copy of one image at a time.
 *
 * Precondition: the right side is plain and no matrix; its last axis of columns, the run, has neighbours, at least a vector of
 * them; guards are those of padding, one for each axis; the image with its padding and the packed left side have at most 1 MB each;
 * a result that is stored as it is has whole runs of neighbours.
 * Regions: panel (the left side, all of it), tables (of each block's terms), lines, image, sums.
 * Cost: the left side packed once a batch, one copy of each image where there is padding; a run that is no whole number of
 * slivers is paid as the next larger one.
 */
export function emitWindows(
  module: ModuleBuilder,
  plan: Plan,
  shape: WindowPlan,
  workspace: number,
): Callee<typeof SHARED, "void"> {
  const { sizes, lane, epilogue, right, split } = plan;
  const { window, images, tiles, width, depth, depthBlocks, tileRow, keptRuns, keptRun } = shape;
  const { run, image } = window;
  const stripe = (columns: number): Stripe =>
    emitStripe(module, {
      lane,
      columns,
      tiles,
      leftRow: lane.bytes,
      tileStep: shape.leftPanel.row,
      rightTerm: 0,
      tileRow,
      blocks: depthBlocks > 1,
      empty: false,
      exact: epilogue.kind === "dense",
      indexed: "right",
    });
  const rest = run % width;
  const whole = run >= width ? stripe(width) : undefined;
  const narrow = rest > 0 ? stripe(rest) : undefined;
  const finish = epilogue.kind === "emitted" ? emitFinish(module, epilogue, lane, tileRow, run) : undefined;
  const pack = emitPanelPack(module, plan, shape);
  const copy = image && emitImageCopy(module, image, right, lane);
  const runs = runsOf(window);
  const rowUnits = tiles.main / tiles.rows + (tiles.thinner > 0 ? 1 : 0);

  return module.function(SHARED, "void", (body, thread, ...share) => {
    const range = rangeOf(body, split, share);
    const [batch, batchEnd] = range("batch", sizes.batch, sizes.batch, 1);
    const [row0, row1] = range("rows", sizes.rows, rowUnits, tiles.rows);
    const [outer0, outer1] = range("columns", images, images, 1);
    leaveIfEmpty(body, [batch, batchEnd], [row0, row1], [outer0, outer1]);
    const region = threadRegions(body, shape.regions, workspace, plan.gap, thread);
    const [panel, terms, lines, padded, kept] = [
      region("panel"),
      region("tables"),
      region("lines"),
      region("image"),
      region("sums"),
    ];
    writeTables(body, window.terms, terms, sizes.inner, depth);
    const [block, k0, count] = [body.local("i32"), body.local("i32"), body.local("i32")];
    const [a, table] = [body.local("i32"), body.local("i32")];
    /** Statements for each block of terms. */
    const overBlocks = (write: () => void): void => {
      body.set(block, i32.const(0));
      body.set(a, panel);
      body.set(table, terms);
      body.for(block, i32.const(depthBlocks), 1, () => {
        body.set(k0, i32.mul(block, i32.const(depth)));
        body.set(count, i32.sub(i32.const(sizes.inner), k0));
        body.set(count, select(i32.gtS(count, i32.const(depth)), i32.const(depth), count));
        write();
        body.set(a, i32.add(a, i32.const(shape.leftPanel.bytes)));
        body.set(table, i32.add(table, i32.const(tableBytes(depth))));
      });
    };
    body.for(batch, batchEnd, 1, () => {
      const zero = body.let(i32.const(0));
      overBlocks(() => pack(body, a, row0, row1, k0, count, batch, lines));
      if (image !== undefined) body.run(memory.fill(padded, zero, i32.const(image.bytes)));
      const base = body.let(placeOf(body, right.batch, batch, i32.const(right.address)));
      const result =
        epilogue.kind === "dense"
          ? body.let(placeOf(body, epilogue.batch, batch, i32.const(epilogue.address)))
          : undefined;
      const outer = body.let(outer0);
      const [tile, column] = [body.local("i32"), body.local("i32")];
      body.for(outer, outer1, 1, () => {
        const source = body.let(placeOf(body, window.outer, outer, base));
        if (copy !== undefined && image !== undefined)
          body.run(call(copy, padded, i32.add(source, i32.const(image.start))));
        const start = copy === undefined ? source : body.let(i32.add(padded, i32.const(window.origin)));
        const first = body.let(i32.const(0));
        body.for(first, i32.const(runs), keptRuns, () => {
          const [middle, at, b] = [body.local("i32"), body.local("i32"), body.local("i32")];
          const stop = body.let(i32.add(first, i32.const(keptRuns)));
          body.set(stop, select(i32.gtS(stop, i32.const(runs)), i32.const(runs), stop));
          const columnOf = (place: Local<"i32">): Value<"i32"> =>
            i32.mul(i32.add(i32.mul(outer, i32.const(runs)), place), i32.const(run));
          const overRuns = (write: () => void): void => {
            body.set(middle, first);
            body.set(at, kept);
            body.for(middle, stop, 1, () => {
              body.set(column, columnOf(middle));
              write();
              body.set(at, i32.add(at, i32.const(keptRun * lane.bytes)));
            });
          };
          overBlocks(() => {
            const end = body.let(i32.add(table, i32.mul(count, i32.const(4))));
            overRuns(() => {
              body.set(b, placeOf(body, window.middle, middle, start));
              body.set(tile, at);
              if (result !== undefined && epilogue.kind === "dense") {
                const line = i32.add(result, i32.mul(row0, i32.const(epilogue.row)));
                body.set(tile, placeOf(body, epilogue.columns, column, line));
              }
              const one = (callee: Stripe): void =>
                body.run(call(callee, a, b, end, tile, table, row0, row1));
              if (whole !== undefined) {
                const sliver = body.let(i32.const(0));
                body.for(sliver, i32.const(Math.floor(run / width)), 1, () => {
                  one(whole);
                  body.set(b, i32.add(b, i32.const(width * lane.bytes)));
                  body.set(tile, i32.add(tile, i32.const(width * lane.bytes)));
                  body.set(column, i32.add(column, i32.const(width)));
                });
              }
              if (narrow !== undefined) one(narrow);
            });
          });
          if (finish === undefined) return;
          overRuns(() => {
            const columnEnd = i32.add(column, i32.const(run));
            body.run(call(finish, at, row0, row1, column, columnEnd, batch));
          });
        });
      });
    });
  });
}

/** For each block of terms whether it adds (its first term), then the byte offset of each term. */
export function writeTables(body: Body, part: Part, to: Local<"i32">, terms: number, depth: number): void {
  const strides = part.map((axis) => axis.stride);
  const term = body.let(i32.const(0));
  const at = body.let(to);
  body.for(term, i32.const(terms), 1, () => {
    body.if(i32.eqz(i32.remU(term, i32.const(depth))), () => {
      body.run(i32.store(at, term));
      body.set(at, i32.add(at, i32.const(TABLE_HEAD)));
    });
    body.run(i32.store(at, weighted(i32.const(0), decode(body, part, term), strides)));
    body.set(at, i32.add(at, i32.const(4)));
  });
}
