import type { ContractKernel } from "@adjoint/compiler/kernel";
import { elementCount } from "@adjoint/ir/values";
import { arithmeticOf } from "../layout/words.ts";
import type { Context } from "./context.ts";
import type { Launch } from "./launch.ts";
import { type Direction, type Side, operandFunction, vectorDirection } from "./operand.ts";
import { Shader } from "./shader.ts";
import { storeBlock } from "./store-block.ts";

const LANES = 64;
/** Rows of a block, and columns of a vector. */
const VECTOR = 4;
/** Vectors in a block's row. */
const ACROSS = 2;

const range = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);

/**
 * An invocation 4×8 elements of the result, with operands straight from memory: for devices where barriers cost more than to
 * read an element again.
 */
export function blocked(kernel: ContractKernel, context: Context): Launch {
  const shader = new Shader(context);
  const [rows, columns] = [elementCount(kernel.rows), elementCount(kernel.columns)];
  const depth = elementCount(kernel.inner);
  const [down, across] = [Math.ceil(rows / VECTOR), Math.ceil(columns / (VECTOR * ACROSS))];
  const count = elementCount(kernel.batch) * down * across;
  const type = `vec4<${arithmeticOf(kernel.dtype)}>`;
  const terms = range(depth % VECTOR === 0 ? VECTOR : 1);
  const side = (name: Side, size: number): Operand => {
    const direction = vectorDirection(kernel, name, context);
    const read = operandFunction(shader, kernel, name, direction !== undefined);
    return { name, size, type, direction, read, terms };
  };
  const [left, right] = [side("left", rows), side("right", columns)];
  const vectors = range(ACROSS);
  const sums = range(VECTOR).flatMap((row) => vectors.map((vector) => `s${row}_${vector}`));
  const products = terms.flatMap((term) =>
    range(VECTOR).flatMap((row) =>
      vectors.map((vector) => `s${row}_${vector} += a${term}[${row}] * b${vector}_${term};`),
    ),
  );
  return shader.launch({
    groups: Math.ceil(count / LANES),
    lanes: LANES,
    declarations: [left.read, right.read],
    body: [
      `let at = i32(group * ${LANES}u + lane);`,
      `if (at >= ${count}) { return; }`,
      `let batch = at / ${down * across};`,
      `let row0 = at / ${across} % ${down} * ${VECTOR};`,
      `let column0 = at % ${across} * ${VECTOR * ACROSS};`,
      ...sums.map((name) => `var ${name} = ${type}();`),
      `for (var k = 0; k < ${depth}; k += ${terms.length}) {`,
      ...fourOf(left, "a", "row0"),
      ...vectors.flatMap((vector) => fourOf(right, `b${vector}_`, `column0 + ${vector * VECTOR}`)),
      ...products,
      "}",
      `var sums = array<${type}, ${sums.length}>(${sums.join(", ")});`,
      ...storeBlock(kernel, shader, {
        rows: VECTOR,
        columns: VECTOR * ACROSS,
        row: "row0",
        column: "column0",
        sum: `sums[i * ${ACROSS} + j / ${VECTOR}][j % ${VECTOR}]`,
      }),
    ],
  });
}

interface Operand {
  readonly name: Side;
  /** Rows or columns. */
  readonly size: number;
  readonly type: string;
  readonly direction: Direction | undefined;
  /** The function that reads it. */
  readonly read: string;
  readonly terms: readonly number[];
}

/**
 * Declares for each term a vector of the four rows (or columns) from `first` on; beyond the edge it repeats what lies inside,
 * for sums that nothing stores.
 */
function fourOf({ name, size, type, direction, terms }: Operand, prefix: string, first: string): string[] {
  const four = range(VECTOR);
  const element = (offset: number, term: number): string =>
    `${name}At(batch, min(${first} + ${offset}, ${size - 1}), k + ${term})`;
  const gathered = (of: (offset: number) => string): string => `${type}(${four.map(of).join(", ")})`;
  if (direction === "free")
    return terms.map(
      (term) => `let ${prefix}${term} = ${name}At(batch, min(${first}, ${size - VECTOR}), k + ${term});`,
    );
  if (direction === undefined)
    return terms.map((term) => `let ${prefix}${term} = ${gathered((offset) => element(offset, term))};`);
  return [
    ...four.map((offset) => `let ${prefix}along${offset} = ${element(offset, 0)};`),
    ...terms.map(
      (term) => `let ${prefix}${term} = ${gathered((offset) => `${prefix}along${offset}[${term}]`)};`,
    ),
  ];
}
