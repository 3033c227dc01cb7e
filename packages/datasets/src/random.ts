import { at, threefry2x32 } from "@adjoint/ir/values";

/** The purpose of a stream of random numbers; two purposes never share numbers, even under one seed. */
export type Purpose = "batches" | "shuffle" | "split";

const purposes: { readonly [P in Purpose]: number } = { batches: 1, shuffle: 2, split: 3 };

/** Random numbers as a pure function of a seed, a purpose and an epoch. */
export class RandomStream {
  /** Two words (u32) that the seed, the purpose and the epoch were mixed into. */
  #key: readonly [number, number];
  readonly #words = new Uint32Array(2);
  #drawn = 0;

  /** `seed` and `epoch` are whole numbers from 0 to 2⁵³−1. */
  constructor(seed: number, purpose: Purpose, epoch = 0) {
    this.#key = [seed % 2 ** 32, Math.floor(seed / 2 ** 32)];
    // Each part becomes the counter under the key so far, and the output the next key.
    for (const part of [purposes[purpose], epoch]) {
      this.#mix(part);
      this.#key = [at(this.#words, 0), at(this.#words, 1)];
    }
  }

  /** The next whole number from 0 to 2³²−1. */
  next(): number {
    const drawn = this.#drawn++;
    if (drawn % 2 === 0) this.#mix(drawn / 2);
    return at(this.#words, drawn % 2);
  }

  /** Two words from the key and a counter of 53 bits. */
  #mix(counter: number): void {
    const [key0, key1] = this.#key;
    threefry2x32(key0, key1, counter % 2 ** 32, Math.floor(counter / 2 ** 32), this.#words);
  }

  /** The next whole number from 0 to `bound` − 1, each as likely as any other; `bound` is from 1 to 2³². */
  below(bound: number): number {
    // A remainder alone would favour small numbers: words of the incomplete last run of `bound` are drawn again.
    const limit = 2 ** 32 - (2 ** 32 % bound);
    for (;;) {
      const word = this.next();
      if (word < limit) return word % bound;
    }
  }
}

/** The numbers 0 to `length` − 1 in their own order. */
export function identity(length: number): Uint32Array {
  return Uint32Array.from({ length }, (_, index) => index);
}

/**
 * The numbers 0 to `length` − 1 in random order, every order as likely as any other up to the 2⁶⁴ keys.
 *
 * Fisher–Yates from the end (Durstenfeld 1964, algorithm 235).
 */
export function permutation(length: number, random: RandomStream): Uint32Array {
  const order = identity(length);
  for (let last = length - 1; last > 0; last--) {
    const other = random.below(last + 1);
    const moved = order[last] ?? 0;
    order[last] = order[other] ?? 0;
    order[other] = moved;
  }
  return order;
}
