import type { SortKernel } from "@adjoint/compiler/kernel";
import { type DType, dtypeInfo, isFloat } from "@adjoint/ir/values";
import { type Callee, type Local, type Value, i32, select } from "../emit/index.ts";
import { carrier } from "../scalar/carriers.ts";
import type { Context } from "../scalar/context.ts";
import { as, loadElement, storeElement } from "../scalar/element.ts";
import { addressOf } from "../scalar/graph.ts";
import { mapElement } from "../scalar/table.ts";
import { type Region, layOut } from "../region.ts";
import { nest } from "./loops.ts";
import type { KernelEnvironment } from "./environment.ts";

/** Two lists of places, which take turns. */
export const sortRegions = ({ size }: SortKernel): readonly Region<"places" | "merged">[] => [
  { name: "places", bytes: 4 * size, perThread: false },
  { name: "merged", bytes: 4 * size, perThread: false },
];

/** Storage is copied as it is: bits for the 16-bit floats. */
const storageOf = (dtype: DType): DType => (dtype === "f16" || dtype === "bf16" ? "u16" : dtype);

/** Sorts each line's places by their elements, merging from the bottom up, and copies the first of them. */
export function sortKernel(
  { module, math, helpers, place }: KernelEnvironment,
  kernel: SortKernel,
  workspace: number,
  gap = 0,
): Callee<readonly [], "void"> {
  const { outer, size, count, descending, dtype, source, index, values, valuesBuffer, indicesBuffer } =
    kernel;
  const stride = (index.strides[outer.length] ?? 0) * dtypeInfo[dtype].bytes;
  const storage = storageOf(dtype);
  const { offsets } = layOut(sortRegions(kernel), 1, gap);
  return module.function([], "void", (body) => {
    const context: Context = { body, math, helpers };
    const [from, to, swap] = [body.local("i32"), body.local("i32"), body.local("i32")];
    const [width, low, middle, high] = [
      body.local("i32"),
      body.local("i32"),
      body.local("i32"),
      body.local("i32"),
    ];
    const [left, right, out, base] = [
      body.local("i32"),
      body.local("i32"),
      body.local("i32"),
      body.local("i32"),
    ];
    const [leftKey, rightKey] = [body.local(carrier[dtype]), body.local(carrier[dtype])];
    const slot = (list: Local<"i32">, at: Value<"i32">): Value<"i32"> =>
      i32.add(list, i32.shl(at, i32.const(2)));
    const elementAt = (at: Value<"i32">): Value<"i32"> => i32.add(base, i32.mul(at, i32.const(stride)));
    const key = (at: Local<"i32">): ReturnType<typeof loadElement> =>
      loadElement(context, dtype, elementAt(i32.load(slot(from, at))));
    const less = (a: Local, b: Local): Value<"i32"> =>
      as("i32", mapElement(context, "less", [a, b], dtype, "bool"));
    const isNaN = (x: Local): Value<"i32"> => as("i32", mapElement(context, "isNaN", [x], dtype, "bool"));
    /** Whether the right one comes before the left one, which it otherwise follows. */
    const precedes = (): Value<"i32"> => {
      const [small, large] = descending ? [leftKey, rightKey] : [rightKey, leftKey];
      const order = less(small, large);
      return isFloat(dtype) ? i32.or(order, i32.and(isNaN(large), i32.eqz(isNaN(small)))) : order;
    };
    const least = (a: Value<"i32">): Value<"i32"> => {
      const own = body.let(a);
      return select(i32.ltS(own, i32.const(size)), own, i32.const(size));
    };
    const take = (cursor: Local<"i32">): void => {
      body.run(i32.store(slot(to, out), i32.load(slot(from, cursor))));
      body.set(cursor, i32.add(cursor, i32.const(1)));
    };
    const merge = (): void => {
      body.set(middle, least(i32.add(low, width)));
      body.set(high, least(i32.add(middle, width)));
      body.set(left, low);
      body.set(right, middle);
      body.set(out, low);
      body.for(out, high, 1, () => {
        body.if(
          i32.geS(left, middle),
          () => take(right),
          () =>
            body.if(
              i32.geS(right, high),
              () => take(left),
              () => {
                body.set(leftKey, key(left));
                body.set(rightKey, key(right));
                body.if(
                  precedes(),
                  () => take(right),
                  () => take(left),
                );
              },
            ),
        );
      });
    };
    nest(body, outer, (line) => {
      body.set(
        base,
        addressOf(place, source, { ...index, strides: index.strides.slice(0, outer.length) }, line),
      );
      body.set(from, i32.const(workspace + offsets.places));
      body.set(to, i32.const(workspace + offsets.merged));
      body.set(out, i32.const(0));
      body.for(out, i32.const(size), 1, () => body.run(i32.store(slot(from, out), out)));
      body.set(width, i32.const(1));
      body.block((done) =>
        body.loop((again) => {
          body.jumpIf(done, i32.geS(width, i32.const(size)));
          body.set(low, i32.const(0));
          body.block((merged) =>
            body.loop((next) => {
              body.jumpIf(merged, i32.geS(low, i32.const(size)));
              merge();
              body.set(low, high);
              body.jump(next);
            }),
          );
          body.set(swap, from);
          body.set(from, to);
          body.set(to, swap);
          body.set(width, i32.shl(width, i32.const(1)));
          body.jump(again);
        }),
      );
      const rank = body.let(i32.const(0));
      body.for(rank, i32.const(count), 1, () => {
        const at = body.let(i32.load(slot(from, rank)));
        const element = loadElement(context, storage, elementAt(at));
        const coordinates = [...line, rank];
        body.run(
          storeElement(context, storage, addressOf(place, valuesBuffer, values, coordinates), element),
        );
        body.run(i32.store(addressOf(place, indicesBuffer, values, coordinates), at));
      });
    });
  });
}
