/**
 * Threefry-2x32 with 20 rounds: a counter-based generator, the same 64 bits for the same key and counter wherever it
 * runs. Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).
 */
const PARITY = 0x1bd11bda;

const mix = (x0: number, x1: number, rotation: number): number =>
  ((x1 << rotation) | (x1 >>> (32 - rotation))) ^ x0;

/**
 * Two unsigned words from a key of two words and a counter of two words.
 * @param out receives the words; callers in loops reuse one.
 */
export function threefry2x32(
  key0: number,
  key1: number,
  counter0: number,
  counter1: number,
  out: Uint32Array = new Uint32Array(2),
): Uint32Array {
  let now = key0 | 0;
  let next = key1 | 0;
  let last = PARITY ^ key0 ^ key1;
  let x0 = (counter0 + now) | 0;
  let x1 = (counter1 + next) | 0;
  for (let group = 1; group <= 5; group++) {
    const odd = (group & 1) === 1;
    x0 = (x0 + x1) | 0;
    x1 = mix(x0, x1, odd ? 13 : 17);
    x0 = (x0 + x1) | 0;
    x1 = mix(x0, x1, odd ? 15 : 29);
    x0 = (x0 + x1) | 0;
    x1 = mix(x0, x1, odd ? 26 : 16);
    x0 = (x0 + x1) | 0;
    x1 = mix(x0, x1, odd ? 6 : 24);
    const first = now;
    now = next;
    next = last;
    last = first;
    x0 = (x0 + now) | 0;
    x1 = (x1 + next + group) | 0;
  }
  out[0] = x0;
  out[1] = x1;
  return out;
}

/** A 32-bit hash of a name (FNV-1a over UTF-16 units), to give each random stream its own key. */
export function hashName(name: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < name.length; index++) {
    hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}
