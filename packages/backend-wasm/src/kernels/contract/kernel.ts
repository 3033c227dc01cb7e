import type { Affine, ContractKernel, ScalarGraph, ScalarNode } from "@adjoint/compiler/kernel";
import {
  type Contraction,
  type EmittedEpilogue,
  type Epilogue,
  type SumType,
  denseEpilogue,
  emitContraction,
  sumTypeOf,
  regionsOf,
} from "./index.ts";
import {
  type Body,
  type Local,
  type Value,
  f32x4,
  f64x2,
  i32,
  i32x4,
  i64x2,
  v128,
} from "../../emit/index.ts";
import type { Region } from "../../region.ts";
import { type Element, isLaneDType } from "../../scalar/carriers.ts";
import type { Context } from "../../scalar/context.ts";
import { fit, kept, storeElement } from "../../scalar/element.ts";
import { type Coordinates, type Place, addressOf, elementValues, vectorValues } from "../../scalar/graph.ts";
import { mapVector } from "../../scalar/vector.ts";
import { fillsLanes } from "../lane-fold.ts";
import { unravel } from "../loops.ts";
import type { KernelEnvironment } from "../environment.ts";
import { maskBytes } from "../../scalar/lane-memory.ts";

type Index = Local<"i32">;

/** What contraction code needs to know of the engine and the program. */
export interface ContractOptions {
  readonly fused: boolean;
  readonly wide: boolean;
  /** Threads that share the kernel. */
  readonly threads: number;
  /** Bytes behind each region of its workspace that nothing may touch, 0 if absent. */
  readonly gap?: number;
}

/** What the kernel works in. */
export const contractRegions = (
  environment: KernelEnvironment,
  kernel: ContractKernel,
  options: ContractOptions,
): readonly Region[] =>
  regionsOf(kernel, {
    ...options,
    epilogue: epilogueOf(environment, kernel),
  });

/** A contraction as a function of a thread's number, the parts that it takes and how many there are. */
export function contractKernel(
  environment: KernelEnvironment,
  kernel: ContractKernel,
  options: ContractOptions & { readonly workspace: number },
): Contraction {
  const { module, place } = environment;
  const epilogue = epilogueOf(environment, kernel);
  return emitContraction(module, kernel, { ...options, address: place.address, epilogue });
}

function epilogueOf(environment: KernelEnvironment, kernel: ContractKernel): Epilogue {
  return denseEpilogue(kernel, environment.place.address) ?? emittedEpilogue(environment, kernel);
}

function emittedEpilogue(
  { math, helpers, place }: KernelEnvironment,
  kernel: ContractKernel,
): EmittedEpilogue {
  const { batch, rows, columns, epilogue, stores, dtype } = kernel;
  const merged = mergedColumns(kernel);
  const run = merged.at(-1) ?? 1;
  const coordinatesOf = {
    batch: (body: Body, index: Index) => unravel(body, batch, index),
    rows: (body: Body, index: Index) => unravel(body, rows, index),
    // Axes that step as one are counted along the last of them.
    columns: (body: Body, index: Index): Coordinates => {
      const coordinates = unravel(body, merged, index);
      const counted = columns.slice(merged.length).map(() => i32.const(0));
      return [...coordinates.slice(0, -1), ...counted, ...coordinates.slice(-1)];
    },
  };
  const scalar = (body: Body, sum: Local, coordinates: Coordinates): void => {
    const context: Context = { body, math, helpers };
    const values = elementValues(context, place, epilogue, coordinates, [
      kept(context, fit(context, dtype, sum)),
    ]);
    for (const store of stores) {
      const value = values[store.value];
      if (value === undefined) continue;
      const address = addressOf(place, store.buffer, store.index, coordinates);
      body.run(storeElement(context, place.dtype(store.buffer), address, value));
    }
  };
  const vector = (body: Body, sums: Local<"v128">, coordinates: Coordinates): void => {
    const context: Context = { body, math, helpers };
    const values = vectorResults(context, place, epilogue, coordinates, sums);
    for (const store of stores) {
      const value = values[store.value];
      if (value === undefined) continue;
      const address = addressOf(place, store.buffer, store.index, coordinates);
      const isBool = place.dtype(store.buffer) === "bool";
      body.run(isBool ? v128.store32Lane(address, maskBytes(context, value), 0) : v128.store(address, value));
    }
  };
  const common = {
    kind: "emitted",
    ...(merged.some((size, axis) => size > 1 && axis < merged.length - 1) && { run }),
    place: (body: Body, part: "batch" | "rows" | "columns", index: Index) => coordinatesOf[part](body, index),
    scalar,
  } as const;
  if (hasLanes(kernel, place, run)) return { ...common, vector };
  const singly = (body: Body, sums: Local<"v128">, coordinates: Coordinates): void => {
    lanesOf(sumTypeOf(dtype), sums).forEach((sum, lane) => {
      const last = coordinates.at(-1) ?? i32.const(0);
      const own = body.let(i32.add(last, i32.const(lane)));
      scalar(body, body.let(sum), [...coordinates.slice(0, -1), own]);
    });
  };
  return { ...common, vector: singly };
}

/** Sizes of the columns, the last of them joined where everything steps through them as through one. */
function mergedColumns({ batch, rows, columns, epilogue, stores }: ContractKernel): readonly number[] {
  const affines = [...stores.map((store) => store.index), ...epilogue.flatMap(affinesOf)];
  const first = batch.length + rows.length;
  const merged = [...columns];
  for (let axis = columns.length - 2; axis >= 0; axis--) {
    const inner = merged.at(-1) ?? 1;
    const joins = affines.every(
      ({ strides }) => (strides[first + axis] ?? 0) === (strides[first + columns.length - 1] ?? 0) * inner,
    );
    if (!joins) break;
    merged.splice(-2, 2, (columns[axis] ?? 1) * inner);
  }
  return merged;
}

function affinesOf(node: ScalarNode): readonly Affine[] {
  switch (node.kind) {
    case "load":
      return [node.index, ...node.index.guards];
    case "index":
      return [node.index];
    case "inside":
      return node.guards;
    case "randomBits":
      return [node.counter];
    default:
      return [];
  }
}

function lanesOf(sum: SumType, sums: Value<"v128">): readonly Element[] {
  const family = { f32: f32x4, f64: f64x2, i32: i32x4, i64: i64x2 }[sum];
  const lanes = sum === "f64" || sum === "i64" ? [0, 1] : [0, 1, 2, 3];
  return lanes.map((lane) => family.extractLane(sums, lane));
}

/** Whether four neighbouring columns can be computed and stored together. */
function hasLanes({ epilogue, stores, dtype }: ContractKernel, place: Place, run: number): boolean {
  const simple = (node: ScalarNode): boolean =>
    node.kind === "load"
      ? node.dynamic.length === 0 && node.otherwise === undefined
      : node.kind !== "randomBits";
  return (
    isLaneDType(dtype) &&
    dtype !== "bool" &&
    run >= 4 &&
    fillsLanes(epilogue) &&
    epilogue.every(simple) &&
    stores.every(({ buffer, index }) => isLaneDType(place.dtype(buffer)) && index.strides.at(-1) === 1)
  );
}

/** All values of an expression at four columns, given the sums there. */
function vectorResults(
  context: Context,
  place: Place,
  graph: ScalarGraph,
  coordinates: Coordinates,
  sums: Local<"v128">,
): readonly Local<"v128">[] {
  const values: Local<"v128">[] = [];
  const valueOf = (node: ScalarNode): Value<"v128"> => {
    if (node.kind === "accumulator") return sums;
    if (node.kind !== "map") return vectorValues(context, place, [node], coordinates)[0] ?? sums;
    const operands = node.operands.map((id) => values[id] ?? sums);
    const mapped = mapVector(context, node.operation, operands, node.from, node.dtype);
    if (mapped === undefined) throw new TypeError(`${node.operation} of ${node.from} has no vector code`);
    return mapped;
  };
  for (const node of graph) values.push(context.body.let(valueOf(node)));
  return values;
}
