import type {
  Affine,
  ContractKernel,
  CumulativeKernel,
  Guard,
  MapKernel,
  ReduceKernel,
  Reduction,
  ScalarGraph,
  ScatterKernel,
  Store,
} from "@adjoint/compiler/kernel";
import { type Scalar, dtypeInfo, dtypeRange, elementCount } from "@adjoint/ir/values";
import { checked } from "./checked.ts";
import { arithmeticOf, fit, helpers, readElement, writeElement } from "./elements.ts";
import type { Epilogue, ExpressionCompiler, Run } from "./executor.ts";
import type { Memory } from "./memory.ts";
import { scalarFunction } from "./scalar/function.ts";

type Coordinates = readonly number[];

function at(affine: Affine, coordinates: Coordinates): number {
  let sum = affine.offset;
  for (let axis = 0; axis < affine.strides.length; axis++)
    sum += (affine.strides[axis] ?? 0) * (coordinates[axis] ?? 0);
  return sum;
}

const holds = (guards: readonly Guard[], coordinates: Coordinates): boolean =>
  guards.every((guard) => {
    const value = at(guard, coordinates);
    return value >= 0 && value < guard.limit;
  });

/** Evaluates all values of an expression at a point, into a list. */
type Evaluator = (coordinates: Coordinates, accumulators: readonly Scalar[]) => readonly Scalar[];

function evaluator(graph: ScalarGraph, memory: Memory): Evaluator {
  const values: Scalar[] = graph.map(() => 0);
  const value = (id: number): Scalar => values[id] ?? 0;
  const steps = graph.map((node): ((coordinates: Coordinates, accumulators: readonly Scalar[]) => Scalar) => {
    switch (node.kind) {
      case "constant":
        return () => (dtypeInfo[node.dtype].big ? BigInt(node.value) : node.value);
      case "accumulator":
        return (_, accumulators) => accumulators[node.index] ?? 0;
      case "index":
        return (coordinates) => fit(node.dtype, helpers.cast(at(node.index, coordinates), node.dtype, false));
      case "inside":
        return (coordinates) => (holds(node.guards, coordinates) ? 1 : 0);
      case "map": {
        const run = scalarFunction(node.operation, node.from, node.dtype);
        const [a = -1, b = -1, c = -1] = node.operands;
        return () => run(value(a), value(b), value(c));
      }
      case "randomBits":
        return (coordinates) =>
          helpers.bits(Number(value(node.key[0])), Number(value(node.key[1])), at(node.counter, coordinates));
      case "load": {
        const data = memory.array(node.buffer);
        return (coordinates) => {
          if (!holds(node.index.guards, coordinates)) {
            return node.otherwise === undefined
              ? dtypeInfo[node.dtype].big
                ? 0n
                : 0
              : value(node.otherwise);
          }
          let position = at(node.index, coordinates);
          for (const term of node.dynamic)
            position += checked(value(term.value), term.size, term.operation) * term.stride;
          return readElement(data, node.dtype, position);
        };
      }
    }
  });
  return (coordinates, accumulators) => {
    for (let id = 0; id < steps.length; id++) values[id] = steps[id]?.(coordinates, accumulators) ?? 0;
    return values;
  };
}

/** Visits every point of a domain in row-major order; the coordinates are one list that changes. */
function each(
  domain: readonly number[],
  visit: (coordinates: number[]) => void,
  prefix: readonly number[] = [],
): void {
  const coordinates = [...prefix, ...domain.map(() => 0)];
  const count = elementCount(domain);
  for (let index = 0; index < count; index++) {
    visit(coordinates);
    for (let axis = domain.length - 1; axis >= 0; axis--) {
      const own = prefix.length + axis;
      const next = (coordinates[own] ?? 0) + 1;
      if (next < (domain[axis] ?? 1)) {
        coordinates[own] = next;
        break;
      }
      coordinates[own] = 0;
    }
  }
}

function writer(
  stores: readonly Store[],
  memory: Memory,
): (coordinates: Coordinates, values: readonly Scalar[]) => void {
  const targets = stores.map(({ buffer, index, value }) => ({
    data: memory.array(buffer),
    dtype: memory.dtype(buffer),
    index,
    value,
  }));
  return (coordinates, values) => {
    for (const { data, dtype, index, value } of targets)
      writeElement(data, dtype, at(index, coordinates), values[value] ?? 0);
  };
}

const NONE: readonly Scalar[] = [];

function map(kernel: MapKernel, memory: Memory): Run {
  const evaluate = evaluator(kernel.body, memory);
  const write = writer(kernel.stores, memory);
  return () => each(kernel.domain, (coordinates) => write(coordinates, evaluate(coordinates, NONE)));
}

/** A fold as a small object: start, take a value in, and the result. */
function folder({ operation, dtype }: Reduction): {
  start(): void;
  take(value: Scalar): void;
  result(): Scalar;
} {
  const { big } = dtypeInfo[dtype];
  const arithmetic = arithmeticOf(dtype);
  const [low, high] = dtypeRange(dtype);
  let [sum, best, count, position]: [Scalar, Scalar, number, number] = [0, 0, 0, 0];
  const joining =
    operation === "reduceMax"
      ? "max"
      : operation === "reduceMin"
        ? "min"
        : operation === "reduceProd"
          ? "mul"
          : "add";
  // Float sums and products run in doubles and are rounded once, at the end.
  const join = scalarFunction(
    joining,
    dtype,
    arithmetic === "float" && joining !== "max" && joining !== "min" ? "f64" : dtype,
  );
  const starts = {
    reduceSum: big ? 0n : 0,
    reduceProd: big ? 1n : 1,
    reduceMax: low,
    reduceMin: high,
    argMax: 0,
    argMin: 0,
  };
  const isArg = operation === "argMax" || operation === "argMin";
  return {
    start: () => {
      sum = starts[operation];
      [count, position] = [0, 0];
    },
    take: (value) => {
      if (!isArg) {
        sum = join(sum, value);
        return;
      }
      const beats = operation === "argMax" ? value > best : value < best;
      if (count === 0 || beats || (Number.isNaN(value) && !Number.isNaN(best)))
        [best, position] = [value, count];
      count++;
    },
    result: () => (isArg ? position : fit(dtype, sum)),
  };
}

function reduce(kernel: ReduceKernel, memory: Memory): Run {
  const body = evaluator(kernel.body, memory);
  const epilogueOf = evaluator(kernel.epilogue, memory);
  const write = writer(kernel.stores, memory);
  const folds = kernel.reductions.map(folder);
  return () =>
    each(kernel.outer, (outer) => {
      folds.forEach((fold) => fold.start());
      each(
        kernel.inner,
        (coordinates) => {
          const values = body(coordinates, NONE);
          folds.forEach((fold, index) => fold.take(values[kernel.reductions[index]?.value ?? 0] ?? 0));
        },
        outer,
      );
      write(
        outer,
        epilogueOf(
          outer,
          folds.map((fold) => fold.result()),
        ),
      );
    });
}

function cumulative(kernel: CumulativeKernel, memory: Memory): Run {
  const body = evaluator(kernel.body, memory);
  const data = memory.array(kernel.buffer);
  const { dtype, size, reverse, exclusive } = kernel;
  const float = arithmeticOf(dtype) === "float";
  const join = scalarFunction(kernel.operation === "cumSum" ? "add" : "mul", dtype, float ? "f64" : dtype);
  const one = kernel.operation === "cumSum" ? 0 : 1;
  const start: Scalar = dtypeInfo[dtype].big ? BigInt(one) : one;
  return () =>
    each(kernel.outer, (outer) => {
      let sum = start;
      for (let step = 0; step < size; step++) {
        const coordinates = [...outer, reverse ? size - 1 - step : step];
        const next = join(sum, body(coordinates, NONE)[kernel.value] ?? 0);
        writeElement(data, dtype, at(kernel.index, coordinates), exclusive ? sum : next);
        sum = next;
      }
    });
}

function scatter(kernel: ScatterKernel, memory: Memory): Run {
  const body = evaluator(kernel.body, memory);
  const data = memory.array(kernel.buffer);
  const { dtype, reduction } = kernel;
  const join = reduction === "none" ? undefined : scalarFunction(reduction, dtype, dtype);
  return () =>
    each(kernel.domain, (coordinates) => {
      const values = body(coordinates, NONE);
      let position = at(kernel.index, coordinates);
      for (const term of kernel.dynamic)
        position += checked(values[term.value] ?? 0, term.size, term.operation) * term.stride;
      const value = values[kernel.value] ?? 0;
      writeElement(
        data,
        dtype,
        position,
        join === undefined ? value : join(readElement(data, dtype, position), value),
      );
    });
}

/** Coordinates of a linear position. */
function unravel(position: number, sizes: readonly number[]): number[] {
  const coordinates = sizes.map(() => 0);
  let rest = position;
  for (let axis = sizes.length - 1; axis >= 0; axis--) {
    coordinates[axis] = rest % (sizes[axis] ?? 1);
    rest = Math.floor(rest / (sizes[axis] ?? 1));
  }
  return coordinates;
}

function epilogue(kernel: ContractKernel, memory: Memory): Epilogue {
  const evaluate = evaluator(kernel.epilogue, memory);
  const write = writer(kernel.stores, memory);
  return (batch, r0, r1, c0, c1, tile, stride) => {
    const outer = unravel(batch, kernel.batch);
    for (let row = r0; row < r1; row++) {
      const rowCoordinates = [...outer, ...unravel(row, kernel.rows)];
      for (let column = c0; column < c1; column++) {
        const coordinates = [...rowCoordinates, ...unravel(column, kernel.columns)];
        const sum = tile[(row - r0) * stride + (column - c0)] ?? 0;
        write(coordinates, evaluate(coordinates, [fit(kernel.dtype, sum)]));
      }
    }
  };
}

/** Kernels as nested functions, for pages whose content security policy forbids printed code. */
export const closures: ExpressionCompiler = { map, reduce, cumulative, scatter, epilogue };
