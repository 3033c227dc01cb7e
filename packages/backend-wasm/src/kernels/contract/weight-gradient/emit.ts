import { type Callee, type ModuleBuilder, call, i32, memory, select } from "../../../emit/index.ts";
import { emitFinish, emittedOf } from "../epilogue/epilogue.ts";
import { emitImageCopy } from "../padded-copy.ts";
import { TABLE_HEAD } from "../micro-kernel/micro-kernel.ts";
import { placeOf } from "../operand.ts";
import { emitPack } from "../pack/pack.ts";
import { leaveIfEmpty, threadRegions } from "../regions.ts";
import type { Plan, TapsPlan } from "../contraction.ts";
import { imagesOf, runsOf } from "../windows.ts";
import { SHARED, rangeOf } from "../../../share.ts";
import { emitSwappedStripe } from "../micro-kernel/panel-kernel.ts";
import { emitTurn, leastCommon, overTurned, turnedLine, writeOffsets } from "../transpose.ts";

/**
 * The gradient by a convolution's weight: out[row, tap] = Σ_positions left[row, position] · image[tap + position]. One image
 * after the other adds to sums that are kept as [tap, row], where taps and positions are offsets into the image; rows are
 * turned into the result's order at the end.
 *
 * Precondition: a convolution's `convWeight`; the right side has windows as in `windowOf`, with taps and terms exchanged, one axis
 * between an image and a run, and runs of at most a block of terms; the left side's terms are images, then positions; the
 * sums of one sliver of rows have at most 1 MB.
 * Regions: panel (a block of the left side), tables (the positions of a block), places (of each tap), lines, image, sums
 * (of all taps and a chunk of rows), and turned.
 * Cost: each image copied and its left side packed once for each chunk of rows, and a pass over the sums.
 */
export function emitTaps(
  module: ModuleBuilder,
  plan: Plan,
  shape: TapsPlan,
  workspace: number,
): Callee<typeof SHARED, "void"> {
  const { sizes, lane, right, split } = plan;
  const { window, packed, tiles, width, blockRuns, chunk } = shape;
  const { run, image } = window;
  const { rows, columns } = sizes;
  const tileRow = chunk * lane.bytes;
  const line = turnedLine(columns, lane);
  const stripe = emitSwappedStripe(module, { lane, width, tiles, tileRow, blocks: true });
  const slivers = { width, panel: shape.packedPanel, lines: shape.packedLines, first: 0, end: rows };
  const pack = emitPack(module, plan.emitLine, packed, shape.packedAccess, lane, slivers);
  const copy = image && emitImageCopy(module, image, right, lane);
  const turn = emitTurn(module, lane, tileRow, line);
  const finish = emitFinish(module, emittedOf(plan.epilogue, lane), lane, line, columns);
  const images = imagesOf(window);
  const runs = runsOf(window);
  // A thread's columns are whole tiles and whole vectors.
  const unit = leastCommon(tiles.rows, lane.count);

  return module.function(SHARED, "void", (body, thread, ...share) => {
    const range = rangeOf(body, split, share);
    const [batch, batchEnd] = range("batch", sizes.batch, sizes.batch, 1);
    const [row0, row1] = range("rows", rows, Math.ceil(rows / width), width);
    const [column0, column1] = range("columns", columns, Math.floor(tiles.main / unit) + 1, unit);
    leaveIfEmpty(body, [batch, batchEnd], [row0, row1], [column0, column1]);
    const region = threadRegions(body, shape.regions, workspace, plan.gap, thread);
    const [panel, table, lines, padded] = [
      region("panel"),
      region("tables"),
      region("lines"),
      region("image"),
    ];
    const [taps, kept, turned] = [region("places"), region("sums"), region("turned")];
    writeOffsets(body, window.terms, taps, columns);
    // Positions of a block count from its first run; blocks begin at whole runs of the innermost axis but one.
    const positions = [...window.middle, { size: run, stride: lane.bytes, guards: [] }];
    writeOffsets(body, positions, i32.add(table, i32.const(TABLE_HEAD)), blockRuns * run);
    const ownTaps = body.let(i32.add(taps, i32.mul(column0, i32.const(4))));
    const ownKept = body.let(i32.add(kept, i32.mul(column0, i32.const(tileRow))));
    const [b, tile, row] = [body.local("i32"), body.local("i32"), body.local("i32")];
    body.for(batch, batchEnd, 1, () => {
      const zero = body.let(i32.const(0));
      if (image !== undefined) body.run(memory.fill(padded, zero, i32.const(image.bytes)));
      const base = body.let(placeOf(body, right.batch, batch, i32.const(right.address)));
      const first = body.let(row0);
      body.for(first, row1, chunk, () => {
        const end = body.let(i32.add(first, i32.const(chunk)));
        body.set(end, select(i32.gtS(end, row1), row1, end));
        const adds = body.let(i32.const(0));
        const outer = body.let(i32.const(0));
        body.for(outer, i32.const(images), 1, () => {
          const source = body.let(placeOf(body, window.outer, outer, base));
          if (copy !== undefined && image !== undefined)
            body.run(call(copy, padded, i32.add(source, i32.const(image.start))));
          const start = copy === undefined ? source : body.let(i32.add(padded, i32.const(window.origin)));
          const packedBatch = body.let(i32.add(i32.mul(batch, i32.const(images)), outer));
          const middle = body.let(zero);
          body.for(middle, i32.const(runs), blockRuns, () => {
            const left = body.let(i32.sub(i32.const(runs), middle));
            const count = select(i32.gtS(left, i32.const(blockRuns)), i32.const(blockRuns), left);
            const terms = body.let(i32.mul(count, i32.const(run)));
            const k0 = body.let(i32.mul(middle, i32.const(run)));
            body.run(call(pack, panel, first, i32.sub(end, first), k0, terms, packedBatch, lines));
            body.run(i32.store(table, adds));
            body.run(i32.store(table, placeOf(body, window.middle, middle, start), 4));
            body.set(adds, i32.const(1));
            body.set(row, first);
            body.set(b, panel);
            body.set(tile, ownKept);
            body.for(row, end, width, () => {
              const bEnd = i32.add(b, i32.mul(terms, i32.const(width * lane.bytes)));
              body.run(call(stripe, ownTaps, b, bEnd, tile, table, column0, column1));
              body.set(b, i32.add(b, i32.const(width * shape.packedPanel.row)));
              body.set(tile, i32.add(tile, i32.const(width * lane.bytes)));
            });
          });
        });
        const columnsOfThread = i32.sub(column1, column0);
        overTurned(
          body,
          lane,
          { turn, turned, tile: ownKept, first, end, columns: columnsOfThread },
          (from, to) => body.run(call(finish, turned, from, to, column0, column1, batch)),
        );
      });
    });
  });
}
