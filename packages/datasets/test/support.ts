import { AdjointError } from "@adjoint/ir/values";
import { expect } from "vitest";
import { type Column, dataset, type Dataset, DatasetError } from "../src/index.ts";

/** The `DatasetError` that `run` throws or rejects with; anything else fails the test. */
export async function refusal(run: () => unknown): Promise<DatasetError> {
  try {
    await run();
  } catch (error) {
    expect(error).toBeInstanceOf(DatasetError);
    // Programs that handle all of Adjoint's errors alike.
    expect(error).toMatchObject({ code: "data" });
    expect(error).toBeInstanceOf(AdjointError);
    if (error instanceof DatasetError) return error;
  }
  throw new Error("nothing was refused");
}

export function f32(shape: readonly number[], data: Iterable<number>): Column<"f32"> {
  return { dtype: "f32", shape, data: Float32Array.from(data) };
}

export function i32(shape: readonly number[], data: Iterable<number>): Column<"i32"> {
  return { dtype: "i32", shape, data: Int32Array.from(data) };
}

/** Example i has x = [2i, 2i + 1] and y = i, so that a torn or misplaced example shows. */
export function counting(length: number): Dataset<{ x: "f32"; y: "i32" }> {
  return dataset({
    x: f32([length, 2], Array(2 * length).keys()),
    y: i32([length], Array(length).keys()),
  });
}

/** Bytes of an IDX file. */
export function idxBytes(type: number, sizes: readonly number[], data: ArrayLike<number> = []): Uint8Array {
  const bytes = new Uint8Array(4 + 4 * sizes.length + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(2, type);
  view.setUint8(3, sizes.length);
  for (const [axis, size] of sizes.entries()) view.setUint32(4 + 4 * axis, size);
  bytes.set(data, 4 + 4 * sizes.length);
  return bytes;
}
