import type { ContractKernel } from "@adjoint/compiler";
import type { EmittedEpilogue, Epilogue } from "../src/contract/index.ts";
import { type Local, type Value, f32, f32x4, i32, v128 } from "../src/emit/index.ts";

const sizeOf = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);

/** max(sum + 0.25 · column, 0) at the end of each row: a bias by column, from its number, and a ReLU. */
export const reluBias =
  (inline: boolean, run?: number) =>
  (address: number, kernel: ContractKernel): Epilogue => {
    const [rows, columns] = [sizeOf(kernel.rows), sizeOf(kernel.columns)];
    const at = (row: Local<"i32">, column: Local<"i32">, batch: Local<"i32">): Value<"i32"> => {
      const line = i32.add(row, i32.mul(batch, i32.const(rows)));
      const element = i32.add(column, i32.mul(line, i32.const(columns)));
      return i32.add(i32.shl(element, i32.const(2)), i32.const(address));
    };
    const bias = (column: Local<"i32">): Value<"f32"> => f32.mul(f32.convertI32S(column), f32.const(0.25));
    const emitted: EmittedEpilogue = {
      kind: "emitted",
      inline,
      ...(run !== undefined && { run }),
      vector: (body, sums, row, column, batch) => {
        const steps = f32x4.replaceLane(
          f32x4.replaceLane(
            f32x4.replaceLane(f32x4.splat(f32.const(0)), 1, f32.const(0.25)),
            2,
            f32.const(0.5),
          ),
          3,
          f32.const(0.75),
        );
        const shifted = f32x4.add(sums, f32x4.add(f32x4.splat(bias(column)), steps));
        body.run(v128.store(at(row, column, batch), f32x4.pmax(f32x4.splat(f32.const(0)), shifted)));
      },
      // The sums of these kernels are f32.
      scalar: (body, sum, row, column, batch) =>
        body.run(
          f32.store(
            at(row, column, batch),
            f32.max(f32.add(sum as Local<"f32">, bias(column)), f32.const(0)),
          ),
        ),
    };
    return emitted;
  };
