import type { BufferId, ContractKernel } from "@adjoint/compiler/kernel";
import { dtypeInfo } from "@adjoint/ir";
import {
  type Body,
  type Callee,
  type Local,
  type ModuleBuilder,
  type Value,
  i32,
  v128,
} from "../../../emit/index.ts";
import { type Lane, laneOf, loadSum, sumTypeOf } from "../lane.ts";
import { type Part, mergedAxes, placeOf, strideOf } from "../operand.ts";

type Index = Local<"i32">;

/** Sums stored as they are, neighbours along columns. */
export interface DenseEpilogue {
  readonly kind: "dense";
  /** The first element's byte address. */
  readonly address: number;
  /** Byte steps of the batch's axes, and of the columns', the innermost of which steps to the next element. */
  readonly batch: Part;
  readonly columns: Part;
  /** Bytes from a row to the next. */
  readonly row: number;
}

/** Coordinates of a sum along batch ++ rows ++ columns, however the epilogue counts them. */
export type Coordinates = readonly Value<"i32">[];

/**
 * Code that is given sums. `vector` gets the sums of four neighbouring columns (two of 8 bytes), with the first one's
 * coordinates, the last of which counts columns; `scalar` gets one, at the edges.
 */
export interface EmittedEpilogue {
  readonly kind: "emitted";
  /** Columns come in runs of this length and `vector` is called inside of one only. Absent: all columns are one run. */
  readonly run?: number;
  /** Coordinates of a row-major number over a part's axes; computed once for many sums. */
  place(body: Body, part: "batch" | "rows" | "columns", index: Index): Coordinates;
  vector(body: Body, sums: Local<"v128">, at: Coordinates): void;
  /** A sum as f32, f64, i32 or i64: the type of the contraction's sums. */
  scalar(body: Body, sum: Local, at: Coordinates): void;
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
  const along = part(columns, batch.length + rows.length);
  if (row === undefined || row < 0 || (along.length > 0 && along.at(-1)?.stride !== bytes)) return undefined;
  return {
    kind: "dense",
    address: address(store.buffer) + store.index.offset * bytes,
    batch: part(batch, 0),
    columns: along,
    row,
  };
}

/** A dense store as code, for the paths that don't write through the micro-kernel. */
export function emittedOf(epilogue: Epilogue, lane: Lane): EmittedEpilogue {
  if (epilogue.kind === "emitted") return epilogue;
  const address = (body: Body, [batch, row, column]: Coordinates): Value<"i32"> => {
    const zero = i32.const(0);
    const start = placeOf(body, epilogue.batch, batch ?? zero, i32.const(epilogue.address));
    const line = i32.add(start, i32.mul(row ?? zero, i32.const(epilogue.row)));
    return placeOf(body, epilogue.columns, column ?? zero, line);
  };
  const run = epilogue.columns.at(-1)?.size;
  return {
    kind: "emitted",
    ...(run !== undefined && epilogue.columns.length > 1 && { run }),
    place: (_body, _part, index) => [index],
    vector: (body, sums, at) => body.run(v128.store(address(body, at), sums)),
    scalar: (body, sum, at) => {
      const vector = body.local("v128");
      // A lane store takes every type of sum.
      body.set(vector, lane.replace(vector, sum));
      body.run(lane.storeLane(address(body, at), vector, 0, 0));
    },
  };
}

/** Where sums lie: coordinates of their row and batch, and the first one's column, all of it in locals. */
export interface SumsPlace {
  readonly batch: Coordinates;
  readonly row: Coordinates;
  readonly column: Index;
  /** The column's coordinates, where all of the sums lie in its run. */
  readonly columns?: Coordinates;
}

const moved = (coordinates: Coordinates, by: number): Coordinates => {
  const last = coordinates.at(-1);
  if (last === undefined || by === 0) return coordinates;
  return [...coordinates.slice(0, -1), i32.add(last, i32.const(by))];
};

/** Gives a vector of sums, at a column and those after it, to the epilogue; only `valid` columns are there. */
export function applyEpilogue(
  body: Body,
  epilogue: EmittedEpilogue,
  lane: Lane,
  sums: Local<"v128">,
  valid: number,
  { batch, row, column, columns }: SumsPlace,
): void {
  const { run } = epilogue;
  const counter = body.local("i32");
  const at = (by: number): Coordinates => {
    if (columns !== undefined) return [...batch, ...row, ...moved(columns, by)];
    body.set(counter, i32.add(column, i32.const(by)));
    return [...batch, ...row, ...epilogue.place(body, "columns", counter)];
  };
  const singly = (): void => {
    for (let element = 0; element < valid; element++)
      epilogue.scalar(body, body.let(lane.extract(sums, element)), at(element));
  };
  const together = (): void => epilogue.vector(body, sums, at(0));
  if (valid < lane.count) return singly();
  if (columns !== undefined || run === undefined || run % lane.count === 0) return together();
  const place = i32.remU(column, i32.const(run));
  body.if(i32.leS(place, i32.const(run - lane.count)), together, singly);
}

/** finish(tile, row, rowEnd, column, columnEnd, batch). */
export type Finish = Callee<["i32", "i32", "i32", "i32", "i32", "i32"], "void">;

/**
 * A function that runs the epilogue over a block whose sums are in memory, row by row, as its other operands lie. Blocks
 * end at a whole vector or at the end of `columns`, or of a run if that is what they are.
 */
export function emitFinish(
  module: ModuleBuilder,
  epilogue: EmittedEpilogue,
  lane: Lane,
  rowBytes: number,
  columns: number,
): Finish {
  const rest = columns % lane.count;
  return module.function(
    ["i32", "i32", "i32", "i32", "i32", "i32"],
    "void",
    (body, tile, first, end, column, columnEnd, batch) => {
      const row = body.let(first);
      const [at, from] = [body.local("i32"), body.local("i32")];
      const count = i32.and(i32.sub(columnEnd, column), i32.const(-lane.count));
      const stop = body.let(i32.add(column, count));
      const sum = body.local("v128");
      const batchAt = epilogue.place(body, "batch", batch);
      body.for(row, end, 1, () => {
        const rowAt = epilogue.place(body, "rows", row);
        const columnsAt = (): Coordinates => epilogue.place(body, "columns", at);
        body.set(at, column);
        body.set(from, tile);
        body.for(at, stop, lane.count, () => {
          body.set(sum, v128.load(from));
          body.set(from, i32.add(from, i32.const(16)));
          const within = epilogue.run === undefined ? { columns: columnsAt() } : {};
          applyEpilogue(body, epilogue, lane, sum, lane.count, {
            batch: batchAt,
            row: rowAt,
            column: at,
            ...within,
          });
        });
        if (rest > 0) {
          body.for(at, columnEnd, 1, () => {
            applyOne(body, epilogue, lane, from, [...batchAt, ...rowAt, ...columnsAt()]);
            body.set(from, i32.add(from, i32.const(lane.bytes)));
          });
        }
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
  at: Coordinates,
): void {
  epilogue.scalar(body, body.let(loadSum(lane, address)), at);
}
