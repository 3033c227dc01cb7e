import type { SortKernel } from "@adjoint/compiler/kernel";
import { type DType, at, dtypeInfo, isFloat } from "@adjoint/ir/values";
import { type Body, type Callee, type Local, type Value, i32, select } from "../emit/index.ts";
import { type Element, carrier } from "../scalar/carriers.ts";
import type { Context } from "../scalar/context.ts";
import { as, loadElement, storeElement } from "../scalar/element.ts";
import { type Coordinates, addressOf } from "../scalar/graph.ts";
import { mapElement } from "../scalar/table.ts";
import { type Region, layOut } from "../region.ts";
import { nest } from "./loops.ts";
import type { KernelEnvironment } from "./environment.ts";

/** Two lists of positions on a line; each pass merges one into the other. */
export const sortRegions = ({ size }: SortKernel): readonly Region<"positions" | "merged">[] => [
  { name: "positions", bytes: 4 * size, perThread: false },
  { name: "merged", bytes: 4 * size, perThread: false },
];

/** Storage is copied as it is: bits for the 16-bit floats. */
const storageOf = (dtype: DType): DType => (dtype === "f16" || dtype === "bf16" ? "u16" : dtype);

/** The local variables of a sort's code. */
interface Locals {
  /** The list that is merged from, the one that is merged into, and what they are swapped through. */
  readonly from: Local<"i32">;
  readonly to: Local<"i32">;
  readonly swap: Local<"i32">;
  /** Positions of a sorted run; the next run begins at `middle`. */
  readonly width: Local<"i32">;
  readonly low: Local<"i32">;
  readonly middle: Local<"i32">;
  readonly high: Local<"i32">;
  /** The next entries of the two runs, and of the result. */
  readonly left: Local<"i32">;
  readonly right: Local<"i32">;
  readonly out: Local<"i32">;
  /** Address of the line's first element. */
  readonly base: Local<"i32">;
  readonly leftKey: Local;
  readonly rightKey: Local;
}

interface Sorting {
  readonly context: Context;
  readonly kernel: SortKernel;
  readonly locals: Locals;
  /** Bytes between neighbours on a line. */
  readonly stride: number;
}

function localsOf(body: Body, dtype: DType): Locals {
  const word = (): Local<"i32"> => body.local("i32");
  return {
    from: word(),
    to: word(),
    swap: word(),
    width: word(),
    low: word(),
    middle: word(),
    high: word(),
    left: word(),
    right: word(),
    out: word(),
    base: word(),
    leftKey: body.local(carrier[dtype]),
    rightKey: body.local(carrier[dtype]),
  };
}

/** Address of a list's entry: lists hold positions on the line, as i32. */
const entryOf = (list: Local<"i32">, index: Value<"i32">): Value<"i32"> =>
  i32.add(list, i32.shl(index, i32.const(2)));

const elementAddress = ({ locals, stride }: Sorting, position: Value<"i32">): Value<"i32"> =>
  i32.add(locals.base, i32.mul(position, i32.const(stride)));

/** True if the right element comes before the left one; equal ones stay in their order. */
function precedes({ context, kernel, locals: { leftKey, rightKey } }: Sorting): Value<"i32"> {
  const { dtype, descending } = kernel;
  const isNaN = (x: Local): Value<"i32"> => as("i32", mapElement(context, "isNaN", [x], dtype, "bool"));
  const [small, large] = descending ? [leftKey, rightKey] : [rightKey, leftKey];
  const order = as("i32", mapElement(context, "less", [small, large], dtype, "bool"));
  return isFloat(dtype) ? i32.or(order, i32.and(isNaN(large), i32.eqz(isNaN(small)))) : order;
}

/** Merges the run from `low` and the one behind it, each of `width` positions or what the line has left. */
function mergeRuns(sorting: Sorting): void {
  const { context, kernel, locals } = sorting;
  const { body } = context;
  const { from, to, width, low, middle, high, left, right, out, leftKey, rightKey } = locals;
  const atMostSize = (position: Value<"i32">): Value<"i32"> => {
    const own = body.let(position);
    return select(i32.ltS(own, i32.const(kernel.size)), own, i32.const(kernel.size));
  };
  const keyOf = (cursor: Local<"i32">): Element =>
    loadElement(context, kernel.dtype, elementAddress(sorting, i32.load(entryOf(from, cursor))));
  const take = (cursor: Local<"i32">): void => {
    body.run(i32.store(entryOf(to, out), i32.load(entryOf(from, cursor))));
    body.set(cursor, i32.add(cursor, i32.const(1)));
  };
  const takeNext = (): void => {
    body.set(leftKey, keyOf(left));
    body.set(rightKey, keyOf(right));
    body.if(
      precedes(sorting),
      () => take(right),
      () => take(left),
    );
  };
  body.set(middle, atMostSize(i32.add(low, width)));
  body.set(high, atMostSize(i32.add(middle, width)));
  body.set(left, low);
  body.set(right, middle);
  body.set(out, low);
  body.for(out, high, 1, () => {
    body.if(
      i32.geS(left, middle),
      () => take(right),
      () => body.if(i32.geS(right, high), () => take(left), takeNext),
    );
  });
}

/** Merges all pairs of runs of a line. */
function mergePass(sorting: Sorting): void {
  const { context, kernel, locals } = sorting;
  const { body } = context;
  const { low, high } = locals;
  body.set(low, i32.const(0));
  body.block((merged) =>
    body.loop((next) => {
      body.jumpIf(merged, i32.geS(low, i32.const(kernel.size)));
      mergeRuns(sorting);
      body.set(low, high);
      body.jump(next);
    }),
  );
}

/** Sorts the positions of a line: passes over runs of 1, 2, 4… until one run is the line. */
function sortLine(sorting: Sorting, lists: { readonly from: number; readonly to: number }): void {
  const { context, kernel, locals } = sorting;
  const { body } = context;
  const { from, to, swap, width, out } = locals;
  const size = i32.const(kernel.size);
  body.set(from, i32.const(lists.from));
  body.set(to, i32.const(lists.to));
  body.set(out, i32.const(0));
  body.for(out, size, 1, () => body.run(i32.store(entryOf(from, out), out)));
  body.set(width, i32.const(1));
  body.block((done) =>
    body.loop((again) => {
      body.jumpIf(done, i32.geS(width, size));
      mergePass(sorting);
      body.set(swap, from);
      body.set(from, to);
      body.set(to, swap);
      body.set(width, i32.shl(width, i32.const(1)));
      body.jump(again);
    }),
  );
}

/** Writes the first `count` elements of the sorted line, and their positions. */
function writeFirst(sorting: Sorting, addressing: KernelEnvironment["addressing"], line: Coordinates): void {
  const { context, kernel, locals } = sorting;
  const { body } = context;
  const { count, dtype, values, valuesBuffer, indicesBuffer } = kernel;
  const storage = storageOf(dtype);
  const rank = body.let(i32.const(0));
  body.for(rank, i32.const(count), 1, () => {
    const position = body.let(i32.load(entryOf(locals.from, rank)));
    const element = loadElement(context, storage, elementAddress(sorting, position));
    const coordinates = [...line, rank];
    body.run(
      storeElement(context, storage, addressOf(addressing, valuesBuffer, values, coordinates), element),
    );
    body.run(i32.store(addressOf(addressing, indicesBuffer, values, coordinates), position));
  });
}

/** Sorts the positions of each line by their elements, merging from the bottom up, and copies the first of them. */
export function sortKernel(
  { module, math, helpers, addressing }: KernelEnvironment,
  kernel: SortKernel,
  workspace: number,
  gap = 0,
): Callee<readonly [], "void"> {
  const { outer, dtype, source, index } = kernel;
  const stride = at(index.strides, outer.length) * dtypeInfo[dtype].bytes;
  const { offsets } = layOut(sortRegions(kernel), 1, gap);
  const lists = { from: workspace + offsets.positions, to: workspace + offsets.merged };
  return module.function([], "void", (body) => {
    const context: Context = { body, math, helpers };
    const sorting: Sorting = { context, kernel, locals: localsOf(body, dtype), stride };
    nest(body, outer, (line) => {
      const start = { ...index, strides: index.strides.slice(0, outer.length) };
      body.set(sorting.locals.base, addressOf(addressing, source, start, line));
      sortLine(sorting, lists);
      writeFirst(sorting, addressing, line);
    });
  });
}
