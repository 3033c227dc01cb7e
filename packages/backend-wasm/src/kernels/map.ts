import type { MapKernel, Store } from "@adjoint/compiler";
import { type Local, type ModuleBuilder, type Value, i32, v128 } from "../emit/index.ts";
import type { MathLibrary } from "../math/library.ts";
import type { Context, Helpers } from "../scalar/context.ts";
import { storeElement } from "../scalar/element.ts";
import {
  type Coordinates,
  type Place,
  addressOf,
  elementValues,
  laneOf,
  maskBytes,
  vectorValues,
} from "../scalar/graph.ts";
import { isLaneDType } from "../scalar/vector.ts";
import { fillsLanes } from "./lane-fold.ts";
import type { Ranged } from "./ranged.ts";

/** What the functions of one module have in common. */
export interface KernelEnvironment {
  readonly module: ModuleBuilder;
  readonly math: MathLibrary;
  readonly helpers: Helpers;
  readonly place: Place;
}

/**
 * A map kernel, its units the outermost axis. Four elements at a time along the last axis where all types have lanes, then up to three one by one;
 * an element's value does not depend on which.
 */
export function mapKernel(environment: KernelEnvironment, kernel: MapKernel): Ranged {
  const { module, math, helpers, place } = environment;
  const domain = kernel.domain.length === 0 ? [1] : kernel.domain;
  const inner = domain.length - 1;
  const vectorized =
    fillsLanes(kernel.body) && kernel.stores.every(({ buffer }) => isLaneDType(place.dtype(buffer)));
  const callee = module.function(["i32", "i32"], "void", (body, first, last) => {
    const context: Context = { body, math, helpers };
    const counters: Local<"i32">[] = domain.map(() => body.local("i32"));
    const element = (): void => {
      const values = elementValues(context, place, kernel.body, counters);
      for (const store of kernel.stores) {
        const value = values[store.value];
        if (value === undefined) continue;
        const address = addressOf(place, store.buffer, store.index, counters);
        body.run(storeElement(context, place.dtype(store.buffer), address, value));
      }
    };
    const four = (): void => {
      const values = vectorValues(context, place, kernel.body, counters);
      for (const store of kernel.stores) {
        const value = values[store.value];
        if (value !== undefined) storeLanes(context, place, store, value, counters);
      }
    };
    const axis = (at: number): void => {
      const counter = counters[at];
      if (counter === undefined) return;
      body.set(counter, at === 0 ? first : i32.const(0));
      const end: Value<"i32"> = at === 0 ? last : i32.const(domain[at] ?? 1);
      if (at < inner) {
        body.for(counter, end, 1, () => axis(at + 1));
        return;
      }
      if (vectorized)
        body.for(
          counter,
          at === 0 ? body.let(i32.sub(last, i32.const(3))) : i32.const((domain[at] ?? 1) - 3),
          4,
          four,
        );
      body.for(counter, end, 1, element);
    };
    axis(0);
  });
  return { callee, units: domain[0] ?? 1, grain: inner === 0 ? 4 : 1 };
}

function storeLanes(
  context: Context,
  place: Place,
  store: Store,
  value: Value<"v128">,
  coordinates: Coordinates,
): void {
  const dtype = place.dtype(store.buffer);
  if (!isLaneDType(dtype)) return;
  const { body } = context;
  const last = coordinates.length - 1;
  if (store.index.strides[last] === 1) {
    const address = addressOf(place, store.buffer, store.index, coordinates);
    body.run(
      dtype === "bool" ? v128.store32Lane(address, maskBytes(context, value), 0) : v128.store(address, value),
    );
    return;
  }
  for (let lane = 0; lane < 4; lane++) {
    const own = coordinates.map((at, axis) => (axis === last ? i32.add(at, i32.const(lane)) : at));
    const address = addressOf(place, store.buffer, store.index, own);
    body.run(storeElement(context, dtype, address, laneOf(value, dtype, lane)));
  }
}
