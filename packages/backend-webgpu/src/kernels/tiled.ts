import type { ContractKernel } from "@adjoint/compiler";
import { elementCount } from "@adjoint/ir";
import { arithmeticOf } from "../layout/words.ts";
import { fit } from "../scalar/wgsl.ts";
import type { Context } from "./context.ts";
import { unravel } from "./coordinates.ts";
import type { Launch } from "./launch.ts";
import { type Side, operandFunction, partOf } from "./operand.ts";
import { Shader } from "./shader.ts";

/** Elements that an invocation computes in each direction: its sums stay in registers. */
const BLOCK = 4;
/** Terms of the product that a workgroup has in its memory at once. */
const DEPTH = 16;

/** A workgroup a square tile of the result, an invocation 4×4 of its elements; both operands pass through workgroup memory. */
export function tiled(kernel: ContractKernel, context: Context): Launch {
  const shader = new Shader(context);
  const { batch, rows, columns, inner, dtype } = kernel;
  const [rowCount, columnCount, depth] = [elementCount(rows), elementCount(columns), elementCount(inner)];
  const tile = rowCount >= 64 && columnCount >= 64 ? 64 : 32;
  const across = tile / BLOCK;
  const lanes = across * across;
  const [tileRows, tileColumns] = [Math.ceil(rowCount / tile), Math.ceil(columnCount / tile)];
  const groups = elementCount(batch) * tileRows * tileColumns;
  const type = arithmeticOf(dtype);
  const [left, right] = [
    operandFunction(shader, kernel, "left", "leftAt"),
    operandFunction(shader, kernel, "right", "rightAt"),
  ];
  const loads = (["left", "right"] as const).flatMap((side) =>
    loadTile(kernel, side, { tile, lanes, depth }),
  );
  const steps = Array.from({ length: BLOCK }, (_, row) => `sums[${row}] += a[${row}] * b;`);
  return shader.launch({
    groups,
    lanes,
    barriers: true,
    declarations: [
      `var<workgroup> leftTile: array<vec4<${type}>, ${DEPTH * across}>;`,
      `var<workgroup> rightTile: array<vec4<${type}>, ${DEPTH * across}>;`,
      left,
      right,
    ],
    body: [
      // What is left of a dispatch's last row computes the last tile again and stores nothing.
      `let number = i32(min(group, ${groups - 1}u));`,
      `let batch = number / ${tileRows * tileColumns};`,
      `let row0 = number / ${tileColumns} % ${tileRows} * ${tile};`,
      `let column0 = number % ${tileColumns} * ${tile};`,
      `let own = vec2<i32>(i32(lane) / ${across}, i32(lane) % ${across});`,
      `var sums: array<vec4<${type}>, ${BLOCK}>;`,
      `for (var k0 = 0; k0 < ${depth}; k0 += ${DEPTH}) {`,
      ...loads,
      "workgroupBarrier();",
      `for (var k = 0; k < ${DEPTH}; k++) {`,
      `let a = leftTile[k * ${across} + own.x];`,
      `let b = rightTile[k * ${across} + own.y];`,
      ...steps,
      "}",
      "workgroupBarrier();",
      "}",
      `if (group < ${groups}u) {`,
      ...shader.whereLive(
        storeBlock(kernel, shader, fit(dtype, "sums[i][j]", shader.use), rowCount, columnCount),
      ),
      "}",
    ],
  });
}

interface Tile {
  readonly tile: number;
  readonly lanes: number;
  readonly depth: number;
}

/** Fills a tile: four rows (or columns) of one term at a time, zeros beyond the edge. */
function loadTile(kernel: ContractKernel, side: Side, { tile, lanes, depth }: Tile): readonly string[] {
  const across = tile / BLOCK;
  const [first, size] =
    side === "left" ? ["row0", elementCount(kernel.rows)] : ["column0", elementCount(kernel.columns)];
  const parts = partOf(kernel, side, kernel[side].index);
  // Neighbouring invocations read neighbouring elements, along the terms or along the rows.
  const alongTerms = Math.abs(parts.inner.at(-1) ?? 0) === 1;
  const [k, group] = alongTerms ? [`at % ${DEPTH}`, `at / ${DEPTH}`] : [`at / ${across}`, `at % ${across}`];
  const inside: string[] = [];
  if (size % tile !== 0) inside.push(`f + j < ${size}`);
  if (depth % DEPTH !== 0) inside.push(`k0 + k < ${depth}`);
  const read = `v[j] = ${side}At(batch, f + j, k0 + k);`;
  return [
    `for (var at = i32(lane); at < ${DEPTH * across}; at += ${lanes}) {`,
    `let k = ${k};`,
    `let part = ${group};`,
    `let f = ${first} + part * ${BLOCK};`,
    `var v = vec4<${arithmeticOf(kernel.dtype)}>();`,
    `for (var j = 0; j < ${BLOCK}; j++) {`,
    inside.length === 0 ? read : `if (${inside.join(" && ")}) { ${read} }`,
    "}",
    `${side}Tile[k * ${across} + part] = v;`,
    "}",
  ];
}

/** The epilogue of the block's elements inside the result. */
function storeBlock(
  { batch, rows, columns, epilogue, stores }: ContractKernel,
  shader: Shader,
  total: string,
  rowCount: number,
  columnCount: number,
): readonly string[] {
  const parts = [unravel("batch", batch, "b"), unravel("row", rows, "r"), unravel("column", columns, "c")];
  const names = parts.flatMap((part) => part.names);
  const { lines, values } = shader.expression(epilogue, names, ["total"]);
  return [
    `for (var i = 0; i < ${BLOCK}; i++) {`,
    `let row = row0 + own.x * ${BLOCK} + i;`,
    `if (row >= ${rowCount}) { break; }`,
    `for (var j = 0; j < ${BLOCK}; j++) {`,
    `let column = column0 + own.y * ${BLOCK} + j;`,
    `if (column >= ${columnCount}) { break; }`,
    ...parts.flatMap((part) => part.lines),
    `let total = ${total};`,
    ...lines,
    ...shader.stores(stores, values, names),
    "}",
    "}",
  ];
}
