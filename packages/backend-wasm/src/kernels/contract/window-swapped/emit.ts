import { type Body, type Local, type ModuleBuilder, i32 } from "../../../emit/index.ts";
import { SHARED, rangeOf } from "../../../share.ts";
import type { Contraction, Setting, SharedFunction } from "../contraction.ts";
import { emitFinish, emittedOf } from "../epilogue/epilogue.ts";
import { emitSwappedPanelKernel } from "../micro-kernel/panel-kernel.ts";
import {
  TABLE_BASE,
  type TermBlock,
  termBlocks,
  writeOffsets,
  writeTables,
} from "../micro-kernel/term-table.ts";
import { batchAddress } from "../operand.ts";
import { emitImages } from "../padded-copy.ts";
import { emitPack } from "../pack/pack.ts";
import { invoke } from "../procedure.ts";
import { type Range, leaveIfEmpty, threadRegions } from "../regions.ts";
import { emitTranspose, loopOverTransposedRows, transposedRowBytes } from "../transpose.ts";
import { positionsOf } from "../windows.ts";
import type { WindowSwappedPlan } from "./plan.ts";

type Word = Local<"i32">;
type Functions = ReturnType<typeof emitFunctions>;
type RegionName = WindowSwappedPlan["regions"][number]["name"];

/** The context that all loops over a batch's images share. */
interface Nest extends Functions {
  readonly contraction: Contraction;
  readonly plan: WindowSwappedPlan;
  readonly regions: Readonly<Record<RegionName, Word>>;
  readonly loopOverTermBlocks: (write: (block: TermBlock) => void) => void;
  readonly rows: Range;
  readonly batch: Word;
  /** Variables of the loop over panels: addresses of the panel and of its sums, and its first row. */
  readonly right: Word;
  readonly tile: Word;
  readonly row: Word;
}

export function emitWindowsSwapped(
  module: ModuleBuilder,
  contraction: Contraction,
  plan: WindowSwappedPlan,
  setting: Setting,
): SharedFunction {
  const { sizes, lane, right: operand } = contraction;
  const { windows, images: imageUnits, width, positions } = plan;
  const functions = emitFunctions(module, contraction, plan);
  const { images, pack } = functions;
  return module.function(SHARED, "void", (body, thread, ...share) => {
    const range = rangeOf(body, setting.split, share);
    const [batch, batchEnd] = range("batch", sizes.batch, sizes.batch, 1);
    const [firstRow, endRow] = range("rows", sizes.rows, Math.ceil(sizes.rows / width), width);
    const [firstImage, endImage] = range("columns", imageUnits, imageUnits, 1);
    leaveIfEmpty(body, [batch, batchEnd], [firstRow, endRow], [firstImage, endImage]);
    const addresses = threadRegions(body, plan.regions, setting, thread);
    const regions = addresses("packed", "tables", "lines", "image", "positions", "sums", "transposed");
    writeTables(body, windows.taps, regions.tables, sizes.inner, plan.depth);
    writeOffsets(body, positionsOf(windows, lane), regions.positions, positions);
    const blocks = { ...plan, ...regions, inner: sizes.inner, packedBytes: plan.left.layout.bytes };
    const loopOverTermBlocks = termBlocks(body, blocks);
    const [right, tile, row] = [body.local("i32"), body.local("i32"), body.local("i32")];
    const rows = { first: firstRow, end: endRow };
    const own = { ...functions, contraction, plan, regions, loopOverTermBlocks, rows };
    const nest: Nest = { ...own, batch, right, tile, row };
    body.for(batch, batchEnd, 1, () => {
      const zero = body.let(i32.const(0));
      loopOverTermBlocks(({ packed: to, first: firstTerm, terms }) => {
        const count = i32.sub(endRow, firstRow);
        invoke(body, pack, { to, first: firstRow, count, firstTerm, terms, batch, lines: regions.lines });
      });
      images.clear(body, regions.image, zero);
      const base = body.let(batchAddress(body, operand, batch));
      const image = body.let(firstImage);
      body.for(image, endImage, 1, () => {
        const start = images.read(body, regions.image, base, image);
        const firstColumn = body.let(i32.mul(image, i32.const(positions)));
        loopOverGroups(body, plan, zero, (group) => {
          multiplyGroup(body, nest, group, start);
          finishGroup(body, nest, group, firstColumn);
        });
      });
    });
  });
}

// oxlint-disable-next-line typescript/explicit-function-return-type -- its type is the interface of the loops.
const emitFunctions = (
  module: ModuleBuilder,
  { sizes, lane, left, right, epilogue }: Contraction,
  { windows, tiles, width, depthBlocks, most, positions, left: packing }: WindowSwappedPlan,
) => {
  const tileRow = Math.ceil(sizes.rows / width) * width * lane.bytes;
  const rowBytes = transposedRowBytes(most, lane);
  return {
    panel: emitSwappedPanelKernel(module, { lane, width, tiles, tileRow, severalBlocks: depthBlocks > 1 }),
    pack: emitPack(module, { ...packing, operand: left, lane, width, first: 0, end: sizes.rows }),
    images: emitImages(module, windows, right, lane),
    transpose: emitTranspose(module, lane, tileRow, rowBytes),
    finish: emitFinish(module, emittedOf(epilogue, lane), lane, rowBytes, positions),
  };
};

/** Groups of positions whose sums are kept at once. The thinner tiles go with the group that reaches them. */
function loopOverGroups(
  body: Body,
  { positions, group, tiles }: WindowSwappedPlan,
  zero: Word,
  write: (group: Range) => void,
): void {
  const [first, end] = [body.let(zero), body.local("i32")];
  body.block((exit) =>
    body.loop((again) => {
      body.jumpIf(exit, i32.geS(first, i32.const(positions)));
      body.set(end, i32.add(first, i32.const(group)));
      body.if(i32.gtS(end, i32.const(tiles.main)), () => body.set(end, i32.const(positions)));
      write({ first, end });
      body.set(first, end);
      body.jump(again);
    }),
  );
}

/** Multiplies a group of positions by all rows, panel by panel. */
function multiplyGroup(body: Body, nest: Nest, { first, end }: Range, start: Word): void {
  const { contraction, plan, panel, regions, rows, right, tile, row } = nest;
  const { bytes } = contraction.lane;
  const { width, left } = plan;
  const offsets = body.let(i32.add(regions.positions, i32.shl(first, i32.const(2))));
  nest.loopOverTermBlocks(({ packed, table, terms }) => {
    body.run(i32.store(table, start, TABLE_BASE));
    body.set(row, rows.first);
    body.set(right, packed);
    body.set(tile, regions.sums);
    body.for(row, rows.end, width, () => {
      invoke(body, panel, {
        left: offsets,
        right,
        rightEnd: i32.add(right, i32.mul(terms, i32.const(width * bytes))),
        tile,
        earlier: table,
        firstRow: first,
        endRow: end,
      });
      body.set(right, i32.add(right, i32.const(width * left.layout.freeBytes)));
      body.set(tile, i32.add(tile, i32.const(width * bytes)));
    });
  });
}

/** Transposes the sums of a group and runs the epilogue on them. */
function finishGroup(
  body: Body,
  { contraction, transpose, finish, regions, rows, batch }: Nest,
  { first, end }: Range,
  firstColumn: Word,
): void {
  const { transposed, sums } = regions;
  const columns = i32.sub(end, first);
  loopOverTransposedRows(
    body,
    contraction.lane,
    { transpose, transposed, sums, rows, columns },
    ({ first: firstRow, end: endRow }) =>
      invoke(body, finish, {
        sums: transposed,
        firstRow,
        endRow,
        firstColumn: i32.add(firstColumn, first),
        endColumn: i32.add(firstColumn, end),
        batch,
      }),
  );
}
