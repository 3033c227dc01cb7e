import type { DType, Operand, Tensor } from "@adjoint/ir";
import type { NameOf } from "@adjoint/ir/graph";
import { type Elements, type Example, type Examples, example, tensor, value } from "./example.ts";
import type { transcendentalExamples } from "./transcendental.ts";

type Named<F> = { [K in keyof Tensor]: Tensor[K] extends F ? K : never }[keyof Tensor];
type Unary = NameOf<"map"> & Named<() => Tensor>;
type Binary = NameOf<"map"> & Named<(other: Operand) => Tensor>;

const unary = (name: Unary, dtype: DType, at: Elements, are: Elements, result = dtype): Example =>
  example(`of ${dtype} ${String(at)} is ${String(are)}`, () => tensor(dtype, at)[name](), value(result, are));

const binary = (
  name: Binary,
  dtype: DType,
  a: Elements,
  b: Elements,
  are: Elements,
  result = dtype,
): Example =>
  example(
    `of ${dtype} ${String(a)} and ${String(b)} is ${String(are)}`,
    () => tensor(dtype, a)[name](tensor(dtype, b)),
    value(result, are),
  );

const arithmetic: Examples<
  | "abs"
  | "neg"
  | "sign"
  | "floor"
  | "ceil"
  | "round"
  | "add"
  | "sub"
  | "mul"
  | "div"
  | "mod"
  | "fmod"
  | "pow"
  | "max"
  | "min"
> = {
  abs: [
    unary("abs", "f64", [-2.5, 0, -0, NaN, -Infinity], [2.5, 0, 0, NaN, Infinity]),
    unary("abs", "i8", [-128, -127, 5], [-128, 127, 5]),
    unary("abs", "i64", [-(2n ** 63n), -5n, 0n, 7n], [-(2n ** 63n), 5n, 0n, 7n]),
    unary("abs", "u8", [200], [200]),
  ],
  neg: [
    unary("neg", "f32", [1.5, 0, -0, NaN], [-1.5, -0, 0, NaN]),
    unary("neg", "i32", [7, -2147483648, 0], [-7, -2147483648, 0]),
    unary("neg", "i64", [-(2n ** 63n), 3n], [-(2n ** 63n), -3n]),
  ],
  sign: [
    unary("sign", "f32", [-3, -0, 0, 4, NaN, -Infinity], [-1, -0, 0, 1, NaN, -1]),
    unary("sign", "i16", [-300, 0, 9], [-1, 0, 1]),
    unary("sign", "i64", [-(2n ** 63n), 0n, 2n ** 40n], [-1n, 0n, 1n]),
    unary("sign", "u64", [0n, 2n ** 64n - 1n], [0n, 1n]),
  ],
  floor: [
    unary("floor", "f64", [-1.5, -0.5, 0.5, 1e300, NaN, -Infinity], [-2, -1, 0, 1e300, NaN, -Infinity]),
  ],
  ceil: [unary("ceil", "f64", [-1.5, 0.5, 1.5, 1e300, NaN, Infinity], [-1, 1, 2, 1e300, NaN, Infinity])],
  round: [
    unary("round", "f64", [0.5, 1.5, 2.5, -1.5, -2.5, 2.49, 0.49999999999999994], [0, 2, 2, -2, -2, 2, 0]),
    unary("round", "f32", [8388609, Infinity, NaN, 1e30], [8388609, Infinity, NaN, 1e30]),
  ],
  add: [
    binary(
      "add",
      "f32",
      [0.1, 16777216, Infinity],
      [0.2, 1, -Infinity],
      [0.30000001192092896, 16777216, NaN],
    ),
    binary("add", "i8", [127, -128, 100], [1, -1, 100], [-128, 127, -56]),
    binary("add", "u8", [250], [10], [4]),
    binary("add", "u32", [4294967295], [2], [1]),
    binary("add", "i64", [2n ** 63n - 1n, 2n ** 53n], [1n, 1n], [-(2n ** 63n), 2n ** 53n + 1n]),
  ],
  sub: [
    binary("sub", "f64", [1, Infinity], [0.9, Infinity], [0.09999999999999998, NaN]),
    binary("sub", "u8", [3], [5], [254]),
    binary("sub", "u64", [0n], [1n], [2n ** 64n - 1n]),
  ],
  mul: [
    binary("mul", "f32", [1e30, 0, 0.1], [1e30, Infinity, 0.1], [Infinity, NaN, 0.010000000707805157]),
    binary("mul", "i32", [65536, 2147483647, -3], [65536, 2147483647, 7], [0, 1, -21]),
    binary("mul", "u32", [4294967295], [4294967295], [1]),
    binary("mul", "i64", [2n ** 62n, 3037000500n], [4n, 3037000500n], [0n, -9223372036709301616n]),
    binary("mul", "u16", [300], [300], [90000 - 65536]),
  ],
  div: [
    binary("div", "f64", [1, -1, 0, 7], [0, 0, 0, -2], [Infinity, -Infinity, NaN, -3.5]),
    binary("div", "i32", [7, -7, 7, 5, -2147483648], [2, 2, -2, 0, -1], [3, -3, -3, 0, -2147483648]),
    binary("div", "u8", [255, 7], [2, 0], [127, 0]),
    binary("div", "i64", [-7n, 9n, -(2n ** 63n)], [2n, 0n, -1n], [-3n, 0n, -(2n ** 63n)]),
  ],
  mod: [
    binary("mod", "f64", [7, -7, 7, -7, 5.5], [3, 3, -3, -3, 1.5], [1, 2, -2, -1, 1]),
    binary("mod", "f64", [1, NaN, Infinity, 1], [0, 1, 2, Infinity], [NaN, NaN, NaN, 1]),
    binary("mod", "i32", [7, -7, 7, -7, 4], [3, 3, -3, -3, 0], [1, 2, -2, -1, 0]),
    binary("mod", "i64", [-7n, 7n, 4n], [3n, -3n, 0n], [2n, -2n, 0n]),
    binary("mod", "u8", [250], [7], [5]),
  ],
  fmod: [
    binary("fmod", "f64", [7, -7, 7, -7, 5.5], [3, 3, -3, -3, 1.5], [1, -1, 1, -1, 1]),
    binary("fmod", "i32", [7, -7, 7, 4], [3, 3, -3, 0], [1, -1, 1, 0]),
    binary("fmod", "i64", [-7n, 7n, 4n], [3n, -3n, 0n], [-1n, 1n, 0n]),
  ],
  pow: [
    binary("pow", "f64", [2, 2, -2, 0, NaN, 1, 4], [10, -1, 3, 0, 0, NaN, 0.5], [1024, 0.5, -8, 1, 1, 1, 2]),
    binary("pow", "f64", [-8, 0], [1 / 3, -1], [NaN, Infinity]),
    binary(
      "pow",
      "i32",
      [2, -1, -1, 1, 5, 0, 3],
      [31, -3, -4, -9, -1, 0, 21],
      [-2147483648, -1, 1, 1, 0, 1, 1870418611],
    ),
    binary("pow", "u8", [3], [6], [729 - 512]),
    binary("pow", "i64", [3n, -1n, 2n], [41n, -3n, 64n], [-420491770248316829n, -1n, 0n]),
  ],
  max: [
    binary("max", "f64", [1, NaN, 1, -0, 0], [2, 1, NaN, 0, -0], [2, NaN, NaN, 0, 0]),
    binary("max", "i8", [-128, 5], [127, 5], [127, 5]),
    binary("max", "u64", [2n ** 63n], [1n], [2n ** 63n]),
  ],
  min: [
    binary("min", "f64", [1, NaN, 1, -0, 0], [2, 1, NaN, 0, -0], [1, NaN, NaN, -0, -0]),
    binary("min", "u32", [4294967295], [1], [1]),
    binary("min", "i64", [-(2n ** 63n)], [1n], [-(2n ** 63n)]),
  ],
};

const truths: Elements = [false, false, true, true];
const others: Elements = [false, true, false, true];
const bools = (name: "and" | "or" | "xor", are: Elements): readonly Example[] => [
  binary(name, "bool", truths, others, are),
];

const comparisons = (
  name: "equal" | "less" | "lessOrEqual",
  ofOrder: readonly [boolean, boolean, boolean],
): readonly Example[] => [
  binary(name, "f64", [1, 2, 3], [2, 2, 2], [...ofOrder], "bool"),
  binary(name, "f64", [NaN, NaN, 1], [NaN, 1, NaN], [false, false, false], "bool"),
  binary(name, "f32", [0, -Infinity], [-0, -Infinity], [ofOrder[1], ofOrder[1]], "bool"),
  binary(
    name,
    "i64",
    [2n ** 53n, 2n ** 53n + 1n, 2n ** 53n + 2n],
    [2n ** 53n + 1n, 2n ** 53n + 1n, 2n ** 53n + 1n],
    [...ofOrder],
    "bool",
  ),
  binary(name, "u32", [4294967295], [1], [ofOrder[2]], "bool"),
  binary(name, "i8", [-1], [1], [ofOrder[0]], "bool"),
];

const logic: Examples<
  "isNaN" | "isInf" | "equal" | "less" | "lessOrEqual" | "not" | "and" | "or" | "xor" | "where"
> = {
  isNaN: [unary("isNaN", "f32", [NaN, 0, Infinity, -1], [true, false, false, false], "bool")],
  isInf: [
    unary("isInf", "f16", [NaN, 0, Infinity, -Infinity, 65504], [false, false, true, true, false], "bool"),
  ],
  equal: [
    ...comparisons("equal", [false, true, false]),
    binary("equal", "bool", truths, others, [true, false, false, true]),
  ],
  less: comparisons("less", [true, false, false]),
  lessOrEqual: comparisons("lessOrEqual", [true, true, false]),
  not: [unary("not", "bool", [true, false], [false, true])],
  and: bools("and", [false, false, false, true]),
  or: bools("or", [false, true, true, true]),
  xor: bools("xor", [false, true, true, false]),
  where: [
    example(
      "takes from the first where the condition holds, whatever the other holds",
      () =>
        tensor("bool", [true, false, true]).where(tensor("f32", [1, NaN, -0]), tensor("f32", [NaN, 2, 3])),
      value("f32", [1, 2, -0]),
    ),
    example(
      "moves 64 bits",
      () => tensor("bool", [false]).where(0n, tensor("i64", [2n ** 62n + 1n])),
      value("i64", [2n ** 62n + 1n]),
    ),
  ],
};

const bitwise: Examples<
  "bitwiseNot" | "bitwiseAnd" | "bitwiseOr" | "bitwiseXor" | "shiftLeft" | "shiftRight"
> = {
  bitwiseNot: [
    unary("bitwiseNot", "i32", [0, -1, 5], [-1, 0, -6]),
    unary("bitwiseNot", "u8", [0, 15], [255, 240]),
    unary("bitwiseNot", "u32", [0], [4294967295]),
    unary("bitwiseNot", "u64", [0n], [2n ** 64n - 1n]),
  ],
  bitwiseAnd: [
    binary("bitwiseAnd", "u8", [0b1100], [0b1010], [0b1000]),
    binary("bitwiseAnd", "u32", [4294967295], [4294967280], [4294967280]),
    binary("bitwiseAnd", "i64", [-1n], [2n ** 40n], [2n ** 40n]),
  ],
  bitwiseOr: [
    binary("bitwiseOr", "u8", [0b1100], [0b1010], [0b1110]),
    binary("bitwiseOr", "i64", [2n ** 40n], [1n], [2n ** 40n + 1n]),
  ],
  bitwiseXor: [
    binary("bitwiseXor", "u32", [4294967295], [1], [4294967294]),
    binary("bitwiseXor", "i8", [-1], [127], [-128]),
  ],
  shiftLeft: [
    binary("shiftLeft", "i8", [1, 1, 1, -1, 3], [6, 7, 8, 1, -1], [64, -128, 0, -2, 0]),
    binary("shiftLeft", "u32", [1, 1, 3], [31, 32, 33], [2147483648, 0, 0]),
    binary("shiftLeft", "i32", [1, 5], [31, 100], [-2147483648, 0]),
    binary("shiftLeft", "i64", [1n, 1n, 3n, 3n], [63n, 64n, -1n, 0n], [-(2n ** 63n), 0n, 0n, 3n]),
    binary("shiftLeft", "u64", [3n], [63n], [2n ** 63n]),
  ],
  shiftRight: [
    binary("shiftRight", "i8", [-128, -1, 127, -5, 5], [7, 100, 3, -1, 8], [-1, -1, 15, -1, 0]),
    binary("shiftRight", "u8", [255, 255], [4, 8], [15, 0]),
    binary("shiftRight", "u32", [4294967295, 4294967295], [31, 32], [1, 0]),
    binary("shiftRight", "i32", [-8, -8, -8, 8, 8, 8], [1, 32, 0, 32, -1, 0], [-4, -1, -8, 0, 0, 8]),
    binary("shiftRight", "i64", [-(2n ** 63n), -1n, 5n], [62n, 64n, -1n], [-2n, -1n, 0n]),
    binary("shiftRight", "u64", [2n ** 64n - 1n, 9n], [63n, 64n], [1n, 0n]),
  ],
};

const cast = (from: DType, at: Elements, to: DType, are: Elements): Example =>
  example(
    `${from} ${String(at)} becomes ${to} ${String(are)}`,
    () => tensor(from, at).cast(to),
    value(to, are),
  );

const convert: Examples<"cast" | "bitcast" | "stopGradient"> = {
  cast: [
    cast("f32", [-1.9, 1.9, 300, -300, NaN, Infinity, -Infinity], "i8", [-1, 1, 127, -128, 0, 127, -128]),
    cast("f64", [-0.9, 255.9, 256, -5, NaN], "u8", [0, 255, 255, 0, 0]),
    cast("f64", [2147483647.9, -2147483649, 1e30], "i32", [2147483647, -2147483648, 2147483647]),
    cast("f32", [4294967296, -1], "u32", [4294967295, 0]),
    cast("f64", [1e30, -1e30, NaN, 2 ** 53 + 2], "i64", [2n ** 63n - 1n, -(2n ** 63n), 0n, 2n ** 53n + 2n]),
    cast("f64", [1e30, -1, 2 ** 63], "u64", [2n ** 64n - 1n, 0n, 2n ** 63n]),
    cast("i32", [300, -1, 128], "i8", [44, -1, -128]),
    cast("i32", [-1, 256], "u8", [255, 0]),
    cast("i64", [2n ** 32n + 5n, -1n], "i32", [5, -1]),
    cast("i64", [-1n], "u64", [2n ** 64n - 1n]),
    cast("u32", [4294967295], "i32", [-1]),
    cast("u32", [4294967295], "i64", [4294967295n]),
    cast("u64", [2n ** 64n - 1n], "f32", [18446744073709552000]),
    cast("f32", [0, -0, 0.1, NaN, -3], "bool", [false, false, true, true, true]),
    cast("i64", [0n, 2n ** 40n], "bool", [false, true]),
    cast("bool", [true, false], "f16", [1, 0]),
    cast("bool", [true, false], "i64", [1n, 0n]),
    cast("f64", [2049, 2051, 65519.99, 65520, 1e-8, -0], "f16", [2048, 2052, 65504, Infinity, 0, -0]),
    cast("f64", [1 + 2 ** -8, 1 + 2 ** -8 + 2 ** -40, 1e39], "bf16", [1, 1 + 2 ** -7, Infinity]),
    cast("f64", [0.1, 1e39], "f32", [0.10000000149011612, Infinity]),
  ],
  bitcast: [
    example(
      "reads the bits of floats",
      () => tensor("f32", [1, -0, Infinity]).bitcast("u32"),
      value("u32", [0x3f800000, 0x80000000, 0x7f800000]),
    ),
    example(
      "makes floats of bits",
      () => tensor("i64", [0x3ff0000000000000n, 1n]).bitcast("f64"),
      value("f64", [1, 5e-324]),
    ),
    example(
      "tells the halves apart",
      () => tensor("u16", [0x3c00, 0x3f80]).bitcast("f16").cast("f64"),
      value("f64", [1, 1.875]),
    ),
    example(
      "keeps the bits between halves",
      () => tensor("f16", [1]).bitcast("bf16").bitcast("u16"),
      value("u16", [0x3c00]),
    ),
    example(
      "changes the sign of integers",
      () => tensor("i8", [-1, 127]).bitcast("u8"),
      value("u8", [255, 127]),
    ),
  ],
  stopGradient: [unary("stopGradient", "f32", [1, NaN, -0], [1, NaN, -0])],
};

export const mapExamples: Examples<Exclude<NameOf<"map">, keyof typeof transcendentalExamples>> = {
  ...arithmetic,
  ...logic,
  ...bitwise,
  ...convert,
};
