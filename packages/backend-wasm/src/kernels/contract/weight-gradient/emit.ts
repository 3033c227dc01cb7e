import { type Body, type Local, type ModuleBuilder, i32, select } from "../../../emit/index.ts";
import { SHARED, rangeOf } from "../../../share.ts";
import type { Contraction, Setting, SharedFunction } from "../contraction.ts";
import { emitFinish, emittedOf } from "../epilogue/epilogue.ts";
import { emitSwappedPanelKernel } from "../micro-kernel/panel-kernel.ts";
import { TABLE_BASE, TABLE_HEADER, writeOffsets } from "../micro-kernel/term-table.ts";
import { addressIn, batchAddress } from "../operand.ts";
import { emitImages } from "../padded-copy.ts";
import { emitPack } from "../pack/pack.ts";
import { invoke } from "../procedure.ts";
import { type Range, leaveIfEmpty, threadRegions } from "../regions.ts";
import { leastCommonMultiple } from "../sizes.ts";
import { emitTranspose, loopOverTransposedRows, transposedRowBytes } from "../transpose.ts";
import { imageCount, positionsOf, runCount } from "../windows.ts";
import type { WeightGradientPlan } from "./plan.ts";

type Word = Local<"i32">;
type Functions = ReturnType<typeof emitFunctions>;
type RegionName = WeightGradientPlan["regions"][number]["name"];

/** The context that all loops over a batch's rows share. */
interface Nest extends Functions {
  readonly contraction: Contraction;
  readonly plan: WeightGradientPlan;
  readonly regions: Readonly<Record<RegionName, Word>>;
  /** The thread's columns, and the addresses of their taps' offsets and sums. */
  readonly columns: Range;
  readonly taps: Word;
  readonly sums: Word;
  readonly batch: Word;
  /** Variables of the loop over panels: addresses of the panel and of its sums, and its first row. */
  readonly right: Word;
  readonly tile: Word;
  readonly row: Word;
}

export function emitWeightGradient(
  module: ModuleBuilder,
  contraction: Contraction,
  plan: WeightGradientPlan,
  setting: Setting,
): SharedFunction {
  const { sizes, lane, right: operand } = contraction;
  const { windows, tiles, width } = plan;
  const functions = emitFunctions(module, contraction, plan);
  // A thread's columns are whole tiles and whole vectors.
  const unit = leastCommonMultiple(tiles.rows, lane.count);
  return module.function(SHARED, "void", (body, thread, ...share) => {
    const range = rangeOf(body, setting.split, share);
    const [batch, batchEnd] = range("batch", sizes.batch, sizes.batch, 1);
    const [firstRow, endRow] = range("rows", sizes.rows, Math.ceil(sizes.rows / width), width);
    const [first, end] = range("columns", sizes.columns, Math.floor(tiles.main / unit) + 1, unit);
    leaveIfEmpty(body, [batch, batchEnd], [firstRow, endRow], [first, end]);
    const addresses = threadRegions(body, plan.regions, setting, thread);
    const regions = addresses("packed", "tables", "lines", "image", "taps", "sums", "transposed");
    writeOffsets(body, windows.taps, regions.taps, sizes.columns);
    // Positions of a block count from its first run; blocks begin at whole runs of the innermost axis but one.
    const offsets = i32.add(regions.tables, i32.const(TABLE_HEADER));
    writeOffsets(body, positionsOf(windows, lane), offsets, plan.blockRuns * windows.run);
    const taps = body.let(i32.add(regions.taps, i32.mul(first, i32.const(4))));
    const tileRow = i32.const(plan.chunk * lane.bytes);
    const sums = body.let(i32.add(regions.sums, i32.mul(first, tileRow)));
    const [right, tile, row] = [body.local("i32"), body.local("i32"), body.local("i32")];
    const own = { ...functions, contraction, plan, regions, columns: { first, end }, taps, sums };
    const nest: Nest = { ...own, batch, right, tile, row };
    body.for(batch, batchEnd, 1, () => {
      const zero = body.let(i32.const(0));
      functions.images.clear(body, regions.image, zero);
      const base = body.let(batchAddress(body, operand, batch));
      loopOverChunks(body, plan, { first: firstRow, end: endRow }, (rows) => {
        sumImages(body, nest, rows, base, zero);
        finishRows(body, nest, rows);
      });
    });
  });
}

// oxlint-disable-next-line typescript/explicit-function-return-type -- its type is the interface of the loops.
const emitFunctions = (
  module: ModuleBuilder,
  { sizes, lane, right, epilogue }: Contraction,
  { windows, tiles, width, chunk, left }: WeightGradientPlan,
) => {
  const tileRow = chunk * lane.bytes;
  const rowBytes = transposedRowBytes(sizes.columns, lane);
  return {
    panel: emitSwappedPanelKernel(module, { lane, width, tiles, tileRow, severalBlocks: true }),
    pack: emitPack(module, { ...left, lane, width, first: 0, end: sizes.rows }),
    images: emitImages(module, windows, right, lane),
    transpose: emitTranspose(module, lane, tileRow, rowBytes),
    finish: emitFinish(module, emittedOf(epilogue, lane), lane, rowBytes, sizes.columns),
  };
};

/** The rows, as many at a time as have their sums kept at once. */
function loopOverChunks(
  body: Body,
  { chunk }: WeightGradientPlan,
  { first: from, end: to }: Range,
  write: (rows: Range) => void,
): void {
  const first = body.let(from);
  body.for(first, to, chunk, () => {
    const end = body.let(i32.add(first, i32.const(chunk)));
    body.set(end, select(i32.gtS(end, to), to, end));
    write({ first, end });
  });
}

/** Sums over the positions of all images, run by run. */
function sumImages(body: Body, nest: Nest, rows: Range, base: Word, zero: Word): void {
  const { plan, images, pack, regions, batch } = nest;
  const { windows, blockRuns } = plan;
  const [count, runs] = [imageCount(windows), runCount(windows)];
  const hasEarlier = body.let(i32.const(0));
  const image = body.let(i32.const(0));
  body.for(image, i32.const(count), 1, () => {
    const start = images.read(body, regions.image, base, image);
    const imageBatch = body.let(i32.add(i32.mul(batch, i32.const(count)), image));
    const run = body.let(zero);
    body.for(run, i32.const(runs), blockRuns, () => {
      const left = body.let(i32.sub(i32.const(runs), run));
      const own = select(i32.gtS(left, i32.const(blockRuns)), i32.const(blockRuns), left);
      const terms = body.let(i32.mul(own, i32.const(windows.run)));
      const firstTerm = body.let(i32.mul(run, i32.const(windows.run)));
      invoke(body, pack, {
        to: regions.packed,
        first: rows.first,
        count: i32.sub(rows.end, rows.first),
        firstTerm,
        terms,
        batch: imageBatch,
        lines: regions.lines,
      });
      body.run(i32.store(regions.tables, hasEarlier));
      body.run(i32.store(regions.tables, addressIn(body, windows.runs, run, start), TABLE_BASE));
      body.set(hasEarlier, i32.const(1));
      multiplyBlock(body, nest, rows, terms);
    });
  });
}

/** Multiplies the thread's taps by a block of positions of all rows, panel by panel. */
function multiplyBlock(body: Body, nest: Nest, rows: Range, terms: Word): void {
  const { contraction, plan, panel, regions, columns, taps, sums, right, tile, row } = nest;
  const { bytes } = contraction.lane;
  const { width, left } = plan;
  body.set(row, rows.first);
  body.set(right, regions.packed);
  body.set(tile, sums);
  body.for(row, rows.end, width, () => {
    invoke(body, panel, {
      left: taps,
      right,
      rightEnd: i32.add(right, i32.mul(terms, i32.const(width * bytes))),
      tile,
      earlier: regions.tables,
      firstRow: columns.first,
      endRow: columns.end,
    });
    body.set(right, i32.add(right, i32.const(width * left.layout.freeBytes)));
    body.set(tile, i32.add(tile, i32.const(width * bytes)));
  });
}

/** Transposes the sums of rows and runs the epilogue on them. */
function finishRows(
  body: Body,
  { contraction, transpose, finish, regions, columns, sums, batch }: Nest,
  rows: Range,
): void {
  const { transposed } = regions;
  const count = i32.sub(columns.end, columns.first);
  loopOverTransposedRows(
    body,
    contraction.lane,
    { transpose, transposed, sums, rows, columns: count },
    ({ first: firstRow, end: endRow }) =>
      invoke(body, finish, {
        sums: transposed,
        firstRow,
        endRow,
        firstColumn: columns.first,
        endColumn: columns.end,
        batch,
      }),
  );
}
