import { at } from "@adjoint/ir/values";
import { type Body, type Local, type Value, i32 } from "../emit/index.ts";

type Index = Local<"i32">;

/** Part of the outermost axis. */
export interface Range {
  readonly first: Value<"i32">;
  readonly last: Value<"i32">;
}

/** Statements for every point of a domain in row-major order, or for those in a range of its first axis. */
export function nest(
  body: Body,
  sizes: readonly number[],
  write: (coordinates: readonly Index[]) => void,
  range?: Range,
): void {
  const counters = sizes.map(() => body.local("i32"));
  const axis = (depth: number): void => {
    const counter = counters[depth];
    if (counter === undefined) return write(counters);
    const own = depth === 0 ? range : undefined;
    body.set(counter, own?.first ?? i32.const(0));
    body.for(counter, own?.last ?? i32.const(at(sizes, depth)), 1, () => axis(depth + 1));
  };
  axis(0);
}

/** Coordinates of a row-major number. */
export function unravel(body: Body, sizes: readonly number[], position: Index): readonly Value<"i32">[] {
  const coordinates: Value<"i32">[] = [];
  let rest: Index = position;
  const outermost = sizes.findIndex((size) => size > 1);
  for (let axis = sizes.length - 1; axis >= 0; axis--) {
    const size = at(sizes, axis);
    if (size <= 1) coordinates.unshift(i32.const(0));
    else if (axis === outermost) coordinates.unshift(rest);
    else {
      coordinates.unshift(body.let(i32.remU(rest, i32.const(size))));
      rest = body.let(i32.divU(rest, i32.const(size)));
    }
  }
  return coordinates;
}
