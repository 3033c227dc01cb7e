/** Data of a workload, by name. */
export type Arrays = { readonly [name: string]: Float32Array | Int32Array };

/** An f32 array by name. @throws Error if the data have none. */
export function floats(arrays: Arrays, name: string): Float32Array {
  const data = arrays[name];
  if (data instanceof Float32Array) return data;
  throw new Error(`the data have no f32 array "${name}"`);
}

/** An i32 array by name. @throws Error if the data have none. */
export function integers(arrays: Arrays, name: string): Int32Array {
  const data = arrays[name];
  if (data instanceof Int32Array) return data;
  throw new Error(`the data have no i32 array "${name}"`);
}

/** At most this many elements of a result are compared. */
const SAMPLES = 1000;

/** Elements evenly spread over an array, all of a short one. */
export function sampled(data: ArrayLike<number>): readonly number[] {
  return samplePlaces(data.length).map((place) => data[place] ?? Number.NaN);
}

/** The indices of the elements that are compared in an array of this length. */
export function samplePlaces(length: number): readonly number[] {
  const count = Math.min(length, SAMPLES);
  return Array.from({ length: count }, (_, index) => Math.floor((index * length) / count));
}
