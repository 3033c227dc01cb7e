import { type Body, type Local, type ModuleBuilder, type Value, i32, select } from "../../../emit/index.ts";
import { SHARED, rangeOf } from "../../../share.ts";
import type { Contraction, Setting, SharedFunction } from "../contraction.ts";
import { type Finish, emitFinish } from "../epilogue/epilogue.ts";
import { type PanelKernel, emitPanelKernel } from "../micro-kernel/panel-kernel.ts";
import { type TermBlock, termBlocks, writeTables } from "../micro-kernel/term-table.ts";
import { rowUnits } from "../micro-kernel/tiles.ts";
import { addressIn, batchAddress } from "../operand.ts";
import { emitImages } from "../padded-copy.ts";
import { emitPackLeft } from "../pack/left.ts";
import { invoke } from "../procedure.ts";
import { type Range, leaveIfEmpty, threadRegions } from "../regions.ts";
import { type WholeAndRest, wholeAndRest } from "../unroll.ts";
import { runCount } from "../windows.ts";
import type { WindowPlan } from "./plan.ts";

type Word = Local<"i32">;

/** The context that all loops over a batch's images share. */
interface Nest {
  readonly contraction: Contraction;
  readonly plan: WindowPlan;
  readonly panels: WholeAndRest<PanelKernel>;
  readonly finish: Finish | undefined;
  readonly loopOverTermBlocks: (write: (block: TermBlock) => void) => void;
  readonly rows: Range;
  readonly batch: Word;
  /** Address of the batch's result, if its sums are stored there. */
  readonly result: Word | undefined;
  /** Address of the sums that are kept. */
  readonly sums: Word;
  /** Variables: the address of a run's sums in the result or among those kept, and its first column. */
  readonly tile: Word;
  readonly column: Word;
}

export function emitWindows(
  module: ModuleBuilder,
  contraction: Contraction,
  plan: WindowPlan,
  setting: Setting,
): SharedFunction {
  const { sizes, lane, epilogue, right } = contraction;
  const { windows, images: imageUnits, tiles, tileRow, left } = plan;
  const panels = emitPanels(module, contraction, plan);
  const finish =
    epilogue.kind === "emitted" ? emitFinish(module, epilogue, lane, tileRow, windows.run) : undefined;
  const pack = emitPackLeft(module, contraction, left, tiles);
  const images = emitImages(module, windows, right, lane);
  return module.function(SHARED, "void", (body, thread, ...share) => {
    const range = rangeOf(body, setting.split, share);
    const [batch, batchEnd] = range("batch", sizes.batch, sizes.batch, 1);
    const [firstRow, endRow] = range("rows", sizes.rows, rowUnits(tiles), tiles.rows);
    const [firstImage, endImage] = range("columns", imageUnits, imageUnits, 1);
    leaveIfEmpty(body, [batch, batchEnd], [firstRow, endRow], [firstImage, endImage]);
    const addresses = threadRegions(body, plan.regions, setting, thread);
    const {
      packed,
      tables,
      lines,
      image: copy,
      sums,
    } = addresses("packed", "tables", "lines", "image", "sums");
    writeTables(body, windows.taps, tables, sizes.inner, plan.depth);
    const blocks = { ...plan, inner: sizes.inner, packed, tables, packedBytes: left.layout.bytes };
    const loopOverTermBlocks = termBlocks(body, blocks);
    const rows = { first: firstRow, end: endRow };
    body.for(batch, batchEnd, 1, () => {
      const zero = body.let(i32.const(0));
      loopOverTermBlocks(({ packed: to, first, terms }) =>
        pack(body, { to, rows, firstTerm: first, terms, batch, lines }),
      );
      images.clear(body, copy, zero);
      const base = body.let(batchAddress(body, right, batch));
      const result = epilogue.kind === "dense" ? body.let(batchAddress(body, epilogue, batch)) : undefined;
      const image = body.let(firstImage);
      const [tile, column] = [body.local("i32"), body.local("i32")];
      const own = { contraction, plan, panels, finish, loopOverTermBlocks, rows, batch, sums };
      const nest: Nest = { ...own, result, tile, column };
      body.for(image, endImage, 1, () =>
        loopOverRunGroups(body, nest, image, images.read(body, copy, base, image)),
      );
    });
  });
}

const emitPanels = (
  module: ModuleBuilder,
  { lane, epilogue }: Contraction,
  { windows, width, tiles, tileRow, left, depthBlocks }: WindowPlan,
): Nest["panels"] =>
  wholeAndRest(windows.run, width, (columns) =>
    emitPanelKernel(module, {
      lane,
      columns,
      tiles,
      leftRow: lane.bytes,
      tileStep: left.layout.freeBytes,
      rightTerm: 0,
      tileRow,
      severalBlocks: depthBlocks > 1,
      noTerms: false,
      exactStores: epilogue.kind === "dense",
      table: "right",
    }),
  );

/** The runs of an image, as many at a time as have their sums kept at once. */
function loopOverRunGroups(body: Body, nest: Nest, image: Word, start: Word): void {
  const { contraction, plan, finish, batch, rows, column, sums } = nest;
  const { windows, keptRuns, keptRun } = plan;
  const { run } = windows;
  const runs = runCount(windows);
  const first = body.let(i32.const(0));
  body.for(first, i32.const(runs), keptRuns, () => {
    const [index, kept, right] = [body.local("i32"), body.local("i32"), body.local("i32")];
    const end = body.let(i32.add(first, i32.const(keptRuns)));
    body.set(end, select(i32.gtS(end, i32.const(runs)), i32.const(runs), end));
    const firstColumn = (): Value<"i32"> =>
      i32.mul(i32.add(i32.mul(image, i32.const(runs)), index), i32.const(run));
    const loopOverRuns = (write: () => void): void => {
      body.set(index, first);
      body.set(kept, sums);
      body.for(index, end, 1, () => {
        body.set(column, firstColumn());
        write();
        body.set(kept, i32.add(kept, i32.const(keptRun * contraction.lane.bytes)));
      });
    };
    nest.loopOverTermBlocks((block) => {
      const tableEnd = body.let(i32.add(block.table, i32.mul(block.terms, i32.const(4))));
      loopOverRuns(() => {
        body.set(right, addressIn(body, windows.runs, index, start));
        multiplyRun(body, nest, block, { right, tableEnd, kept });
      });
    });
    if (finish === undefined) return;
    loopOverRuns(() =>
      invoke(body, finish, {
        sums: kept,
        firstRow: rows.first,
        endRow: rows.end,
        firstColumn: column,
        endColumn: i32.add(column, i32.const(run)),
        batch,
      }),
    );
  });
}

/** Multiplies the rows by a run, panel by panel. */
function multiplyRun(
  body: Body,
  { contraction, plan, panels, rows, result, tile, column }: Nest,
  { packed: left, table }: TermBlock,
  { right, tableEnd, kept }: { readonly right: Word; readonly tableEnd: Word; readonly kept: Word },
): void {
  const { epilogue, lane } = contraction;
  const { width, windows } = plan;
  body.set(tile, kept);
  if (result !== undefined && epilogue.kind === "dense") {
    const row = i32.add(result, i32.mul(rows.first, i32.const(epilogue.row)));
    body.set(tile, addressIn(body, epilogue.columns, column, row));
  }
  const multiply = (panel: PanelKernel): void =>
    invoke(body, panel, {
      left,
      right,
      rightEnd: tableEnd,
      tile,
      earlier: table,
      firstRow: rows.first,
      endRow: rows.end,
    });
  const { whole, rest } = panels;
  if (whole !== undefined) {
    const panel = body.let(i32.const(0));
    body.for(panel, i32.const(Math.floor(windows.run / width)), 1, () => {
      multiply(whole);
      body.set(right, i32.add(right, i32.const(width * lane.bytes)));
      body.set(tile, i32.add(tile, i32.const(width * lane.bytes)));
      body.set(column, i32.add(column, i32.const(width)));
    });
  }
  if (rest !== undefined) multiply(rest);
}
