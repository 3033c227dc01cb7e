import type { Reduction } from "@adjoint/compiler/kernel";
import { type Arithmetic, arithmeticOf } from "../layout/words.ts";
import { scalarCode } from "../scalar/table.ts";
import { type Use, fit, heldRange, literal } from "../scalar/wgsl.ts";

/** A variable of a fold. */
interface State {
  readonly name: string;
  readonly type: Arithmetic;
  readonly start: string;
}

/** A reduction as code: what it keeps, how it takes an element in, and how two halves become one. */
export interface Fold {
  readonly states: readonly State[];
  /** @param index the element's index in the line, as u32. */
  take(value: string, index: string): readonly string[];
  /** @param others names of another half's states. */
  merge(others: readonly string[]): readonly string[];
  readonly result: string;
}

/** No element yet. */
const NOWHERE = "0xffffffffu";

const joining = { reduceSum: "add", reduceProd: "mul", reduceMax: "max", reduceMin: "min" } as const;

/** Float sums and products run in f32 and are rounded to their dtype at the end. */
function joinFold(operation: keyof typeof joining, { dtype }: Reduction, name: string, use: Use): Fold {
  const type = arithmeticOf(dtype);
  const running = type === "f32" ? "f32" : dtype;
  const [low, high] = heldRange(dtype);
  const start = { reduceSum: 0, reduceProd: 1, reduceMax: low, reduceMin: high }[operation];
  const take = (value: string): readonly string[] => [
    `${name} = ${scalarCode(joining[operation], [name, value], running, running, use)};`,
  ];
  return {
    states: [{ name, type, start: literal(start, running, use) }],
    take,
    merge: ([other = ""]) => take(other),
    result: fit(dtype, name, use),
  };
}

/** The first of the best; NaN is better than any number. */
function argFold(sign: ">" | "<", { dtype }: Reduction, name: string, use: Use): Fold {
  const type = arithmeticOf(dtype);
  const position = `${name}At`;
  const beats = (a: string, b: string): string =>
    type === "f32" ? `(${a} ${sign} ${b} || (${use("isNan")}(${a}) && !isNan(${b})))` : `(${a} ${sign} ${b})`;
  const become = (condition: string, value: string, index: string): readonly string[] => [
    `if (${condition}) { ${name} = ${value}; ${position} = ${index}; }`,
  ];
  return {
    states: [
      { name, type, start: `${type}(0)` },
      { name: position, type: "u32", start: NOWHERE },
    ],
    take: (value, index) => become(`${position} == ${NOWHERE} || ${beats(value, name)}`, value, index),
    merge: ([value = "", index = ""]) =>
      become(
        `${index} != ${NOWHERE} && (${position} == ${NOWHERE} || ${beats(value, name)} || (!${beats(name, value)} && ${index} < ${position}))`,
        value,
        index,
      ),
    result: `i32(${position})`,
  };
}

/** A reduction as code over variables that start with `name`. */
export function foldOf(reduction: Reduction, name: string, use: Use): Fold {
  const { operation } = reduction;
  if (operation === "argMax") return argFold(">", reduction, name, use);
  if (operation === "argMin") return argFold("<", reduction, name, use);
  return joinFold(operation, reduction, name, use);
}
