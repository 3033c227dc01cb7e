import type { DType } from "@adjoint/ir";

/** The types that ONNX Runtime's CPU provider computes an operator in. */
interface Kernel {
  readonly types: readonly DType[];
  /** The inputs of the operator's main type; all of them by default. */
  readonly on?: readonly number[];
  /** Low bits of the result depend on low bits of the operands alone, so that wrapping at the end is enough. */
  readonly wraps?: boolean;
}

const words = ["f32", "f64", "i32", "i64"] as const;
const floats = ["f32", "f64"] as const;
const extremes = ["f32", "f64", "i32", "i8", "u8"] as const;
const one: Kernel = { types: ["f32"] };

/** Operators that are not listed take every type. Half floats are taken everywhere: the runtime casts them itself. */
const kernels: { readonly [operator: string]: Kernel } = {
  Add: { types: words, wraps: true },
  Sub: { types: words, wraps: true },
  Mul: { types: words, wraps: true },
  Div: { types: words },
  Pow: { types: words, wraps: true },
  Neg: { types: [...words, "i8"], wraps: true },
  Abs: { types: [...words, "i8", "i16", "u8", "u16", "u32", "u64"] },
  Max: { types: [...words, "u32", "u64"] },
  Min: { types: [...words, "u32", "u64"] },
  Equal: { types: [...words, "bool", "u8"], wraps: true },
  Less: { types: words },
  LessOrEqual: { types: words },
  Where: { types: ["f32", "f64", "i32", "i64", "u8"], on: [1, 2], wraps: true },
  BitShift: { types: ["u8", "u32", "u64"] },
  MatMul: { types: [...words, "u32", "u64"], wraps: true },
  Gemm: { types: floats },
  // Sums of 32 bits would saturate.
  ReduceSum: { types: ["f32", "f64", "i64"], on: [0], wraps: true },
  ReduceProd: { types: ["f32", "i64"], on: [0], wraps: true },
  ReduceMax: { types: extremes, on: [0] },
  ReduceMin: { types: extremes, on: [0] },
  ArgMax: { types: [...words, "i8", "u8"] },
  ArgMin: { types: [...words, "i8", "u8"] },
  CumSum: { types: words, on: [0], wraps: true },
  TopK: { types: words, on: [0] },
  Pad: { types: [...words, "bool", "i8", "u8", "u32", "u64"], on: [0, 2], wraps: true },
  ScatterND: { types: [...words, "bool", "i8", "i16", "u8", "u16", "u32", "u64"], on: [0, 2], wraps: true },
  Expand: { types: [...words, "bool", "i8", "i16", "u8", "u16", "u32", "u64"], on: [0] },
  MaxPool: { types: ["f32", "f64", "i8", "u8"] },
  Conv: one,
  ConvTranspose: one,
  AveragePool: one,
  GlobalAveragePool: one,
  GlobalMaxPool: one,
  LpPool: one,
  GlobalLpPool: one,
  Softmax: { types: floats },
  LogSoftmax: { types: floats },
  Sigmoid: { types: floats },
  Softplus: one,
  Softsign: one,
  Relu: { types: floats },
  LeakyRelu: one,
  Elu: one,
  Celu: one,
  Selu: one,
  Gelu: one,
  Mish: one,
  HardSigmoid: one,
  HardSwish: one,
  PRelu: one,
  ThresholdedRelu: one,
  LRN: one,
  InstanceNormalization: one,
  LayerNormalization: { types: floats },
  Clip: { types: ["f32", "f64", "i32", "i8", "u8"] },
  Trilu: { types: ["f32", "f64", "i64", "bool"], on: [0] },
  MeanVarianceNormalization: one,
  Sign: { types: [...words, "i8", "i16", "u8", "u16", "u32", "u64"] },
};

/** The types that elements are cast to, in order of preference, if an operator lacks theirs. */
const wider: { readonly [D in DType]?: readonly DType[] } = {
  bf16: ["f32"],
  bool: ["u8", "i32", "i64"],
  u8: ["i32", "i64"],
  i8: ["i32", "i64"],
  u16: ["i32", "i64"],
  i16: ["i32", "i64"],
  i32: ["i64"],
  // Last: extremes of 64 bits are wrong in the runtime where their high halves differ.
  u32: ["i64", "f64"],
};

/** Whether the CPU provider runs an operator in a type. */
export const hasKernel = (operator: string, dtype: DType): boolean =>
  dtype === "f16" || (kernels[operator]?.types.includes(dtype) ?? true);

/** In which type to run an operator for operands of one type; the type itself where no other holds its values. */
export function kernelType(operator: string, dtype: DType): DType {
  const kernel = kernels[operator];
  // bf16 is moved by every operator and computed by none.
  const isCompute = kernel !== undefined || computes.has(operator);
  if (dtype === "bf16") return isCompute ? "f32" : dtype;
  if (kernel === undefined || hasKernel(operator, dtype)) return dtype;
  const wide = dtype === "u64" && kernel.wraps === true ? (["i64"] as const) : (wider[dtype] ?? []);
  return wide.find((other) => kernel.types.includes(other)) ?? dtype;
}

/** Operators of floats alone, which lack bf16. */
const computes: ReadonlySet<string> = new Set(
  (
    "Exp Log Sqrt Sin Cos Tan Asin Acos Atan Sinh Cosh Tanh Asinh Acosh Atanh Erf Floor Ceil Round IsNaN IsInf Mod " +
    "Einsum"
  ).split(" "),
);

/** Whether an input is of the operator's main type. */
export const isMain = (operator: string, index: number): boolean =>
  kernels[operator]?.on?.includes(index) ?? true;

/** The first input of the main type. */
export const mainInput = (operator: string): number => kernels[operator]?.on?.[0] ?? 0;
