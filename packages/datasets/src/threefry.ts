/**
 * Threefry-2x32-20: a random function of a key and a counter.
 *
 * Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011, section 4.2 and table 2.
 * The constants are those of the Random123 library 1.14 (threefry.h).
 */

/** Rotations of the eight rounds after which they repeat. */
const rotations = [13, 15, 26, 6, 17, 29, 16, 24] as const;
/** Skein's key-schedule parity, in 32 bits. */
const parity = 0x1bd11bda;

/** Writes the two random words (u32) of `counter` under `key` to `out[0]` and `out[1]`. */
export function threefry2x32(
  key0: number,
  key1: number,
  counter0: number,
  counter1: number,
  out: [number, number],
): void {
  const key2 = parity ^ key0 ^ key1;
  let x0 = (counter0 + key0) | 0;
  let x1 = (counter1 + key1) | 0;
  // Key words in the order of use: the schedule advances by one word with each injection.
  let next0 = key1;
  let next1 = key2;
  let next2 = key0;
  for (let injection = 1; injection <= 5; injection++) {
    const first = ((injection - 1) & 1) << 2;
    for (let round = first; round < first + 4; round++) {
      const rotation = rotations[round] ?? 0;
      x0 = (x0 + x1) | 0;
      x1 = ((x1 << rotation) | (x1 >>> (32 - rotation))) ^ x0;
    }
    x0 = (x0 + next0) | 0;
    x1 = (x1 + next1 + injection) | 0;
    [next0, next1, next2] = [next1, next2, next0];
  }
  out[0] = x0 >>> 0;
  out[1] = x1 >>> 0;
}
