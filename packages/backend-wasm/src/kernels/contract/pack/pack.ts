import { type Body, type Local, type ModuleBuilder, type Value, i32, v128 } from "../../../emit/index.ts";
import type { Lane } from "../lane.ts";
import { type Operand, addressIn, batchAddress, singleStride } from "../operand.ts";
import { type Procedure, invoke, procedure } from "../procedure.ts";
import { transposedSquare } from "../transpose.ts";
import { unroll, wholeAndRest, wholeOrRest } from "../unroll.ts";
import { type GatherLine, emitGatherLine } from "./gather-line.ts";
import { type Access, DEALT_TERMS, type LineLayout, type PackedLayout } from "./layout.ts";

const ARGUMENTS = ["to", "first", "count", "firstTerm", "terms", "batch", "lines"] as const;

/** Packs some free indices and terms of a side to panels. `lines` is the address of its lines. */
export type Pack = Procedure<(typeof ARGUMENTS)[number]>;
type PackArguments = Readonly<Record<(typeof ARGUMENTS)[number], Local<"i32">>>;

/** Copies terms of one panel; `from` and `end` are addresses along the lines that are read. */
type CopyPanel = Procedure<"to" | "from" | "end">;
const COPY_ARGUMENTS = ["to", "from", "end"] as const;

/** An operand and the layout of its panels: in a panel the `width` free indices of a term are neighbours, and terms follow each other. */
export interface Packing {
  readonly operand: Operand;
  readonly lane: Lane;
  readonly access: Access;
  readonly width: number;
  readonly layout: PackedLayout;
  readonly lines: LineLayout;
  /** The free indices that are packed at this width, from the first to before the end. */
  readonly first: number;
  readonly end: number;
}

/**
 * A function that packs a block of one side.
 *
 * Precondition: none. Regions: lines, unless the side is read directly, and the panels that it writes.
 * Cost: each element read and written once, and once more if it goes through lines.
 */
export const emitPack = (module: ModuleBuilder, packing: Packing): Pack =>
  packing.access.along === "free" ? emitDealingPack(module, packing) : emitTransposingPack(module, packing);

/** Stores the first elements of a vector, and nothing behind them: what is there may be another panel's. */
function storeFirst(
  body: Body,
  lane: Lane,
  to: Local<"i32">,
  vector: Value<"v128">,
  count: number,
  offset: number,
): void {
  if (count >= lane.count) {
    body.run(v128.store(to, vector, offset));
    return;
  }
  const whole = body.let(vector);
  const pairs = lane.count === 4 && count >= 2 ? 2 : 0;
  if (pairs > 0) body.run(v128.store64Lane(to, whole, 0, offset));
  if (count > pairs) body.run(lane.storeLane(to, whole, pairs, offset + pairs * lane.bytes));
}

/** Free indices of a term are neighbours: the lines of DEALT_TERMS terms at a time are dealt out to the panels. */
function emitDealingPack(module: ModuleBuilder, packing: Packing): Pack {
  const {
    operand,
    lane,
    access,
    lines: { step },
  } = packing;
  const lineStep = access.direct ? singleStride(operand.inner) : step;
  const several = emitDeal(module, packing, DEALT_TERMS, lineStep);
  const one = emitDeal(module, packing, 1, lineStep);
  const gather = access.direct ? undefined : emitGatherLine(module, operand, "free", lane);
  return procedure(module, ARGUMENTS, (body, values) => {
    const { first, count, lines } = values;
    const term = body.let(i32.const(0));
    const from = body.local("i32");
    const bytes = body.let(i32.mul(count, i32.const(lane.bytes)));
    const start = body.let(
      access.direct ? addressIn(body, operand.free, first, batchAddress(body, operand, values.batch)) : lines,
    );
    const nest = { packing, gather, lineStep, values, term, from, bytes, start };
    loopOverTerms(body, nest, DEALT_TERMS, several);
    loopOverTerms(body, nest, 1, one);
  });
}

interface DealingNest {
  readonly packing: Packing;
  readonly gather: GatherLine | undefined;
  readonly lineStep: number;
  readonly values: PackArguments;
  readonly term: Local<"i32">;
  readonly from: Local<"i32">;
  /** Bytes of a line. */
  readonly bytes: Local<"i32">;
  /** Address of the lines, or of the operand's first one if it is read directly. */
  readonly start: Local<"i32">;
}

/** Packs terms, so many at once as long as there are that many. */
function loopOverTerms(
  body: Body,
  { packing, gather, lineStep, values, term, from, bytes, start }: DealingNest,
  atOnce: number,
  deal: CopyPanel,
): void {
  const { width, lane } = packing;
  const { to, first, count, firstTerm, terms, batch } = values;
  body.loop((again) => {
    body.if(i32.leS(i32.add(term, i32.const(atOnce)), terms), () => {
      if (gather === undefined) {
        body.set(from, i32.add(start, i32.mul(i32.add(firstTerm, term), i32.const(lineStep))));
      } else {
        body.set(from, start);
        unroll(atOnce, (line) =>
          invoke(body, gather, {
            to: i32.add(start, i32.const(line * lineStep)),
            across: i32.add(i32.add(firstTerm, term), i32.const(line)),
            start: first,
            count,
            batch,
          }),
        );
      }
      invoke(body, deal, {
        to: i32.add(to, i32.mul(term, i32.const(width * lane.bytes))),
        from,
        end: i32.add(from, bytes),
      });
      body.set(term, i32.add(term, i32.const(atOnce)));
      body.jump(again);
    });
  });
}

/** Copies some terms to all panels. */
function emitDeal(
  module: ModuleBuilder,
  { lane, width, layout }: Packing,
  terms: number,
  lineStep: number,
): CopyPanel {
  const termBytes = width * lane.bytes;
  return procedure(module, COPY_ARGUMENTS, (body, { to, from, end }) => {
    body.loop((again) => {
      unroll(terms, (term) =>
        unroll(Math.ceil(width / lane.count), (index) => {
          const byte = index * 16;
          const vector = v128.load(from, term * lineStep + byte);
          storeFirst(body, lane, to, vector, width - index * lane.count, term * termBytes + byte);
        }),
      );
      body.set(to, i32.add(to, i32.const(width * layout.freeBytes)));
      body.set(from, i32.add(from, i32.const(termBytes)));
      body.jumpIf(again, i32.ltU(from, end));
    });
  });
}

/** The terms of a free index are neighbours: squares of them are transposed. */
function emitTransposingPack(module: ModuleBuilder, packing: Packing): Pack {
  const { operand, lane, access, width, layout, first: origin, end: limit } = packing;
  const lineStep = access.direct ? singleStride(operand.free) : packing.lines.step;
  const panels = wholeAndRest(limit - origin, width, (valid) => ({
    valid,
    copy: emitTransposePanel(module, packing, valid, lineStep),
  }));
  const gather = access.direct ? undefined : emitGatherLine(module, operand, "inner", lane);
  return procedure(module, ARGUMENTS, (body, { to, first, count, firstTerm, terms, batch, lines }) => {
    const bytes = body.let(i32.mul(terms, i32.const(lane.bytes)));
    const index = body.let(first);
    const stop = body.let(i32.add(first, count));
    const start = body.let(addressIn(body, operand.inner, firstTerm, batchAddress(body, operand, batch)));
    const from = body.local("i32");
    const packPanel = ({ valid, copy }: { valid: number; copy: CopyPanel }): void => {
      if (gather === undefined) body.set(from, i32.add(start, i32.mul(index, i32.const(lineStep))));
      else {
        body.set(from, lines);
        const line = body.let(i32.const(0));
        body.for(line, i32.const(valid), 1, () =>
          invoke(body, gather, {
            to: i32.add(lines, i32.mul(line, i32.const(lineStep))),
            across: i32.add(index, line),
            start: firstTerm,
            count: terms,
            batch,
          }),
        );
      }
      invoke(body, copy, { to, from, end: i32.add(from, bytes) });
    };
    body.block((exit) =>
      body.loop((again) => {
        body.jumpIf(exit, i32.geS(index, stop));
        wholeOrRest(body, panels, index, limit - width, packPanel);
        body.set(to, i32.add(to, i32.const(width * layout.freeBytes)));
        body.set(index, i32.add(index, i32.const(width)));
        body.jump(again);
      }),
    );
  });
}

/** Copies the terms of one panel, of whose free indices `valid` are there: the last of these is read in place of others. */
function emitTransposePanel(
  module: ModuleBuilder,
  { lane, width }: Packing,
  valid: number,
  lineStep: number,
): CopyPanel {
  const termBytes = width * lane.bytes;
  return procedure(module, COPY_ARGUMENTS, (body, { to, from, end }) => {
    const rows = Array.from({ length: lane.count }, () => body.local("v128"));
    body.loop((again) => {
      unroll(Math.ceil(valid / lane.count), (square) => {
        const first = square * lane.count;
        rows.forEach((row, index) =>
          body.set(row, v128.load(from, Math.min(first + index, valid - 1) * lineStep)),
        );
        transposedSquare(body, lane, rows).forEach((column, term) =>
          storeFirst(body, lane, to, column, width - first, term * termBytes + square * 16),
        );
      });
      body.set(to, i32.add(to, i32.const(lane.count * termBytes)));
      body.set(from, i32.add(from, i32.const(16)));
      body.jumpIf(again, i32.ltU(from, end));
    });
  });
}
