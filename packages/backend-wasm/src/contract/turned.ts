import { type Callee, type Local, type ModuleBuilder, call, i32, memory, select } from "../emit/index.ts";
import { emitFinish, emittedOf } from "./epilogue.ts";
import { emitImageCopy } from "./image.ts";
import { placeOf } from "./operand.ts";
import { emitPack } from "./pack.ts";
import type { Plan, TurnedPlan } from "./shapes.ts";
import { paddedTo } from "./sizes.ts";
import { tableBytes } from "./window-plan.ts";
import { SHARED, rangeOf } from "../share.ts";
import { emitStripe } from "./stripe.ts";
import { emitTurn, writeOffsets } from "./turn.ts";
import { writeTables } from "./windowed.ts";

/**
 * A contraction over windows whose runs are no whole slivers: sides change places, so that positions are the
 * micro-kernel's rows, read where they lie by offsets, and the kernel's rows are packed to slivers. Sums are kept as
 * [position, row] and turned at the end.
 */
export function emitTurned(
  module: ModuleBuilder,
  plan: Plan,
  shape: TurnedPlan,
  workspace: number,
): Callee<typeof SHARED, "void"> {
  const { sizes, lane, regions, right, left, split } = plan;
  const { window, images, tiles, width, depth, depthBlocks, group, most, positions } = shape;
  const { image } = window;
  const { rows } = sizes;
  const slivers = Math.ceil(rows / width);
  const tileRow = slivers * width * lane.bytes;
  const line = paddedTo(most, lane.count) * lane.bytes;
  const blockBytes = slivers * width * depth * lane.bytes;
  const stripe = emitStripe(module, {
    lane,
    columns: width,
    tiles,
    leftRow: 0,
    tileStep: 4,
    rightTerm: width * lane.bytes,
    tileRow,
    blocks: depthBlocks > 1,
    empty: false,
    exact: false,
    indexed: "left",
    withinRuns: true,
  });
  const pack = emitPack(module, plan.emitLine, left, shape.leftAccess, lane, {
    width,
    depth,
    first: 0,
    end: rows,
    block: slivers * width,
  });
  const copy = image && emitImageCopy(module, image, right, lane);
  const turn = emitTurn(module, lane, tileRow, line);
  const finish = emitFinish(module, emittedOf(plan.epilogue, lane), lane, line, positions);

  return module.function(SHARED, "void", (body, thread, ...share) => {
    const range = rangeOf(body, split, share);
    const [batch, batchEnd] = range("batch", sizes.batch, sizes.batch, 1);
    const [row0, row1] = range("rows", rows, slivers, width);
    const [outer0, outer1] = range("columns", images, images, 1);
    const scratch = body.let(i32.add(i32.const(workspace), i32.mul(thread, i32.const(plan.threadBytes))));
    const region = (offset: number): Local<"i32"> => body.let(i32.add(scratch, i32.const(offset)));
    const [panel, tables, padded, kept] = [
      region(regions.left),
      region(regions.right),
      region(regions.lines),
      region(regions.tile),
    ];
    const places = region(regions.right + depthBlocks * tableBytes(depth));
    const turned = region(regions.tile + tileRow * most);
    writeTables(body, window.terms, tables, sizes.inner, depth);
    writeOffsets(
      body,
      [...window.middle, { size: window.run, stride: lane.bytes, guards: [] }],
      places,
      positions,
    );
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
        body.set(packed, i32.add(packed, i32.const(blockBytes)));
        body.set(table, i32.add(table, i32.const(tableBytes(depth))));
      });
    };
    const [b, tile, row, to] = [body.local("i32"), body.local("i32"), body.local("i32"), body.local("i32")];
    body.for(batch, batchEnd, 1, () => {
      const zero = body.let(i32.const(0));
      overBlocks(() => body.run(call(pack, packed, row0, i32.sub(row1, row0), k0, terms, batch, padded)));
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
                body.run(call(stripe, own, b, bEnd, tile, table, first, end, zero, batch));
                body.set(b, i32.add(b, i32.const(depth * width * lane.bytes)));
                body.set(tile, i32.add(tile, i32.const(width * lane.bytes)));
              });
            });
            body.set(row, row0);
            body.set(tile, kept);
            const [from, until] = [i32.add(firstColumn, first), i32.add(firstColumn, end)];
            body.for(row, row1, lane.count, () => {
              body.run(call(turn, turned, tile, i32.sub(end, first)));
              body.set(to, i32.add(row, i32.const(lane.count)));
              body.set(to, select(i32.gtS(to, row1), row1, to));
              body.run(call(finish, turned, row, to, from, until, batch));
              body.set(tile, i32.add(tile, i32.const(16)));
            });
            body.set(first, end);
            body.jump(again);
          }),
        );
      });
    });
  });
}
