import type {
  CumulativeKernel,
  MapKernel,
  ReduceKernel,
  Reduction,
  ScatterKernel,
  ContractKernel,
} from "@adjoint/compiler/kernel";
import { at, dtypeRange, isFloat } from "@adjoint/ir/values";
import { checked } from "./checked.ts";
import { arithmeticOf, fitCode, helpers, literal, loadCode, storeCode } from "./elements.ts";
import type { Epilogue, ExpressionCompiler, Run } from "./executor.ts";
import { type LoopVariable, variables } from "./loops.ts";
import type { Memory } from "./memory.ts";
import { Printer, nest } from "./print.ts";
import { scalarCode } from "./scalar/code.ts";

const helperNames = Object.keys(helpers);

/** Turns printed lines into a function; the arrays it names are constants of its closure, which engines optimize for. */
function build<F>(printer: Printer, parameters: string, lines: readonly string[], memory: Memory): F {
  const names = [...printer.arrays.keys()];
  const values = [...printer.arrays.values()].map((array) =>
    typeof array === "number" ? memory.array(array) : array,
  );
  const body = lines.join("\n");
  // Programs have thousands of kernels, most of which call few helpers.
  const called = helperNames.filter((name) => body.includes(name));
  const source = `"use strict";
const { ${called.join(", ")} } = helpers;
const [${names.join(", ")}] = arrays;
return function kernel(${parameters}) {
${body}
};`;
  // Kernel code is printed from validated graphs only: names, numbers and operators of the tables above it.
  return new Function("helpers", "arrays", "checked", source)(helpers, values, checked) as F;
}

/** True where the page's content security policy lets code be made. */
export function canPrint(): boolean {
  try {
    return new Function("return true")() === true;
  } catch {
    return false;
  }
}

const range = (
  loopVariables: readonly LoopVariable[],
  first: number,
  count: number,
): readonly LoopVariable[] => loopVariables.slice(first, first + count);

function map(kernel: MapKernel, memory: Memory): Run {
  const loops = variables(kernel.domain);
  const printer = new Printer(loops);
  const values = printer.expression(kernel.body);
  printer.stores(kernel.stores, values, (buffer) => memory.dtype(buffer), loops.length);
  return build(printer, "", [...printer.lines(0), ...nest(printer, loops)], memory);
}

/** A reduction's accumulator: its start, the step that takes a value in, and its result. */
function accumulator(
  reduction: Reduction,
  name: string,
): { readonly start: string; readonly step: (value: string) => string; readonly result: string } {
  const { operation, dtype } = reduction;
  const arithmetic = arithmeticOf(dtype);
  const [low, high] = dtypeRange(dtype);
  switch (operation) {
    case "reduceSum":
      return {
        start: `let ${name} = ${literal(0, dtype)};`,
        step: (value) =>
          arithmetic === "integer" ? `${name} = (${name} + ${value}) | 0;` : `${name} += ${value};`,
        result: fitCode(dtype, name),
      };
    case "reduceProd":
      return {
        start: `let ${name} = ${literal(1, dtype)};`,
        step: (value) =>
          arithmetic === "integer"
            ? `${name} = Math.imul(${name}, ${value});`
            : arithmetic === "big"
              ? `${name} = BigInt.asIntN(64, ${name} * ${value});`
              : `${name} *= ${value};`,
        result: fitCode(dtype, name),
      };
    case "reduceMax":
    case "reduceMin": {
      const start = operation === "reduceMax" ? low : high;
      return {
        start: `let ${name} = ${literal(start, dtype)};`,
        step: (value) =>
          `${name} = ${scalarCode(operation === "reduceMax" ? "max" : "min", [name, value], dtype, dtype)};`,
        result: name,
      };
    }
    case "argMax":
    case "argMin": {
      const sign = operation === "argMax" ? ">" : "<";
      const nan = isFloat(dtype)
        ? (value: string) => ` || (${value} !== ${value} && ${name}_best === ${name}_best)`
        : () => "";
      return {
        start: `let ${name} = 0, ${name}_count = 0, ${name}_best = ${literal(0, dtype)};`,
        step: (value) =>
          `if (${name}_count === 0 || ${value} ${sign} ${name}_best${nan(value)}) { ${name}_best = ${value}; ${name} = ${name}_count; } ${name}_count++;`,
        result: name,
      };
    }
  }
}

function reduce(kernel: ReduceKernel, memory: Memory): Run {
  const loops = variables([...kernel.outer, ...kernel.inner]);
  const outerCount = kernel.outer.length;
  const body = new Printer(loops);
  const values = body.expression(kernel.body);
  const accumulators = kernel.reductions.map((reduction, index) => accumulator(reduction, `s${index}`));
  // Kept apart from the body's own lines, which stand before the accumulators where no inner axis is left.
  const steps = accumulators.map((one, index) =>
    one.step(at(values, at(kernel.reductions, index).value).code),
  );
  const after = new Printer(range(loops, 0, outerCount));
  const results = accumulators.map((_, index) => `r${index}`);
  const ends = after.expression(kernel.epilogue, results, outerCount);
  after.stores(kernel.stores, ends, (buffer) => memory.dtype(buffer), outerCount);
  // Names of the two parts must not meet: the epilogue stands in a block of its own, with its outer levels' lines.
  const afterLines = range(loops, 0, outerCount)
    .flatMap((_, level) => after.lines(level))
    .concat(after.lines(outerCount));
  const inner = [
    ...accumulators.map((one) => one.start),
    ...nest(body, range(loops, outerCount, kernel.inner.length), outerCount, steps),
    ...accumulators.map((one, index) => `const r${index} = ${one.result};`),
    "{",
    ...afterLines,
    "}",
  ];
  // Every variable has one axis here, so the epilogue refers to buffers only, which both parts call alike.
  after.arrays.forEach((array, name) => body.arrays.set(name, array));
  return build(body, "", [...body.lines(0), ...nest(body, range(loops, 0, outerCount), 0, inner)], memory);
}

function cumulative(kernel: CumulativeKernel, memory: Memory): Run {
  const outer = variables(kernel.outer);
  const along: LoopVariable = { name: "k", axes: [kernel.outer.length], sizes: [kernel.size] };
  const loops = [...outer, along];
  const printer = new Printer(loops);
  const full = loops.length;
  const values = printer.expression(kernel.body);
  const value = at(values, kernel.value).code;
  const position = printer.affine(kernel.index).code;
  const { dtype } = kernel;
  const arithmetic = arithmeticOf(dtype);
  const sum = kernel.operation === "cumSum";
  const next = sum
    ? arithmetic === "integer"
      ? `(s + ${value}) | 0`
      : `s + ${value}`
    : arithmetic === "integer"
      ? `Math.imul(s, ${value})`
      : arithmetic === "big"
        ? `BigInt.asIntN(64, s * ${value})`
        : `s * ${value}`;
  const store = (result: string): string =>
    `${printer.buffer(kernel.buffer)}[${position}] = ${storeCode(dtype, result)};`;
  if (kernel.exclusive) printer.add(full, `const before = s; s = ${next}; ${store("before")}`);
  else printer.add(full, `s = ${next}; ${store("s")}`);
  const walk = kernel.reverse
    ? [`for (let k = ${kernel.size - 1}; k >= 0; k--) {`, ...printer.lines(full), "}"]
    : [`for (let k = 0; k < ${kernel.size}; k++) {`, ...printer.lines(full), "}"];
  const inner = [`let s = ${literal(sum ? 0 : 1, dtype)};`, ...walk];
  return build(printer, "", [...printer.lines(0), ...nest(printer, outer, 0, inner)], memory);
}

function scatter(kernel: ScatterKernel, memory: Memory): Run {
  const loops = variables(kernel.domain);
  const printer = new Printer(loops);
  const full = loops.length;
  const values = printer.expression(kernel.body);
  const { code: base } = printer.affine(kernel.index);
  const { dtype } = kernel;
  const buffer = printer.buffer(kernel.buffer);
  const position = kernel.dynamic.reduce(
    (code, term) =>
      `${code} + checked(${at(values, term.value).code}, ${term.size}, "${term.operation}") * ${term.stride}`,
    base,
  );
  const value = at(values, kernel.value).code;
  const old = loadCode(dtype, `${buffer}[at]`);
  const joined = (operation: "add" | "mul" | "max" | "min"): string =>
    scalarCode(operation, [old, value], dtype, dtype);
  printer.add(full, `const at = ${position};`);
  printer.add(
    full,
    `${buffer}[at] = ${storeCode(dtype, kernel.reduction === "none" ? value : joined(kernel.reduction))};`,
  );
  return build(printer, "", [...printer.lines(0), ...nest(printer, loops)], memory);
}

/** The variables of a contraction's epilogue: a batch, a row, a column, each over all axes of its part. */
function contractVariables(kernel: ContractKernel): readonly LoopVariable[] {
  const { batch, rows, columns } = kernel;
  const axes = (first: number, sizes: readonly number[]): number[] => sizes.map((_, index) => first + index);
  return [
    { name: "batch", axes: axes(0, batch), sizes: batch },
    { name: "row", axes: axes(batch.length, rows), sizes: rows },
    { name: "column", axes: axes(batch.length + rows.length, columns), sizes: columns },
  ];
}

function epilogue(kernel: ContractKernel, memory: Memory): Epilogue {
  const [batch, ...loops] = contractVariables(kernel);
  if (batch === undefined) throw new TypeError("a contraction has a batch variable");
  const printer = new Printer([batch, ...loops]);
  const sum = fitCode(kernel.dtype, "tile[(row - r0) * stride + (column - c0)]");
  printer.add(3, `const sum = ${sum};`);
  const values = printer.expression(kernel.epilogue, ["sum"], 3);
  printer.stores(kernel.stores, values, (buffer) => memory.dtype(buffer), 3);
  const bounds = [
    ["r0", "r1"],
    ["c0", "c1"],
  ] as const;
  const lines = [...printer.lines(0), ...printer.lines(1), ...nest(printer, loops, 1, [], bounds)];
  return build(printer, "batch, r0, r1, c0, c1, tile, stride", lines, memory);
}

/** Kernels printed as JavaScript and compiled by the engine. */
export const printed: ExpressionCompiler = { map, reduce, cumulative, scatter, epilogue };
