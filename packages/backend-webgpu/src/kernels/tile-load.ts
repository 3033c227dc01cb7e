import type { ContractKernel } from "@adjoint/compiler/kernel";
import { elementCount } from "@adjoint/ir/values";
import { arithmeticOf } from "../layout/words.ts";
import { type Direction, type Side, partsOf } from "./operand.ts";

/** Elements that an invocation computes in each direction: its sums stay in registers. */
export const BLOCK = 4;
/** Terms of the product that a workgroup has in its memory at once. */
export const DEPTH = 16;

export interface Tile {
  /** Rows and columns of the result that a workgroup computes. */
  readonly tile: number;
  readonly lanes: number;
  /** The direction in which the operand's function reads four elements at once. */
  readonly vector: Direction | undefined;
}

/** Shared by the loads of a side. */
interface Load {
  readonly side: Side;
  /** Vectors across the tile. */
  readonly across: number;
  readonly lanes: number;
  readonly type: string;
  /** The first row or column of the tile. */
  readonly first: string;
  /** Conditions that a row (or column) and a term lie inside the operand; "true" where they always do. */
  readonly isInside: (free: string, term: string) => string;
}

/** Fills a side's tile with vectors of four rows (or columns) of one term each, zeros beyond the edge. */
export function loadTile(
  kernel: ContractKernel,
  side: Side,
  { tile, lanes, vector }: Tile,
): readonly string[] {
  const size = elementCount(side === "left" ? kernel.rows : kernel.columns);
  const depth = elementCount(kernel.inner);
  const load: Load = {
    side,
    across: tile / BLOCK,
    lanes,
    type: `vec4<${arithmeticOf(kernel.dtype)}>`,
    first: side === "left" ? "row0" : "column0",
    isInside: (free, term) => {
      const conditions = [
        ...(size % tile === 0 ? [] : [`${free} < ${size}`]),
        ...(depth % DEPTH === 0 ? [] : [`${term} < ${depth}`]),
      ];
      return conditions.join(" && ") || "true";
    },
  };
  if (vector === "free") return alongFree(load);
  if (vector === "inner") return alongTerms(load);
  return oneByOne(load, Math.abs(partsOf(kernel, side, kernel[side].index).inner.at(-1) ?? 0) === 1);
}

/** Vectors come as the tile has them. */
function alongFree({ side, across, lanes, type, first, isInside }: Load): readonly string[] {
  return [
    `for (var at = i32(lane); at < ${DEPTH * across}; at += ${lanes}) {`,
    `let f = ${first} + at % ${across} * ${BLOCK};`,
    `let k = k0 + at / ${across};`,
    `var v = ${type}();`,
    `if (${isInside("f", "k")}) { v = ${side}At(batch, f, k); }`,
    `${side}Tile[at] = v;`,
    "}",
  ];
}

/** Vectors of four terms; an invocation turns a square of four. */
function alongTerms({ side, across, lanes, type, first, isInside }: Load): readonly string[] {
  const quarters = DEPTH / BLOCK;
  const rows = Array.from({ length: BLOCK }, (_, row) => row);
  return [
    `for (var at = i32(lane); at < ${quarters * across}; at += ${lanes}) {`,
    `let part = at / ${quarters};`,
    `let term = at % ${quarters} * ${BLOCK};`,
    `let f = ${first} + part * ${BLOCK};`,
    ...rows.flatMap((row) => [
      `var v${row} = ${type}();`,
      `if (${isInside(`f + ${row}`, "k0 + term")}) { v${row} = ${side}At(batch, f + ${row}, k0 + term); }`,
    ]),
    ...rows.map(
      (term) =>
        `${side}Tile[(term + ${term}) * ${across} + part] = ${type}(${rows.map((row) => `v${row}[${term}]`).join(", ")});`,
    ),
    "}",
  ];
}

/** Neighbouring invocations read neighbouring elements, along the terms or along the rows. */
function oneByOne(
  { side, across, lanes, type, first, isInside }: Load,
  isAlongTerms: boolean,
): readonly string[] {
  const [k, part] = isAlongTerms ? [`at % ${DEPTH}`, `at / ${DEPTH}`] : [`at / ${across}`, `at % ${across}`];
  return [
    `for (var at = i32(lane); at < ${DEPTH * across}; at += ${lanes}) {`,
    `let k = ${k};`,
    `let part = ${part};`,
    `let f = ${first} + part * ${BLOCK};`,
    `var v = ${type}();`,
    `for (var j = 0; j < ${BLOCK}; j++) {`,
    `if (${isInside("f + j", "k0 + k")}) { v[j] = ${side}At(batch, f + j, k0 + k); }`,
    "}",
    `${side}Tile[k * ${across} + part] = v;`,
    "}",
  ];
}
