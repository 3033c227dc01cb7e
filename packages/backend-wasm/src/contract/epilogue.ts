import type { BufferId, ContractKernel } from "@adjoint/compiler";
import { dtypeInfo } from "@adjoint/ir";
import {
  type Body,
  type Callee,
  type Local,
  type ModuleBuilder,
  type Value,
  i32,
  v128,
} from "../emit/index.ts";
import { type Lane, laneOf, loadSum, sumTypeOf } from "./lane.ts";
import { type Part, mergedAxes, placeOf, strideOf } from "./operand.ts";

type Index = Local<"i32">;

/** Sums stored as they are, neighbours along columns. */
export interface DenseEpilogue {
  readonly kind: "dense";
  /** The first element's byte address. */
  readonly address: number;
  /** Byte steps of the batch's axes. */
  readonly batch: Part;
  /** Bytes from a row to the next. */
  readonly row: number;
}

/**
 * Code that is given sums. Row, column and batch are row-major numbers over their part's axes. `vector` gets the sums of
 * four neighbouring columns (two of 8 bytes), the first a multiple of that; `scalar` gets one, at the edges.
 */
export interface EmittedEpilogue {
  readonly kind: "emitted";
  /** True for short code that hoists few values: it runs on the micro-kernel's registers. Else a loop of its own. */
  readonly inline: boolean;
  /** Columns come in runs of this length and `vector` is called inside of one only. Absent: all columns are one run. */
  readonly run?: number;
  vector(body: Body, sums: Local<"v128">, row: Index, column: Index, batch: Index): void;
  /** A sum as f32, f64, i32 or i64: the type of the contraction's sums. */
  scalar(body: Body, sum: Local, row: Index, column: Index, batch: Index): void;
}

export type Epilogue = DenseEpilogue | EmittedEpilogue;

/** The dense epilogue of a kernel that only stores its sums, if it does and its result lies so. */
export function denseEpilogue(
  kernel: ContractKernel,
  address: (buffer: BufferId) => number,
): DenseEpilogue | undefined {
  const [store] = kernel.stores;
  const node = store && kernel.epilogue[store.value];
  const { bytes } = dtypeInfo[kernel.dtype];
  if (store === undefined || kernel.stores.length !== 1 || node?.kind !== "accumulator") return undefined;
  if (bytes !== laneOf(sumTypeOf(kernel.dtype), false).bytes) return undefined;
  const part = (sizes: readonly number[], first: number): Part =>
    mergedAxes(
      sizes.map((size, axis) => ({
        size,
        stride: (store.index.strides[first + axis] ?? 0) * bytes,
        guards: [],
      })),
    );
  const { batch, rows, columns } = kernel;
  const row = strideOf(part(rows, batch.length));
  const column = part(columns, batch.length + rows.length);
  if (row === undefined || row < 0 || (column.length > 0 && strideOf(column) !== bytes)) return undefined;
  return {
    kind: "dense",
    address: address(store.buffer) + store.index.offset * bytes,
    batch: part(batch, 0),
    row,
  };
}

/** A dense store as code, for the paths that don't write through the micro-kernel. */
export function emittedOf(epilogue: Epilogue, lane: Lane): EmittedEpilogue {
  if (epilogue.kind === "emitted") return epilogue;
  const place = (body: Body, row: Index, column: Index, batch: Index): Value<"i32"> =>
    i32.add(
      i32.add(
        placeOf(body, epilogue.batch, batch, i32.const(epilogue.address)),
        i32.mul(row, i32.const(epilogue.row)),
      ),
      i32.mul(column, i32.const(lane.bytes)),
    );
  return {
    kind: "emitted",
    inline: true,
    vector: (body, sums, row, column, batch) => body.run(v128.store(place(body, row, column, batch), sums)),
    scalar: (body, sum, row, column, batch) => {
      const vector = body.local("v128");
      // A lane store takes every type of sum.
      body.set(vector, lane.replace(vector, sum));
      body.run(lane.storeLane(place(body, row, column, batch), vector, 0, 0));
    },
  };
}

/** Gives vectors of sums at `column` … to the epilogue; only `valid` columns are there. */
export function applyEpilogue(
  body: Body,
  epilogue: EmittedEpilogue,
  lane: Lane,
  sums: readonly Local<"v128">[],
  valid: number,
  row: Index,
  column: Index,
  batch: Index,
): void {
  const { run } = epilogue;
  const at = body.local("i32");
  sums.forEach((vector, index) => {
    const first = index * lane.count;
    const inside = Math.min(lane.count, valid - first);
    const singly = (): void => {
      for (let element = 0; element < inside; element++) {
        const sum = body.let(lane.extract(vector, element));
        body.set(at, i32.add(column, i32.const(first + element)));
        epilogue.scalar(body, sum, row, at, batch);
      }
    };
    if (inside <= 0) return;
    if (inside < lane.count) return singly();
    body.set(at, i32.add(column, i32.const(first)));
    if (run === undefined || run % lane.count === 0) return epilogue.vector(body, vector, row, at, batch);
    const place = i32.remU(at, i32.const(run));
    body.if(
      i32.leS(place, i32.const(run - lane.count)),
      () => epilogue.vector(body, vector, row, at, batch),
      singly,
    );
  });
}

/** finish(tile, row, rowEnd, column, batch). */
export type Finish = Callee<["i32", "i32", "i32", "i32", "i32"], "void">;

/** A function that runs the epilogue over a stripe of rows whose sums are in memory. */
export function emitFinish(
  module: ModuleBuilder,
  epilogue: EmittedEpilogue,
  lane: Lane,
  rowBytes: number,
  valid: number,
): Finish {
  const vectors = Math.ceil(valid / lane.count);
  return module.function(
    ["i32", "i32", "i32", "i32", "i32"],
    "void",
    (body, tile, first, end, column, batch) => {
      const row = body.let(first);
      const sums = Array.from({ length: vectors }, () => body.local("v128"));
      body.for(row, end, 1, () => {
        sums.forEach((sum, index) => body.set(sum, v128.load(tile, index * 16)));
        applyEpilogue(body, epilogue, lane, sums, valid, row, column, batch);
        body.set(tile, i32.add(tile, i32.const(rowBytes)));
      });
    },
  );
}

/** The epilogue on one sum in memory. */
export function applyOne(
  body: Body,
  epilogue: EmittedEpilogue,
  lane: Lane,
  address: Value<"i32">,
  row: Index,
  column: Index,
  batch: Index,
): void {
  epilogue.scalar(body, body.let(loadSum(lane, address)), row, column, batch);
}
