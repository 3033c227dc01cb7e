import { type Body, type Local, type ModuleBuilder, call, i32, select } from "../../../emit/index.ts";
import type { RowTiles } from "../micro-kernel/micro-kernel.ts";
import { type Access, type Lines, type Pack, type Panel, emitPack } from "./pack.ts";
import type { Plan } from "../contraction.ts";

type Word = Local<"i32">;

/** Writes the packing of rows of the left side: to, row, rowEnd, k0, terms, batch, lines. */
export type PanelPack = (
  body: Body,
  to: Word,
  row: Word,
  rowEnd: Word,
  k0: Word,
  terms: Word,
  batch: Word,
  lines: Word,
) => void;

interface PanelShape {
  readonly leftAccess: Access;
  readonly tiles: RowTiles;
  readonly leftPanel: Panel;
  readonly leftLines: Lines;
}

/** The left side as slivers, each as wide as its tile has rows. */
export function emitPanelPack(
  module: ModuleBuilder,
  { left, lane, sizes, emitLine }: Plan,
  { leftAccess, tiles, leftPanel: panel, leftLines }: PanelShape,
): PanelPack {
  const pack = (width: number, first: number, end: number): Pack | undefined =>
    first < end
      ? emitPack(module, emitLine, left, leftAccess, lane, { width, panel, lines: leftLines, first, end })
      : undefined;
  const [main, thin] = [pack(tiles.rows, 0, tiles.main), pack(tiles.rows - 1, tiles.main, sizes.rows)];
  return (body, to, row, rowEnd, k0, terms, batch, lines) => {
    const limit = i32.const(tiles.main);
    const end = body.let(select(i32.ltS(rowEnd, limit), rowEnd, limit));
    const [count, others] = [body.let(i32.sub(end, row)), body.let(i32.sub(rowEnd, end))];
    if (main !== undefined)
      body.if(i32.gtS(count, i32.const(0)), () =>
        body.run(call(main, to, row, count, k0, terms, batch, lines)),
      );
    if (thin === undefined) return;
    body.if(i32.gtS(others, i32.const(0)), () => {
      const after = i32.add(to, i32.mul(count, i32.const(panel.row)));
      body.run(call(thin, after, end, others, k0, terms, batch, lines));
    });
  };
}
