import { type Body, type ModuleBuilder, type Value, i32, select } from "../../../emit/index.ts";
import type { Contraction } from "../contraction.ts";
import type { RowTiles } from "../micro-kernel/tiles.ts";
import type { Range } from "../regions.ts";
import { invoke } from "../procedure.ts";
import type { Access, LineLayout, PackedLayout } from "./layout.ts";
import { type Pack, emitPack } from "./pack.ts";

/** The packing of the left side, to panels as wide as the tiles have rows. */
export interface LeftPacking {
  readonly access: Access;
  readonly layout: PackedLayout;
  readonly lines: LineLayout;
}

/** A block of the left side, and the address that its packed rows go to. */
interface LeftBlock {
  readonly to: Value<"i32">;
  readonly rows: Range;
  readonly firstTerm: Value<"i32">;
  readonly terms: Value<"i32">;
  readonly batch: Value<"i32">;
  readonly lines: Value<"i32">;
}

/** Writes the statements that pack rows. */
export type PackLeft = (body: Body, block: LeftBlock) => void;

export function emitPackLeft(
  module: ModuleBuilder,
  { left, lane, sizes }: Contraction,
  { access, layout, lines }: LeftPacking,
  tiles: RowTiles,
): PackLeft {
  const pack = (width: number, first: number, end: number): Pack | undefined =>
    first < end
      ? emitPack(module, { operand: left, lane, access, width, layout, lines, first, end })
      : undefined;
  const [main, thin] = [pack(tiles.rows, 0, tiles.main), pack(tiles.rows - 1, tiles.main, sizes.rows)];
  return (body, { to, rows, ...terms }) => {
    const limit = i32.const(tiles.main);
    const mainEnd = body.let(select(i32.ltS(rows.end, limit), rows.end, limit));
    const [count, thinCount] = [body.let(i32.sub(mainEnd, rows.first)), body.let(i32.sub(rows.end, mainEnd))];
    if (main !== undefined)
      body.if(i32.gtS(count, i32.const(0)), () =>
        invoke(body, main, { ...terms, to, first: rows.first, count }),
      );
    if (thin === undefined) return;
    body.if(i32.gtS(thinCount, i32.const(0)), () => {
      const after = i32.add(to, i32.mul(count, i32.const(layout.freeBytes)));
      invoke(body, thin, { ...terms, to: after, first: mainEnd, count: thinCount });
    });
  };
}
