import type { Affine, ContractKernel, ScalarGraph, ScalarNode } from "@adjoint/compiler/kernel";
import { at } from "@adjoint/ir/values";
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
} from "../../../emit/index.ts";
import { type Element, isLaneDType } from "../../../scalar/carriers.ts";
import type { Context } from "../../../scalar/context.ts";
import { fit, kept, storeElement } from "../../../scalar/element.ts";
import {
  type Coordinates,
  type Addressing,
  addressOf,
  elementValues,
  vectorValues,
} from "../../../scalar/graph.ts";
import { maskBytes } from "../../../scalar/lane-memory.ts";
import { mapVector } from "../../../scalar/vector.ts";
import type { KernelEnvironment } from "../../environment.ts";
import { fillsLanes } from "../../lane-fold.ts";
import { unravel } from "../../loops.ts";
import { type SumType, sumTypeOf } from "../lane.ts";
import type { EmittedEpilogue } from "./epilogue.ts";

type Index = Local<"i32">;

/** The epilogue of a kernel as code: its scalar graph, given the sums. */
export function scalarGraphEpilogue(
  { math, helpers, addressing }: KernelEnvironment,
  kernel: ContractKernel,
): EmittedEpilogue {
  const { batch, rows, columns, epilogue, stores, dtype } = kernel;
  const merged = mergedColumns(kernel);
  const run = merged.at(-1) ?? 1;
  const coordinatesOf = {
    batch: (body: Body, index: Index) => unravel(body, batch, index),
    rows: (body: Body, index: Index) => unravel(body, rows, index),
    // Axes that are stepped through as one are counted along the last of them.
    columns: (body: Body, index: Index): Coordinates => {
      const coordinates = unravel(body, merged, index);
      const counted = columns.slice(merged.length).map(() => i32.const(0));
      return [...coordinates.slice(0, -1), ...counted, ...coordinates.slice(-1)];
    },
  };
  const scalar = (body: Body, sum: Local, coordinates: Coordinates): void => {
    const context: Context = { body, math, helpers };
    const values = elementValues(context, addressing, epilogue, coordinates, [
      kept(context, fit(context, dtype, sum)),
    ]);
    for (const store of stores) {
      const value = at(values, store.value);
      const address = addressOf(addressing, store.buffer, store.index, coordinates);
      body.run(storeElement(context, addressing.dtype(store.buffer), address, value));
    }
  };
  const vector = (body: Body, sums: Local<"v128">, coordinates: Coordinates): void => {
    const context: Context = { body, math, helpers };
    const values = vectorResults(context, addressing, epilogue, coordinates, sums);
    for (const store of stores) {
      const value = at(values, store.value);
      const address = addressOf(addressing, store.buffer, store.index, coordinates);
      const isBool = addressing.dtype(store.buffer) === "bool";
      body.run(isBool ? v128.store32Lane(address, maskBytes(context, value), 0) : v128.store(address, value));
    }
  };
  const common = {
    kind: "emitted",
    ...(merged.some((size, axis) => size > 1 && axis < merged.length - 1) && { run }),
    coordinates: (body: Body, part: "batch" | "rows" | "columns", index: Index) =>
      coordinatesOf[part](body, index),
    scalar,
  } as const;
  if (hasLanes(kernel, addressing, run)) return { ...common, vector };
  const singly = (body: Body, sums: Local<"v128">, coordinates: Coordinates): void => {
    lanesOf(sumTypeOf(dtype), sums).forEach((sum, lane) => {
      // Without axes there is one sum, in the first lane.
      const last = coordinates.at(-1) ?? i32.const(0);
      const own = body.let(i32.add(last, i32.const(lane)));
      scalar(body, body.let(sum), [...coordinates.slice(0, -1), own]);
    });
  };
  return { ...common, vector: singly };
}

/** Sizes of the columns' axes, the last ones merged if all that is read and stored steps through them as through one. */
function mergedColumns({ batch, rows, columns, epilogue, stores }: ContractKernel): readonly number[] {
  const affines = [...stores.map((store) => store.index), ...epilogue.flatMap(affinesOf)];
  const first = batch.length + rows.length;
  const merged = [...columns];
  for (let axis = columns.length - 2; axis >= 0; axis--) {
    const inner = at(merged, -1);
    const joins = affines.every(
      ({ strides }) => at(strides, first + axis) === at(strides, first + columns.length - 1) * inner,
    );
    if (!joins) break;
    merged.splice(-2, 2, at(columns, axis) * inner);
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

/** True if four neighbouring columns can be computed and stored together. */
function hasLanes({ epilogue, stores, dtype }: ContractKernel, addressing: Addressing, run: number): boolean {
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
    stores.every(({ buffer, index }) => isLaneDType(addressing.dtype(buffer)) && index.strides.at(-1) === 1)
  );
}

/** All values of an expression at four columns, given the sums there. */
function vectorResults(
  context: Context,
  addressing: Addressing,
  graph: ScalarGraph,
  coordinates: Coordinates,
  sums: Local<"v128">,
): readonly Local<"v128">[] {
  const values: Local<"v128">[] = [];
  const valueOf = (node: ScalarNode): Value<"v128"> => {
    if (node.kind === "accumulator") return sums;
    if (node.kind !== "map") return at(vectorValues(context, addressing, [node], coordinates), 0);
    const operands = node.operands.map((id) => at(values, id));
    const mapped = mapVector(context, node.operation, operands, node.from, node.dtype);
    if (mapped === undefined) throw new TypeError(`${node.operation} of ${node.from} has no vector code`);
    return mapped;
  };
  for (const node of graph) values.push(context.body.let(valueOf(node)));
  return values;
}
