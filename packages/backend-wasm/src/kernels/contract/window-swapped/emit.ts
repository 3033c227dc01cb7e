import { type Callee, type ModuleBuilder, call, i32, memory, select } from "../../../emit/index.ts";
import { emitFinish, emittedOf } from "../epilogue/epilogue.ts";
import { emitImageCopy } from "../padded-copy.ts";
import { placeOf } from "../operand.ts";
import { emitPack } from "../pack/pack.ts";
import { leaveIfEmpty, threadRegions } from "../regions.ts";
import type { Plan, SwappedPlan } from "../contraction.ts";
import { tableBytes } from "../window/plan.ts";
import { SHARED, rangeOf } from "../../../share.ts";
import { emitSwappedStripe } from "../micro-kernel/panel-kernel.ts";
import { emitTurn, overTurned, turnedLine, writeOffsets } from "../transpose.ts";
import { writeTables } from "../window/emit.ts";

/**
 * A contraction over windows whose runs are no whole slivers: the sides are swapped. Positions are the micro-kernel's rows,
 * read where they lie by offsets; the kernel's rows are packed to slivers. Sums are kept as [position, row] and turned at the
 * end.
 *
 * Precondition: that of windows; at least 64 terms, and rows that fill slivers better than runs do.
 * Regions: those of windows, places (each position's offset), and turned (as many rows of sums as a vector holds).
 * Cost: that of windows with whole slivers, and a pass over the sums.
 */
export function emitSwapped(
  module: ModuleBuilder,
  plan: Plan,
  shape: SwappedPlan,
  workspace: number,
): Callee<typeof SHARED, "void"> {
  const { sizes, lane, right, left, split } = plan;
  const { window, images, tiles, width, depth, depthBlocks, group, most, positions } = shape;
  const { image } = window;
  const { rows } = sizes;
  const slivers = Math.ceil(rows / width);
  const tileRow = slivers * width * lane.bytes;
  const line = turnedLine(most, lane);
  const stripe = emitSwappedStripe(module, { lane, width, tiles, tileRow, blocks: depthBlocks > 1 });
  const packing = { width, panel: shape.leftPanel, lines: shape.leftLines, first: 0, end: rows };
  const pack = emitPack(module, plan.emitLine, left, shape.leftAccess, lane, packing);
  const copy = image && emitImageCopy(module, image, right, lane);
  const turn = emitTurn(module, lane, tileRow, line);
  const finish = emitFinish(module, emittedOf(plan.epilogue, lane), lane, line, positions);

  return module.function(SHARED, "void", (body, thread, ...share) => {
    const range = rangeOf(body, split, share);
    const [batch, batchEnd] = range("batch", sizes.batch, sizes.batch, 1);
    const [row0, row1] = range("rows", rows, slivers, width);
    const [outer0, outer1] = range("columns", images, images, 1);
    leaveIfEmpty(body, [batch, batchEnd], [row0, row1], [outer0, outer1]);
    const region = threadRegions(body, shape.regions, workspace, plan.gap, thread);
    const [panel, tables, lines, padded] = [
      region("panel"),
      region("tables"),
      region("lines"),
      region("image"),
    ];
    const [places, kept, turned] = [region("places"), region("sums"), region("turned")];
    writeTables(body, window.terms, tables, sizes.inner, depth);
    const positionsPart = [...window.middle, { size: window.run, stride: lane.bytes, guards: [] }];
    writeOffsets(body, positionsPart, places, positions);
    const [block, k0, terms] = [body.local("i32"), body.local("i32"), body.local("i32")];
    const [packed, table] = [body.local("i32"), body.local("i32")];
    const overBlocks = (write: () => void): void => {
      body.set(block, i32.const(0));
      body.set(packed, panel);
      body.set(table, tables);
      body.for(block, i32.const(depthBlocks), 1, () => {
        body.set(k0, i32.mul(block, i32.const(depth)));
        body.set(terms, i32.sub(i32.const(sizes.inner), k0));
        body.set(terms, select(i32.gtS(terms, i32.const(depth)), i32.const(depth), terms));
        write();
        body.set(packed, i32.add(packed, i32.const(shape.leftPanel.bytes)));
        body.set(table, i32.add(table, i32.const(tableBytes(depth))));
      });
    };
    const [b, tile, row] = [body.local("i32"), body.local("i32"), body.local("i32")];
    body.for(batch, batchEnd, 1, () => {
      const zero = body.let(i32.const(0));
      overBlocks(() => body.run(call(pack, packed, row0, i32.sub(row1, row0), k0, terms, batch, lines)));
      if (image !== undefined) body.run(memory.fill(padded, zero, i32.const(image.bytes)));
      const base = body.let(placeOf(body, right.batch, batch, i32.const(right.address)));
      const outer = body.let(outer0);
      body.for(outer, outer1, 1, () => {
        const source = body.let(placeOf(body, window.outer, outer, base));
        if (copy !== undefined && image !== undefined)
          body.run(call(copy, padded, i32.add(source, i32.const(image.start))));
        const start = copy === undefined ? source : body.let(i32.add(padded, i32.const(window.origin)));
        const firstColumn = body.let(i32.mul(outer, i32.const(positions)));
        const [first, end] = [body.let(zero), body.local("i32")];
        body.block((exit) =>
          body.loop((again) => {
            body.jumpIf(exit, i32.geS(first, i32.const(positions)));
            body.set(end, i32.add(first, i32.const(group)));
            // The thinner tiles go with the group that reaches them.
            body.if(i32.gtS(end, i32.const(tiles.main)), () => body.set(end, i32.const(positions)));
            const own = body.let(i32.add(places, i32.shl(first, i32.const(2))));
            overBlocks(() => {
              body.run(i32.store(table, start, 4));
              body.set(row, row0);
              body.set(b, packed);
              body.set(tile, kept);
              body.for(row, row1, width, () => {
                const bEnd = i32.add(b, i32.mul(terms, i32.const(width * lane.bytes)));
                body.run(call(stripe, own, b, bEnd, tile, table, first, end));
                body.set(b, i32.add(b, i32.const(width * shape.leftPanel.row)));
                body.set(tile, i32.add(tile, i32.const(width * lane.bytes)));
              });
            });
            overTurned(
              body,
              lane,
              { turn, turned, tile: kept, first: row0, end: row1, columns: i32.sub(end, first) },
              (from, to) =>
                body.run(
                  call(
                    finish,
                    turned,
                    from,
                    to,
                    i32.add(firstColumn, first),
                    i32.add(firstColumn, end),
                    batch,
                  ),
                ),
            );
            body.set(first, end);
            body.jump(again);
          }),
        );
      });
    });
  });
}
