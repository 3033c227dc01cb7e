import type { ContractKernel } from "@adjoint/compiler";
import type { EmittedEpilogue, Epilogue } from "../src/kernels/contract/epilogue/epilogue.ts";
import { type Local, type Value, f32, f32x4, i32, v128 } from "../src/emit/index.ts";

const sizeOf = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);

type Word = Value<"i32">;
/** Indices of the batch, row and column. */
const indicesOf = ([batch, row, column]: readonly Word[]): readonly [Word, Word, Word] => {
  if (batch === undefined || row === undefined || column === undefined)
    throw new Error("an index is missing");
  return [batch, row, column];
};

/** max(sum + 0.25 · column, 0) at the end of each row: a bias by column, from its number, and a ReLU. */
export const reluBias =
  (run?: number) =>
  (address: number, kernel: ContractKernel): Epilogue => {
    const [rows, columns] = [sizeOf(kernel.rows), sizeOf(kernel.columns)];
    const addressOf = ([batch, row, column]: readonly [Word, Word, Word]): Word => {
      const line = i32.add(row, i32.mul(batch, i32.const(rows)));
      const element = i32.add(column, i32.mul(line, i32.const(columns)));
      return i32.add(i32.shl(element, i32.const(2)), i32.const(address));
    };
    const bias = (column: Word): Value<"f32"> => f32.mul(f32.convertI32S(column), f32.const(0.25));
    const emitted: EmittedEpilogue = {
      kind: "emitted",
      ...(run !== undefined && { run }),
      coordinates: (_body, _part, index) => [index],
      vector: (body, sums, coordinates) => {
        const indices = indicesOf(coordinates);
        const steps = f32x4.replaceLane(
          f32x4.replaceLane(
            f32x4.replaceLane(f32x4.splat(f32.const(0)), 1, f32.const(0.25)),
            2,
            f32.const(0.5),
          ),
          3,
          f32.const(0.75),
        );
        const shifted = f32x4.add(sums, f32x4.add(f32x4.splat(bias(indices[2])), steps));
        body.run(v128.store(addressOf(indices), f32x4.pmax(f32x4.splat(f32.const(0)), shifted)));
      },
      // The sums of these kernels are f32.
      scalar: (body, sum, coordinates) => {
        const indices = indicesOf(coordinates);
        const shifted = f32.add(sum as Local<"f32">, bias(indices[2]));
        body.run(f32.store(addressOf(indices), f32.max(shifted, f32.const(0))));
      },
    };
    return emitted;
  };
