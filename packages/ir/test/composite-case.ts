import { type Dim, type Graph, type Tensor, type TensorValue, evaluate, input, valueOf } from "@adjoint/ir";
import { numbers } from "./finite-differences.ts";

export type Sizes = readonly (number | "batch")[];

/** One operand of a case: its shape, and how its elements are drawn. */
export interface Operand {
  readonly shape: Sizes;
  readonly dtype: "f64" | "i32" | "u32";
  elements(count: number, seed: number): number[];
}

/** One way to build with an exported builder, on operands that are fit for differences. */
export interface Case {
  /** The exported function. */
  readonly name: string;
  /** Which form of it. */
  readonly form: string;
  /** The row of the mission that it proves a part of. */
  readonly row: "S4" | "S5" | "S8" | "S9" | "";
  readonly operands: readonly Operand[];
  /** Takes integers too, or integers alone. */
  readonly integers: boolean;
  build(inputs: readonly Tensor[], batch: Dim): Tensor | readonly Tensor[];
}

/** Reals in (low, high), none nearer than 0.01 to a kink. */
export const real = (shape: Sizes, low = -4, high = 4, kinks: readonly number[] = []): Operand => ({
  shape,
  dtype: "f64",
  elements: (count, seed) =>
    numbers(count, seed, low, high).map((x) => {
      const near = kinks.find((kink) => Math.abs(x - kink) < 0.01);
      return near === undefined ? x : near + (x < near ? -0.02 : 0.02);
    }),
});

/** Odd multiples of 0.05, all different and none 0 (or, with an offset of 0.05, multiples of 0.1), in random order. */
export const distinct = (shape: Sizes, offset = 0): Operand => ({
  shape,
  dtype: "f64",
  elements: (count, seed) => {
    const weights = numbers(count, seed);
    const order = weights.map((_, index) => index).toSorted((a, b) => (weights[a] ?? 0) - (weights[b] ?? 0));
    return order.map((place) => (place - Math.floor(count / 2) + 0.5) * 0.1 + offset);
  },
});

export const labels = (shape: Sizes, classes: number): Operand => ({
  shape,
  dtype: "i32",
  elements: (count, seed) => numbers(count, seed, 0, classes).map(Math.floor),
});

export const randomKeyOperand: Operand = { shape: [2], dtype: "u32", elements: (_, seed) => [seed, 12345] };

type Build = (inputs: readonly Tensor[], batch: Dim) => Tensor | readonly Tensor[];
interface Extra {
  readonly form?: string;
  readonly integers?: boolean;
}

/** Cases of one row, built by functions of fixed arity. */
const rowOf =
  (row: Case["row"]) =>
  (
    name: string,
    build: Build,
    operands: readonly Operand[],
    { form = "", integers = false }: Extra = {},
  ): Case => ({
    name,
    form,
    row,
    operands,
    integers,
    build,
  });

export const [s4, s5, s8, s9, other] = [rowOf("S4"), rowOf("S5"), rowOf("S8"), rowOf("S9"), rowOf("")];

/** A build of one, two… operands as a build of a list. */
export const over =
  (build: (...inputs: never[]) => Tensor | readonly Tensor[]): Build =>
  (inputs) =>
    // Each case declares as many operands as its function takes.
    (build as (...inputs: readonly Tensor[]) => Tensor | readonly Tensor[])(...inputs);

export const vector = (kinks: readonly number[] = []): readonly Operand[] => [
  real(["batch", 5], -4, 4, kinks),
];
export const image: Sizes = ["batch", 2, 5, 4];
export const channels = (count: number, low = -2, high = 2): Operand => real([count], low, high);

/** What a case is called in test titles. */
export const titleOf = ({ name, form, row }: Case): string =>
  [row === "" ? "" : `${row}:`, name, form === "" ? "" : `(${form})`].filter((part) => part !== "").join(" ");

/** Operands of a case for a batch size. */
export const valuesOf = ({ operands }: Case, batch: number, seed: number): TensorValue[] =>
  operands.map((operand, index) => {
    const shape = operand.shape.map((size) => (size === "batch" ? batch : size));
    const count = shape.reduce((product, size) => product * size, 1);
    return valueOf(operand.dtype, shape, operand.elements(count, seed * 7 + index));
  });

const listed = (result: Tensor | readonly Tensor[]): readonly Tensor[] =>
  "node" in result ? [result] : result;
const named = (tensors: readonly Tensor[]): { readonly [name: string]: Tensor } =>
  Object.fromEntries(tensors.map((tensor, index) => [`${index}`, tensor]));

/** The values of what is built over inputs of these values. */
export function run(
  build: (...inputs: Tensor[]) => Tensor | readonly Tensor[],
  values: readonly TensorValue[],
): readonly TensorValue[] {
  const inputs = values.map((value, index) => input(`x${index}`, value.dtype, value.shape));
  const graph: Graph = { inputs: named(inputs), outputs: named(listed(build(...inputs))), updates: [] };
  return Object.values(
    evaluate(graph, Object.fromEntries(values.map((value, i) => [`${i}`, value]))).outputs,
  );
}
