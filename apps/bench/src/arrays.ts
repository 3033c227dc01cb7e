import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Data of a workload, by name. */
export type Arrays = { readonly [name: string]: Float32Array | Int32Array };

/** Writes each array to `<name>.<type>` in a folder: the same bytes for every contestant. */
export function writeArrays(folder: string, arrays: Arrays): void {
  for (const [name, data] of Object.entries(arrays))
    writeFileSync(join(folder, `${name}.${data instanceof Float32Array ? "f32" : "i32"}`), data);
}

const bytesOf = (path: string): ArrayBuffer => {
  const { buffer, byteOffset, byteLength } = readFileSync(path);
  return buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer; // Node's file buffers are never shared.
};

/** Reads an array of floats. */
export const readFloats = (folder: string, name: string): Float32Array =>
  new Float32Array(bytesOf(join(folder, `${name}.f32`)));

/** Reads an array of whole numbers. */
export const readIntegers = (folder: string, name: string): Int32Array =>
  new Int32Array(bytesOf(join(folder, `${name}.i32`)));

/** At most this many elements of a result are compared. */
const SAMPLES = 1000;

/** Elements evenly spread over an array, all of a short one. */
export function sampled(data: ArrayLike<number>): readonly number[] {
  return samplePlaces(data.length).map((place) => data[place] ?? Number.NaN);
}

/** Which elements of an array of this length are compared. */
export function samplePlaces(length: number): readonly number[] {
  const count = Math.min(length, SAMPLES);
  return Array.from({ length: count }, (_, index) => Math.floor((index * length) / count));
}
