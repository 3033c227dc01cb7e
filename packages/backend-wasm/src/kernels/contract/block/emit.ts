import { type Body, type Local, type ModuleBuilder, type Value, i32, select } from "../../../emit/index.ts";
import { SHARED, rangeOf } from "../../../share.ts";
import type { Contraction, Setting, SharedFunction } from "../contraction.ts";
import { type Finish, emitFinish } from "../epilogue/epilogue.ts";
import { type PanelKernel, emitPanelKernel } from "../micro-kernel/panel-kernel.ts";
import { type RowTiles, rowUnits } from "../micro-kernel/tiles.ts";
import { type Operand, batchAddress } from "../operand.ts";
import { type PackLeft, emitPackLeft } from "../pack/left.ts";
import { type Pack, emitPack } from "../pack/pack.ts";
import { invoke } from "../procedure.ts";
import { type Range, leaveIfEmpty, threadRegions } from "../regions.ts";
import { type WholeAndRest, wholeAndRest, wholeOrRest } from "../unroll.ts";
import type { BlockPlan } from "./plan.ts";

type Word = Local<"i32">;

/** The functions that the loops call. */
interface Functions {
  readonly panels: WholeAndRest<PanelKernel>;
  readonly finish: Finish | undefined;
  readonly packLeft: PackLeft | undefined;
  readonly packRight: Pack | undefined;
}

/** The context that all loops share. */
interface Nest extends Functions {
  readonly contraction: Contraction;
  readonly plan: BlockPlan;
  readonly regions: Readonly<Record<"packedLeft" | "packedRight" | "lines" | "sums", Word>>;
}

/** A batch: its index, and the addresses of what is read or stored in place. */
interface Batch {
  readonly index: Word;
  readonly left: Word | undefined;
  readonly right: Word | undefined;
  readonly result: Word | undefined;
}

/** A block of terms: its number, its first term, how many terms it has, and whether it is the last one. */
interface TermBlock {
  readonly number: Word;
  readonly first: Word;
  readonly terms: Word;
  readonly isLast: Word;
}

/** The loops of Goto and van de Geijn, "Anatomy of High-Performance Matrix Multiplication" (2008). */
export function emitBlocks(
  module: ModuleBuilder,
  contraction: Contraction,
  plan: BlockPlan,
  setting: Setting,
): SharedFunction {
  const { rows, columns, batch: batches } = contraction.sizes;
  const { width, tiles, keptRows } = plan;
  const functions = emitFunctions(module, contraction, plan);
  return module.function(SHARED, "void", (body, thread, ...share) => {
    const range = rangeOf(body, setting.split, share);
    const [batch, batchEnd] = range("batch", batches, batches, 1);
    const [firstRow, endRow] = range("rows", rows, rowUnits(tiles), tiles.rows);
    const [firstColumn, endColumn] = range("columns", columns, Math.ceil(columns / width), width);
    leaveIfEmpty(body, [batch, batchEnd], [firstRow, endRow], [firstColumn, endColumn]);
    const addresses = threadRegions(body, plan.regions, setting, thread);
    const regions = addresses("packedLeft", "packedRight", "lines", "sums");
    const nest: Nest = { ...functions, contraction, plan, regions };
    body.for(batch, batchEnd, 1, () => {
      const at = batchOf(body, nest, batch);
      loopOverRows(body, tiles, rows, { first: firstRow, end: endRow }, keptRows, (kept) =>
        loopOverColumns(body, plan, { first: firstColumn, end: endColumn }, (block) =>
          loopOverTerms(body, nest, (terms) => multiplyTermBlock(body, nest, at, kept, block, terms)),
        ),
      );
    });
  });
}

function emitFunctions(module: ModuleBuilder, contraction: Contraction, plan: BlockPlan): Functions {
  const { sizes, lane, epilogue, right } = contraction;
  const { left, width, tiles, tileRow } = plan;
  const noTerms = sizes.inner === 0;
  return {
    panels: wholeAndRest(sizes.columns, width, (columns) =>
      emitPanelKernel(module, {
        lane,
        columns,
        tiles,
        leftRow: left.row,
        ...(!left.packed && { leftTerm: left.term }),
        tileStep: left.tileStep,
        rightTerm: plan.right.term,
        tileRow,
        severalBlocks: plan.depthBlocks > 1,
        noTerms,
        exactStores: epilogue.kind === "dense",
      }),
    ),
    finish:
      epilogue.kind === "emitted" ? emitFinish(module, epilogue, lane, tileRow, sizes.columns) : undefined,
    packLeft: left.packed && !noTerms ? emitPackLeft(module, contraction, left, tiles) : undefined,
    packRight:
      plan.right.packed && !noTerms
        ? emitPack(module, { ...plan.right, operand: right, lane, width, first: 0, end: sizes.columns })
        : undefined,
  };
}

function batchOf(body: Body, { contraction, plan }: Nest, index: Word): Batch {
  const { left, right, epilogue } = contraction;
  const first = (of: Pick<Operand, "batch" | "address">): Word => body.let(batchAddress(body, of, index));
  return {
    index,
    left: plan.left.packed ? undefined : first(left),
    right: plan.right.packed ? undefined : first(right),
    result: epilogue.kind === "dense" ? first(epilogue) : undefined,
  };
}

/** A loop over blocks of rows. The thinner tiles go with the block that reaches them. */
function loopOverRows(
  body: Body,
  tiles: RowTiles,
  rows: number,
  { first, end }: Range,
  step: number,
  write: (block: Range) => void,
): void {
  const row = body.let(first);
  const blockEnd = body.local("i32");
  body.block((exit) =>
    body.loop((again) => {
      body.jumpIf(exit, i32.geS(row, end));
      body.set(blockEnd, i32.add(row, i32.const(step)));
      body.if(i32.gtS(blockEnd, i32.const(tiles.main)), () => body.set(blockEnd, i32.const(rows)));
      body.set(blockEnd, select(i32.gtS(blockEnd, end), end, blockEnd));
      write({ first: row, end: blockEnd });
      body.set(row, blockEnd);
      body.jump(again);
    }),
  );
}

function loopOverColumns(
  body: Body,
  { blockColumns }: BlockPlan,
  { first, end }: Range,
  write: (block: Range) => void,
): void {
  const column = body.let(first);
  body.for(column, end, blockColumns, () => {
    const blockEnd = body.let(i32.add(column, i32.const(blockColumns)));
    body.set(blockEnd, select(i32.gtS(blockEnd, end), end, blockEnd));
    write({ first: column, end: blockEnd });
  });
}

function loopOverTerms(
  body: Body,
  { plan: { depth, depthBlocks }, contraction }: Nest,
  write: (block: TermBlock) => void,
): void {
  const number = body.let(i32.const(0));
  body.for(number, i32.const(depthBlocks), 1, () => {
    const first = body.let(i32.mul(number, i32.const(depth)));
    const terms = body.let(i32.sub(i32.const(contraction.sizes.inner), first));
    body.set(terms, select(i32.gtS(terms, i32.const(depth)), i32.const(depth), terms));
    const isLast = body.let(i32.eq(number, i32.const(depthBlocks - 1)));
    write({ number, first, terms, isLast });
  });
}

/** Packs a block of the right side, and multiplies all blocks of the kept rows by it. */
function multiplyTermBlock(
  body: Body,
  nest: Nest,
  batch: Batch,
  kept: Range,
  columns: Range,
  block: TermBlock,
): void {
  const { contraction, plan, packLeft, packRight, regions } = nest;
  const terms = { firstTerm: block.first, terms: block.terms, batch: batch.index, lines: regions.lines };
  if (packRight !== undefined)
    invoke(body, packRight, {
      to: regions.packedRight,
      first: columns.first,
      count: i32.sub(columns.end, columns.first),
      ...terms,
    });
  loopOverRows(body, plan.tiles, contraction.sizes.rows, kept, plan.blockRows, (rows) => {
    packLeft?.(body, { to: regions.packedLeft, rows, ...terms });
    multiplyBlock(body, nest, batch, { kept, rows, columns, block });
  });
}

interface Block {
  readonly kept: Range;
  readonly rows: Range;
  readonly columns: Range;
  readonly block: TermBlock;
}

/** Multiplies a block of rows by a block of columns, panel by panel. */
function multiplyBlock(body: Body, nest: Nest, batch: Batch, at: Block): void {
  const { contraction, plan, panels, finish } = nest;
  const { lane, sizes } = contraction;
  const { width } = plan;
  const { rows, columns, block } = at;
  const { left, right, sums } = addressesOf(body, nest, batch, at);
  const tile = body.let(sums);
  body.for(right.column, columns.end, width, () => {
    body.set(right.end, i32.add(right.address, right.bytes));
    wholeOrRest(body, panels, right.column, sizes.columns - width, (panel) =>
      invoke(body, panel, {
        left,
        right: right.address,
        rightEnd: right.end,
        tile,
        earlier: block.number,
        firstRow: rows.first,
        endRow: rows.end,
      }),
    );
    body.set(right.address, i32.add(right.address, i32.const(plan.right.panel)));
    body.set(tile, i32.add(tile, i32.const(width * lane.bytes)));
  });
  if (finish === undefined) return;
  body.if(block.isLast, () =>
    invoke(body, finish, {
      sums,
      firstRow: rows.first,
      endRow: rows.end,
      firstColumn: columns.first,
      endColumn: columns.end,
      batch: batch.index,
    }),
  );
}

/** The addresses at which a block begins, and the variables of a loop over its panels. */
function addressesOf(
  body: Body,
  { contraction: { lane }, plan, regions }: Nest,
  batch: Batch,
  { kept, rows, columns, block }: Block,
): {
  readonly left: Word;
  readonly right: { readonly address: Word; readonly bytes: Word; readonly end: Word; readonly column: Word };
  readonly sums: Word;
} {
  const inPlace = (base: Word, free: Value<"i32">, freeStep: number, term: number): Value<"i32"> =>
    i32.add(i32.add(base, i32.mul(free, i32.const(freeStep))), i32.mul(block.first, i32.const(term)));
  const left = body.let(
    batch.left === undefined
      ? regions.packedLeft
      : inPlace(batch.left, rows.first, plan.left.row, plan.left.term),
  );
  const address = body.let(
    batch.right === undefined
      ? regions.packedRight
      : inPlace(batch.right, columns.first, lane.bytes, plan.right.term),
  );
  const bytes = body.let(i32.mul(block.terms, i32.const(plan.right.term)));
  const end = body.local("i32");
  const column = body.let(columns.first);
  const { tileRow, depthBlocks } = plan;
  const keptRow = depthBlocks === 1 ? i32.const(0) : i32.sub(rows.first, kept.first);
  const sums = body.let(
    batch.result === undefined
      ? i32.add(regions.sums, i32.mul(keptRow, i32.const(tileRow)))
      : i32.add(
          i32.add(batch.result, i32.mul(rows.first, i32.const(tileRow))),
          i32.mul(column, i32.const(lane.bytes)),
        ),
  );
  return { left, right: { address, bytes, end, column }, sums };
}
