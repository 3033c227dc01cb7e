/** Uniform numbers in [0, 1) from a seed. */
export type Random = () => number;

/**
 * A generator of 32 bits, for data that are the same in every run.
 * Source: T. Ettinger's mulberry32, an addition of a Weyl sequence and a mixing function.
 */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Numbers in [low, high). */
export const uniform = (random: Random, length: number, low: number, high: number): Float32Array =>
  Float32Array.from({ length }, () => low + (high - low) * random());
