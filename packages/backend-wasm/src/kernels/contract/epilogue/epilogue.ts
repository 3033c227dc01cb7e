import type { BufferId, ContractKernel } from "@adjoint/compiler/kernel";
import { at, dtypeInfo } from "@adjoint/ir/values";
import { type Body, type Local, type ModuleBuilder, type Value, i32, v128 } from "../../../emit/index.ts";
import { type Lane, laneOf, loadSum, sumTypeOf } from "../lane.ts";
import { type Part, addressIn, batchAddress, mergedAxes, strideOf } from "../operand.ts";
import { type Procedure, procedure } from "../procedure.ts";
import { unroll } from "../unroll.ts";

type Index = Local<"i32">;

/** Sums are stored as they are; neighbours along columns are neighbours in memory. */
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

/** Coordinates of a sum along batch ++ rows ++ columns, by the axes that the epilogue counts. */
export type Coordinates = readonly Value<"i32">[];

/**
 * Code that is given sums. `vector` gets the sums of four neighbouring columns (two of 8 bytes), with the first one's
 * coordinates, the last of which counts columns; `scalar` gets one, at the edges.
 */
export interface EmittedEpilogue {
  readonly kind: "emitted";
  /** Columns come in runs of this length, and no vector crosses the end of one. If absent, all columns are one run. */
  readonly run?: number;
  /** Coordinates along a part's axes of a row-major index; computed once for many sums. */
  coordinates(body: Body, part: "batch" | "rows" | "columns", index: Index): Coordinates;
  vector(body: Body, sums: Local<"v128">, coordinates: Coordinates): void;
  /** The sum is an f32, f64, i32 or i64: the type of the contraction's sums. */
  scalar(body: Body, sum: Local, coordinates: Coordinates): void;
}

export type Epilogue = DenseEpilogue | EmittedEpilogue;

/** The dense epilogue of a kernel, if it only stores its sums and its result's columns are neighbours. */
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
        stride: at(store.index.strides, first + axis) * bytes,
        guards: [],
      })),
    );
  const { batch, rows, columns } = kernel;
  const row = strideOf(part(rows, batch.length));
  const along = part(columns, batch.length + rows.length);
  if (row === undefined || row < 0 || (along.length > 0 && at(along, -1).stride !== bytes)) return undefined;
  return {
    kind: "dense",
    address: address(store.buffer) + store.index.offset * bytes,
    batch: part(batch, 0),
    columns: along,
    row,
  };
}

/** A dense store as code, for sums that the micro-kernel can't store in the result. */
export function emittedOf(epilogue: Epilogue, lane: Lane): EmittedEpilogue {
  if (epilogue.kind === "emitted") return epilogue;
  const address = (body: Body, coordinates: Coordinates): Value<"i32"> => {
    const [batch, row, column] = [at(coordinates, 0), at(coordinates, 1), at(coordinates, 2)];
    const start = batchAddress(body, epilogue, batch);
    const rowStart = i32.add(start, i32.mul(row, i32.const(epilogue.row)));
    return addressIn(body, epilogue.columns, column, rowStart);
  };
  const run = epilogue.columns.at(-1)?.size;
  return {
    kind: "emitted",
    ...(run !== undefined && epilogue.columns.length > 1 && { run }),
    coordinates: (_body, _part, index) => [index],
    vector: (body, sums, coordinates) => body.run(v128.store(address(body, coordinates), sums)),
    scalar: (body, sum, coordinates) => {
      const vector = body.local("v128");
      // A lane store takes every type of sum.
      body.set(vector, lane.replace(vector, sum));
      body.run(lane.storeLane(address(body, coordinates), vector, 0, 0));
    },
  };
}

/** The position of neighbouring sums: coordinates of their batch and row, and the index of the first one's column. */
export interface SumsPosition {
  readonly batch: Coordinates;
  readonly row: Coordinates;
  readonly column: Index;
  /** Coordinates of the first one's column, if all of the sums are in one run. */
  readonly columns?: Coordinates;
}

const moved = (coordinates: Coordinates, by: number): Coordinates => {
  const last = coordinates.at(-1);
  if (last === undefined || by === 0) return coordinates;
  return [...coordinates.slice(0, -1), i32.add(last, i32.const(by))];
};

/** Gives a vector of sums to the epilogue, of which the first `valid` are there. */
export function applyEpilogue(
  body: Body,
  epilogue: EmittedEpilogue,
  lane: Lane,
  sums: Local<"v128">,
  valid: number,
  { batch, row, column, columns }: SumsPosition,
): void {
  const { run } = epilogue;
  const counter = body.local("i32");
  const coordinatesAt = (by: number): Coordinates => {
    if (columns !== undefined) return [...batch, ...row, ...moved(columns, by)];
    body.set(counter, i32.add(column, i32.const(by)));
    return [...batch, ...row, ...epilogue.coordinates(body, "columns", counter)];
  };
  const singly = (): void =>
    unroll(valid, (element) =>
      epilogue.scalar(body, body.let(lane.extract(sums, element)), coordinatesAt(element)),
    );
  const together = (): void => epilogue.vector(body, sums, coordinatesAt(0));
  if (valid < lane.count) return singly();
  if (columns !== undefined || run === undefined || run % lane.count === 0) return together();
  const positionInRun = i32.remU(column, i32.const(run));
  body.if(i32.leS(positionInRun, i32.const(run - lane.count)), together, singly);
}

const ARGUMENTS = ["sums", "firstRow", "endRow", "firstColumn", "endColumn", "batch"] as const;

/** Runs the epilogue on a block of sums in memory; `sums` is the address of the first. */
export type Finish = Procedure<(typeof ARGUMENTS)[number]>;

/**
 * A function that runs the epilogue over a block of sums in memory, row by row, as its other operands are in memory. Blocks
 * end at a whole vector, at the end of `columns`, or at the end of a run if blocks are runs.
 * @param rowBytes bytes from a row of sums to the next
 */
export function emitFinish(
  module: ModuleBuilder,
  epilogue: EmittedEpilogue,
  lane: Lane,
  rowBytes: number,
  columns: number,
): Finish {
  const rest = columns % lane.count;
  return procedure(
    module,
    ARGUMENTS,
    (body, { sums, firstRow, endRow, firstColumn, endColumn, batch: batchIndex }) => {
      const row = body.let(firstRow);
      const [column, from] = [body.local("i32"), body.local("i32")];
      const count = i32.and(i32.sub(endColumn, firstColumn), i32.const(-lane.count));
      const lastWhole = body.let(i32.add(firstColumn, count));
      const vector = body.local("v128");
      const batch = epilogue.coordinates(body, "batch", batchIndex);
      body.for(row, endRow, 1, () => {
        const position = { batch, row: epilogue.coordinates(body, "rows", row), column };
        const columnCoordinates = (): Coordinates => epilogue.coordinates(body, "columns", column);
        body.set(column, firstColumn);
        body.set(from, sums);
        body.for(column, lastWhole, lane.count, () => {
          body.set(vector, v128.load(from));
          body.set(from, i32.add(from, i32.const(16)));
          const within = epilogue.run === undefined ? { columns: columnCoordinates() } : {};
          applyEpilogue(body, epilogue, lane, vector, lane.count, { ...position, ...within });
        });
        if (rest > 0) {
          body.for(column, endColumn, 1, () => {
            applyOne(body, epilogue, lane, from, [...batch, ...position.row, ...columnCoordinates()]);
            body.set(from, i32.add(from, i32.const(lane.bytes)));
          });
        }
        body.set(sums, i32.add(sums, i32.const(rowBytes)));
      });
    },
  );
}

/** Runs the epilogue on one sum in memory. */
export function applyOne(
  body: Body,
  epilogue: EmittedEpilogue,
  lane: Lane,
  address: Value<"i32">,
  coordinates: Coordinates,
): void {
  epilogue.scalar(body, body.let(loadSum(lane, address)), coordinates);
}
