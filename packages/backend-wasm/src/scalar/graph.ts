import type { Affine, BufferId, DynamicIndex, Guard, Load, ScalarGraph, ScalarNode } from "@adjoint/compiler";
import { type DType, dtypeInfo } from "@adjoint/ir";
import { type Local, type Value, f32x4, i32, i64, i32x4, i8x16, i16x8, v128 } from "../emit/index.ts";
import { castElement } from "./cast.ts";
import { type Context, type Element, carrier } from "./context.ts";
import { as, constantElement, kept, loadElement } from "./element.ts";
import { randomBits, randomBitsX4 } from "./random.ts";
import { mapElement } from "./table.ts";
import { type LaneDType, constantVector, isLaneDType, mapVector } from "./vector.ts";

/** Where buffers are, and what to do where an index from data is out of range. */
export interface Place {
  /** Byte offset in memory. */
  readonly address: (buffer: BufferId) => number;
  readonly dtype: (buffer: BufferId) => DType;
  /** Statements that report the operation and the value, and leave. */
  readonly outOfRange: (context: Context, term: DynamicIndex, value: Element) => void;
}

/** The point of the domain that code is for. */
export type Coordinates = readonly Value<"i32">[];

function affineValue(affine: Affine, coordinates: Coordinates): Value<"i32"> {
  let sum: Value<"i32"> | undefined;
  affine.strides.forEach((stride, axis) => {
    const coordinate = coordinates[axis];
    if (stride === 0 || coordinate === undefined) return;
    const term = stride === 1 ? coordinate : i32.mul(coordinate, i32.const(stride));
    sum = sum === undefined ? term : i32.add(sum, term);
  });
  if (sum === undefined) return i32.const(affine.offset);
  return affine.offset === 0 ? sum : i32.add(sum, i32.const(affine.offset));
}

/** Address of a position: an expression, and a constant that goes into the instruction's offset. */
export function addressOf(
  place: Place,
  buffer: BufferId,
  affine: Affine,
  coordinates: Coordinates,
): Value<"i32"> {
  const { bytes } = dtypeInfo[place.dtype(buffer)];
  const scaled = {
    offset: affine.offset * bytes + place.address(buffer),
    strides: affine.strides.map((stride) => stride * bytes),
  };
  return affineValue(scaled, coordinates);
}

function inside(guards: readonly Guard[], coordinates: Coordinates): Value<"i32"> {
  return guards
    .map((guard) => i32.ltU(affineValue(guard, coordinates), i32.const(guard.limit)))
    .reduce<Value<"i32">>((all, guard) => i32.and(all, guard), i32.const(1));
}

/** All values of an expression at one point, in order. */
export function elementValues(
  context: Context,
  place: Place,
  graph: ScalarGraph,
  coordinates: Coordinates,
  accumulators: readonly Element[] = [],
): readonly Local[] {
  const values: Local[] = [];
  const value = (id: number): Local => existing(values, id);
  for (const node of graph)
    values.push(kept(context, elementOf(context, place, node, value, coordinates, accumulators)));
  return values;
}

function existing<T>(values: readonly T[], id: number): T {
  const value = values[id];
  if (value === undefined) throw new RangeError(`scalar value ${id} is not there`);
  return value;
}

function elementOf(
  context: Context,
  place: Place,
  node: ScalarNode,
  value: (id: number) => Element,
  coordinates: Coordinates,
  accumulators: readonly Element[],
): Element {
  switch (node.kind) {
    case "constant":
      return constantElement(node.dtype, node.value);
    case "accumulator":
      return existing(accumulators, node.index);
    case "index":
      return castElement(context, affineValue(node.index, coordinates), "i32", node.dtype);
    case "inside":
      return inside(node.guards, coordinates);
    case "map":
      return mapElement(context, node.operation, node.operands.map(value), node.from, node.dtype);
    case "randomBits":
      return randomBits(
        context.body,
        as("i32", value(node.key[0])),
        as("i32", value(node.key[1])),
        affineValue(node.counter, coordinates),
      );
    case "load":
      return loadValue(context, place, node, value, coordinates);
  }
}

function loadValue(
  context: Context,
  place: Place,
  node: Load,
  value: (id: number) => Element,
  coordinates: Coordinates,
): Element {
  const { body } = context;
  const { guards } = node.index;
  const address = body.let(addressOf(place, node.buffer, node.index, coordinates));
  if (guards.length === 0 && node.dynamic.length === 0) return loadElement(context, node.dtype, address);
  const result = body.local(carrier[node.dtype]);
  const read = (): void => {
    for (const term of node.dynamic) {
      const index = value(term.value);
      body.if(isOutside(index, term.size), () => place.outOfRange(context, term, index));
      const word = index.type === "i64" ? i32.wrapI64(as("i64", index)) : as("i32", index);
      const step = term.stride * dtypeInfo[node.dtype].bytes;
      body.set(address, i32.add(address, i32.mul(word, i32.const(step))));
    }
    body.set(result, loadElement(context, node.dtype, address));
  };
  if (guards.length === 0) read();
  else {
    const otherwise = node.otherwise === undefined ? constantElement(node.dtype, 0) : value(node.otherwise);
    body.if(inside(guards, coordinates), read, () => body.set(result, otherwise));
  }
  return result;
}

const isOutside = (index: Element, size: number): Value<"i32"> =>
  index.type === "i64"
    ? i64.geU(as("i64", index), i64.const(BigInt(size)))
    : i32.geU(as("i32", index), i32.const(size));

/** Whether every value of the expression has lanes of 32 bits, or is loaded into such. */
export const isVectorizable = (graph: ScalarGraph): boolean =>
  graph.every((node) => isLaneDType(node.dtype) && (node.kind !== "map" || isLaneDType(node.from)));

/** All values at four points: those of the coordinates and the next three along the last axis. */
export function vectorValues(
  context: Context,
  place: Place,
  graph: ScalarGraph,
  coordinates: Coordinates,
): readonly Local<"v128">[] {
  const values: Local<"v128">[] = [];
  for (const node of graph)
    values.push(context.body.let(vectorOf(context, place, node, (id) => existing(values, id), coordinates)));
  return values;
}

/** The value of an affine at four points along the last axis. */
function affineLanes({ body }: Context, affine: Affine, coordinates: Coordinates): Value<"v128"> {
  const first = i32x4.splat(affineValue(affine, coordinates));
  const step = affine.strides[coordinates.length - 1] ?? 0;
  if (step === 0) return first;
  const lanes = new Uint8Array(Int32Array.of(0, step, 2 * step, 3 * step).buffer);
  return i32x4.add(
    first,
    body.hoist(`lanes ${step}`, () => v128.const(lanes)),
  );
}

function vectorOf(
  context: Context,
  place: Place,
  node: ScalarNode,
  value: (id: number) => Local<"v128">,
  coordinates: Coordinates,
): Value<"v128"> {
  if (!isLaneDType(node.dtype)) throw new TypeError(`${node.dtype} has no lanes of 32 bits`);
  switch (node.kind) {
    case "constant":
      return constantVector(context, node.dtype, node.value);
    case "index": {
      const lanes = affineLanes(context, node.index, coordinates);
      return node.dtype === "f32" ? f32x4.convertI32x4S(lanes) : lanes;
    }
    case "inside":
      return node.guards
        .map((guard) => i32x4.ltU(affineLanes(context, guard, coordinates), context.body.i32x4(guard.limit)))
        .reduce<Value<"v128">>((all, guard) => v128.and(all, guard), context.body.i32x4(-1));
    case "map": {
      const result = mapVector(context, node.operation, node.operands.map(value), node.from, node.dtype);
      if (result === undefined) throw new TypeError(`${node.operation} of ${node.from} has no vector code`);
      return result;
    }
    case "randomBits": {
      const [first, second] = node.key;
      return randomBitsX4(
        context.body,
        value(first),
        value(second),
        affineLanes(context, node.counter, coordinates),
      );
    }
    case "load":
      return loadLanes(context, place, node, node.dtype, value, coordinates);
    case "accumulator":
      throw new TypeError("an accumulator in a map kernel");
  }
}

function loadLanes(
  context: Context,
  place: Place,
  node: Load,
  dtype: LaneDType,
  value: (id: number) => Local<"v128">,
  coordinates: Coordinates,
): Value<"v128"> {
  const step = node.index.strides[coordinates.length - 1] ?? 0;
  if (node.index.guards.length === 0 && node.dynamic.length === 0 && step <= 1 && step >= 0) {
    const address = addressOf(place, node.buffer, node.index, coordinates);
    if (dtype !== "bool") return step === 0 ? v128.load32Splat(address) : v128.load(address);
    const bytes = step === 0 ? v128.load8Splat(address) : v128.load32Zero(address);
    return i32x4.ne(i32x4.extendLowI16x8U(i16x8.extendLowI8x16U(bytes)), context.body.i32x4(0));
  }
  // Lane by lane, each with its own coordinates and conditions.
  const result = context.body.local("v128");
  const last = coordinates.length - 1;
  for (let lane = 0; lane < 4; lane++) {
    const own = coordinates.map((at, axis) => (axis === last ? i32.add(at, i32.const(lane)) : at));
    const operand = (id: number): Element => laneOf(value(id), node.otherwise === id ? dtype : "i32", lane);
    const element = loadValue(context, place, node, operand, own);
    context.body.set(
      result,
      dtype === "f32"
        ? f32x4.replaceLane(result, lane, as("f32", element))
        : i32x4.replaceLane(
            result,
            lane,
            dtype === "bool" ? i32.sub(i32.const(0), as("i32", element)) : as("i32", element),
          ),
    );
  }
  return result;
}

/** One lane as an element. */
export function laneOf(vector: Value<"v128">, dtype: LaneDType, lane: number): Element {
  if (dtype === "f32") return f32x4.extractLane(vector, lane);
  const word = i32x4.extractLane(vector, lane);
  return dtype === "bool" ? i32.and(word, i32.const(1)) : word;
}

/** Four masks as bytes 0 or 1 in the first word. */
export function maskBytes({ body }: Context, mask: Value<"v128">): Value<"v128"> {
  const words = body.let(v128.and(mask, body.i32x4(1)));
  const halves = body.let(i16x8.narrowI32x4S(words, words));
  return i8x16.narrowI16x8U(halves, halves);
}
