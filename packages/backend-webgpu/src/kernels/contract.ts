import type { ContractKernel } from "@adjoint/compiler/kernel";
import { elementCount } from "@adjoint/ir/values";
import { arithmeticOf } from "../layout/words.ts";
import { fit } from "../scalar/wgsl.ts";
import { blocked } from "./blocked.ts";
import type { Context } from "./context.ts";
import { unravel } from "./coordinates.ts";
import type { Launch } from "./launch.ts";
import { operandFunction } from "./operand.ts";
import { Shader } from "./shader.ts";
import { tiled } from "./tiled.ts";

const LANES = 64;
/** Products with fewer rows or columns have nothing to share in a tile. */
const NARROW = 16;

export function contract(kernel: ContractKernel, context: Context): readonly Launch[] {
  const [rows, columns] = [elementCount(kernel.rows), elementCount(kernel.columns)];
  if (rows < NARROW || columns < NARROW) return [oneEach(kernel, context)];
  return [context.isSoftware ? blocked(kernel, context) : tiled(kernel, context)];
}

/** An invocation an element. */
function oneEach(kernel: ContractKernel, context: Context): Launch {
  const shader = new Shader(context);
  const { batch, rows, columns, inner, dtype } = kernel;
  const [left, right] = [operandFunction(shader, kernel, "left"), operandFunction(shader, kernel, "right")];
  const domain = [...batch, ...rows, ...columns];
  const count = elementCount(domain);
  const [rowCount, columnCount] = [elementCount(rows), elementCount(columns)];
  const { lines, names } = unravel("at", domain, "i");
  const { lines: expression, values } = shader.expression(kernel.epilogue, names, ["total"]);
  return shader.launch({
    groups: Math.ceil(count / LANES),
    lanes: LANES,
    declarations: [left, right],
    body: [
      `let at = i32(group * ${LANES}u + lane);`,
      `if (at >= ${count}) { return; }`,
      ...lines,
      `let batch = at / ${rowCount * columnCount};`,
      `let row = at / ${columnCount} % ${rowCount};`,
      `let column = at % ${columnCount};`,
      `var sum = ${arithmeticOf(dtype)}(0);`,
      `for (var k = 0; k < ${elementCount(inner)}; k++) {`,
      "sum += leftAt(batch, row, k) * rightAt(batch, column, k);",
      "}",
      `let total = ${fit(dtype, "sum", shader.use)};`,
      ...expression,
      ...shader.stores(kernel.stores, values, names),
    ],
  });
}
