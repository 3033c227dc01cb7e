import type { ContractKernel } from "@adjoint/compiler/kernel";
import { elementCount } from "@adjoint/ir/values";
import { arithmeticOf } from "../layout/words.ts";
import type { Context } from "./context.ts";
import type { Launch } from "./launch.ts";
import { operandFunction, vectorDirection } from "./operand.ts";
import { Shader } from "./shader.ts";
import { storeBlock } from "./store-block.ts";
import { BLOCK, DEPTH, loadTile } from "./tile-load.ts";

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
  const sides = (["left", "right"] as const).map((side) => {
    const vector = vectorDirection(kernel, side, context);
    return {
      read: operandFunction(shader, kernel, side, vector !== undefined),
      load: loadTile(kernel, side, { tile, lanes, vector }),
    };
  });
  const steps = Array.from({ length: BLOCK }, (_, row) => `sums[${row}] += a[${row}] * b;`);
  return shader.launch({
    groups,
    lanes,
    barriers: true,
    declarations: [
      `var<workgroup> leftTile: array<vec4<${type}>, ${DEPTH * across}>;`,
      `var<workgroup> rightTile: array<vec4<${type}>, ${DEPTH * across}>;`,
      ...sides.map(({ read }) => read),
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
      ...sides.flatMap(({ load }) => load),
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
        storeBlock(kernel, shader, {
          rows: BLOCK,
          columns: BLOCK,
          row: `row0 + own.x * ${BLOCK}`,
          column: `column0 + own.y * ${BLOCK}`,
          sum: "sums[i][j]",
        }),
      ),
      "}",
    ],
  });
}
