import type { NameOf } from "@adjoint/ir/graph";
import type { DType } from "@adjoint/ir/values";
import { type Arithmetic, arithmeticOf } from "../layout/words.ts";
import { bitcastCode, castCode } from "./convert.ts";
import type { FunctionName } from "./functions.ts";
import { type Use, asBool, fit } from "./wgsl.ts";

/** An operation on operands that stand in variables. */
interface Operation {
  readonly operands: readonly [string, string, string];
  readonly from: DType;
  readonly to: DType;
  readonly use: Use;
}

type Rule = (operation: Operation) => string;
type ByArithmetic = { readonly [A in Arithmetic]: Rule };

/** One rule for each arithmetic, by the operands' dtype. */
const by =
  (rules: ByArithmetic): Rule =>
  (operation) =>
    rules[arithmeticOf(operation.from)](operation);

/** The result is brought to its dtype. */
const fitted =
  (rule: Rule): Rule =>
  (operation) =>
    fit(operation.to, rule(operation), operation.use);

const infix =
  (sign: string): Rule =>
  ({ operands: [a, b] }) =>
    `(${a} ${sign} ${b})`;

/** A call of a WGSL function or, by `use`, of one of the library. */
const builtin =
  (name: string): Rule =>
  ({ operands: [a, b] }) =>
    b === "" ? `${name}(${a})` : `${name}(${a}, ${b})`;
const call =
  (name: FunctionName): Rule =>
  (operation) =>
    builtin(operation.use(name))(operation);

const calls = (f32: FunctionName, i32: FunctionName, u32: FunctionName): Rule =>
  fitted(by({ f32: call(f32), i32: call(i32), u32: call(u32) }));

const same: Rule = ({ operands: [a] }) => a;
const fail: Rule = ({ from }) => {
  throw new TypeError(`an operation has no rule for ${from}`);
};

/** Functions of floats. */
const float = (rule: Rule): Rule => fitted(by({ f32: rule, i32: fail, u32: fail }));
const integer = (i32: Rule, u32: Rule = i32): Rule => fitted(by({ f32: fail, i32, u32 }));

const compare =
  (sign: string): Rule =>
  ({ operands: [a, b] }) =>
    asBool(`${a} ${sign} ${b}`);

const ifFloat = (name: FunctionName): Rule =>
  by({
    f32: ({ operands: [a], use }) => asBool(`${use(name)}(${a})`),
    i32: () => "0u",
    u32: () => "0u",
  });

/** WGSL for each elementwise primitive: total over the closed set. */
const table: { readonly [N in NameOf<"map">]: Rule } = {
  abs: fitted(by({ f32: builtin("abs"), i32: builtin("abs"), u32: same })),
  // The sign bit, so that a zero's sign turns too.
  neg: fitted(
    by({
      f32: ({ operands: [a] }) => `bitcast<f32>(bitcast<u32>(${a}) ^ 0x80000000u)`,
      i32: ({ operands: [a] }) => `(-${a})`,
      u32: ({ operands: [a] }) => `(0u - ${a})`,
    }),
  ),
  sign: by({
    f32: call("signum"),
    i32: call("signI32"),
    u32: ({ operands: [a] }) => `min(${a}, 1u)`,
  }),
  exp: float(call("exponential")),
  expm1: float(call("exponentialLess1")),
  log: float(call("logarithm")),
  log1p: float(call("logarithm1")),
  sqrt: float(call("squareRoot")),
  sin: float(call("sine")),
  cos: float(call("cosine")),
  tan: float(call("tangent")),
  asin: float(call("arcsine")),
  acos: float(call("arccosine")),
  atan: float(call("arctangent")),
  sinh: float(call("hyperbolicSine")),
  cosh: float(call("hyperbolicCosine")),
  tanh: float(call("hyperbolicTangent")),
  asinh: float(call("areaSine")),
  acosh: float(call("areaCosine")),
  atanh: float(call("areaTangent")),
  erf: float(call("errorOf")),
  floor: by({ f32: builtin("floor"), i32: same, u32: same }),
  ceil: by({ f32: builtin("ceil"), i32: same, u32: same }),
  round: by({ f32: builtin("round"), i32: same, u32: same }),
  isNaN: ifFloat("isNan"),
  isInf: ifFloat("isInfinite"),
  not: ({ operands: [a] }) => `(1u - ${a})`,
  bitwiseNot: integer(({ operands: [a] }) => `(~${a})`),
  cast: ({ operands: [a], from, to, use }) => castCode(a, from, to, use),
  bitcast: ({ operands: [a], from, to, use }) => bitcastCode(a, from, to, use),
  stopGradient: same,
  add: fitted(infix("+")),
  sub: fitted(infix("-")),
  mul: fitted(infix("*")),
  div: fitted(by({ f32: call("quotient"), i32: call("divI32"), u32: call("divU32") })),
  mod: calls("moduloOf", "modI32", "remU32"),
  fmod: calls("remainderOf", "remI32", "remU32"),
  pow: calls("power", "powI32", "powU32"),
  atan2: float(call("arctangent2")),
  max: by({ f32: call("maxOf"), i32: builtin("max"), u32: builtin("max") }),
  min: by({ f32: call("minOf"), i32: builtin("min"), u32: builtin("min") }),
  equal: compare("=="),
  less: compare("<"),
  lessOrEqual: compare("<="),
  and: infix("&"),
  or: infix("|"),
  xor: infix("^"),
  bitwiseAnd: integer(infix("&")),
  bitwiseOr: integer(infix("|")),
  bitwiseXor: integer(infix("^")),
  shiftLeft: integer(call("shiftLeftI32"), call("shiftLeftU32")),
  shiftRight: integer(call("shiftRightI32"), call("shiftRightU32")),
  where: ({ operands: [condition, a, b] }) => `select(${b}, ${a}, ${condition} != 0u)`,
};

/** An elementwise operation as WGSL, from the names of its operands. */
export function scalarCode(
  operation: NameOf<"map">,
  [a = "", b = "", c = ""]: readonly string[],
  from: DType,
  to: DType,
  use: Use,
): string {
  return table[operation]({ operands: [a, b, c], from, to, use });
}
