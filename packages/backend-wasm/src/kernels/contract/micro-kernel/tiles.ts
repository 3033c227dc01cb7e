/** Rows of the largest tile. */
const MOST_ROWS = 6;

/**
 * Rows of a tile, at most. V8 before version 12 moves all broadcasts of the left side to the start of the loop's body, so a
 * tile of r × 8 needs 3·r + 2 vector registers, of 15. 4 × 8 is the largest that never spills, and with 8 sums it still
 * hides the latency of a fused multiply-add. Pairs joined to 256 bits come with a newer compiler: there 6 × 16 is better,
 * or 5 × 16 if products need a register of their own.
 */
const rowsOfTile = (wide: boolean, fused: boolean): number => (!wide ? 4 : fused ? MOST_ROWS : 5);

/** Rows as tiles of two sizes that differ by one, so that no tile is thin. */
export interface RowTiles {
  /** Rows of a tile. */
  readonly rows: number;
  /** The number of rows in such tiles. */
  readonly main: number;
  /** The number of tiles after these, each with a row less. */
  readonly thinner: number;
}

export function rowTiles(size: number, { wide, fused }: { wide: boolean; fused: boolean }): RowTiles {
  const tiles = Math.max(1, Math.ceil(size / rowsOfTile(wide, fused)));
  const rows = Math.max(1, Math.ceil(size / tiles));
  const thinner = tiles * rows - size;
  return { rows, main: (tiles - thinner) * rows, thinner: rows === 1 ? 0 : thinner };
}

/** Rows in the thinner tiles. */
export const thinRows = ({ rows, thinner }: RowTiles): number => (rows - 1) * thinner;

/** Units of rows that threads share: a tile each, and all thinner tiles together. */
export const rowUnits = ({ rows, main, thinner }: RowTiles): number => main / rows + (thinner > 0 ? 1 : 0);
