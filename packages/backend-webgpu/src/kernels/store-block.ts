import type { ContractKernel } from "@adjoint/compiler/kernel";
import { elementCount } from "@adjoint/ir/values";
import { fit } from "../scalar/wgsl.ts";
import { unravel } from "./coordinates.ts";
import type { Shader } from "./shader.ts";

/** Elements of a result that one invocation has in the variable `sums`. */
export interface Block {
  readonly rows: number;
  readonly columns: number;
  /** The first row and column, as code. */
  readonly row: string;
  readonly column: string;
  /** The sum at row `i` and column `j` of the block, as code. */
  readonly sum: string;
}

/** The epilogue of a block's elements inside the result. */
export function storeBlock(
  { batch, rows, columns, dtype, epilogue, stores }: ContractKernel,
  shader: Shader,
  block: Block,
): readonly string[] {
  const parts = [unravel("batch", batch, "b"), unravel("row", rows, "r"), unravel("column", columns, "c")];
  const names = parts.flatMap((part) => part.names);
  const { lines, values } = shader.expression(epilogue, names, ["total"]);
  return [
    `for (var i = 0; i < ${block.rows}; i++) {`,
    `let row = ${block.row} + i;`,
    `if (row >= ${elementCount(rows)}) { break; }`,
    `for (var j = 0; j < ${block.columns}; j++) {`,
    `let column = ${block.column} + j;`,
    `if (column >= ${elementCount(columns)}) { break; }`,
    ...parts.flatMap((part) => part.lines),
    `let total = ${fit(dtype, block.sum, shader.use)};`,
    ...lines,
    ...shader.stores(stores, values, names),
    "}",
    "}",
  ];
}
