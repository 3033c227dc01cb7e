import type { Load, ScalarNode } from "@adjoint/compiler/kernel";
import { dtypeInfo } from "@adjoint/ir/values";
import { type Local, i32 } from "../emit/index.ts";
import { type Addressing, type Coordinates, addressOf, affineValue, inside } from "./affine.ts";
import { castElement } from "./cast.ts";
import { type Element, carrier } from "./carriers.ts";
import type { Context } from "./context.ts";
import { as, constantElement, loadElement } from "./element.ts";
import { mapElement } from "./table.ts";
import { randomBits } from "./random.ts";

/** The element of a list that must be there. */
export function existing<T>(values: readonly (T | undefined)[], id: number): T {
  const value = values[id];
  if (value === undefined) throw new RangeError(`scalar value ${id} is not there`);
  return value;
}

/** The values that a node's value depends on. */
export interface Point {
  readonly value: (id: number) => Element;
  readonly coordinates: Coordinates;
  readonly accumulators: readonly Element[];
}

/** A node's value at one point. */
export function elementOf(context: Context, addressing: Addressing, node: ScalarNode, point: Point): Element {
  const { value, coordinates, accumulators } = point;
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
      return loadValue(context, addressing, node, point);
  }
}

/** An element of a buffer, with its guards and its lookups. */
export function loadValue(
  context: Context,
  addressing: Addressing,
  node: Load,
  point: Omit<Point, "accumulators">,
): Element {
  const { body } = context;
  const { value, coordinates } = point;
  const { guards } = node.index;
  const address = body.let(addressOf(addressing, node.buffer, node.index, coordinates));
  if (guards.length === 0 && node.dynamic.length === 0) return loadElement(context, node.dtype, address);
  const result = body.local(carrier[node.dtype]);
  const read = (): void => {
    advance(context, addressing, node, address, value);
    body.set(result, loadElement(context, node.dtype, address));
  };
  if (guards.length === 0) read();
  else {
    const otherwise = node.otherwise === undefined ? constantElement(node.dtype, 0) : value(node.otherwise);
    body.if(inside(guards, coordinates), read, () => body.set(result, otherwise));
  }
  return result;
}

/** Adds what data says to a load's address, or reports an index out of range and leaves. */
export function advance(
  context: Context,
  addressing: Addressing,
  { dynamic, dtype }: Pick<Load, "dynamic" | "dtype">,
  address: Local<"i32">,
  value: (id: number) => Element,
): void {
  const { body } = context;
  for (const term of dynamic) {
    const index = body.let(as("i32", value(term.value)));
    body.if(i32.geU(index, i32.const(term.size)), () => addressing.outOfRange(body, term, index));
    const step = term.stride * dtypeInfo[dtype].bytes;
    body.set(address, i32.add(address, i32.mul(index, i32.const(step))));
  }
}
