/** The needs of elements, as they are now. */
export interface Dependencies {
  /** The elements that an element needs. */
  readonly before: (index: number) => readonly number[];
  /** The elements that need an element. */
  readonly after: (index: number) => readonly number[];
}

/** Does a merge that makes no circle: the element `first` then stands for both. */
export type Merge = () => void;

/**
 * An order in which each element comes after what it needs, kept while elements merge. A way from one element to another
 * leads only through those between them, so only these are searched, from both ends at once.
 * Source: D. Pearce and P. Kelly, "A dynamic topological sort algorithm for directed acyclic graphs" (2007).
 */
export class MergeOrder {
  readonly #dependencies: Dependencies;
  readonly #previous: Int32Array;
  readonly #next: Int32Array;
  /** Grows along the order; only comparisons count. */
  readonly #position: Float64Array;
  /** The last search that reached an element from its end, and from its start. */
  readonly #fromLater: Int32Array;
  readonly #fromEarlier: Int32Array;
  #searches = 0;
  /** Elements that searches looked at: what the order costs. */
  visits = 0;

  constructor(order: readonly number[], dependencies: Dependencies) {
    const count = order.length;
    this.#dependencies = dependencies;
    // The element after the last stands for both ends of the list.
    this.#previous = new Int32Array(count + 1);
    this.#next = new Int32Array(count + 1);
    this.#position = new Float64Array(count);
    this.#fromLater = new Int32Array(count);
    this.#fromEarlier = new Int32Array(count);
    let last = count;
    for (const index of order) {
      this.#link(last, index);
      last = index;
    }
    this.#link(last, count);
    this.#number();
  }

  /**
   * Undefined if merging would make a circle: if one needs the other by a way around, or `first` needs `second`.
   * What it gives holds until the next merge.
   */
  merging(first: number, second: number): Merge | undefined {
    const isForward = this.#at(first) < this.#at(second);
    const [early, late] = isForward ? [first, second] : [second, first];
    const search = ++this.#searches;
    const [low, high] = [this.#at(early), this.#at(late)];
    const ancestors: number[] = [];
    const descendants: number[] = [];
    // Reading the other at first hand does not count as a way around.
    let skipped = isForward ? early : -1;
    /** Adds what is new on one side; true if it meets the other. */
    const look = (
      found: number[],
      around: readonly number[],
      own: Int32Array,
      others: Int32Array,
      end: number,
    ): boolean => {
      for (const index of around) {
        if (index === skipped) continue;
        this.visits++;
        if (index === end || others[index] === search) return true;
        const position = this.#at(index);
        if (own[index] === search || position <= low || position >= high) continue;
        own[index] = search;
        found.push(index);
      }
      return false;
    };
    const { before, after } = this.#dependencies;
    const [later, earlier] = [this.#fromLater, this.#fromEarlier];
    if (look(ancestors, before(late), later, earlier, early)) return undefined;
    skipped = isForward ? late : -1;
    if (look(descendants, after(early), earlier, later, late)) return undefined;
    skipped = -1;
    for (let step = 0; ; step++) {
      const [ancestor, descendant] = [ancestors[step], descendants[step]];
      if (ancestor === undefined) return () => this.#merge(first, early, late, ancestors, []);
      if (descendant === undefined) return () => this.#merge(first, late, early, [], descendants);
      if (look(ancestors, before(ancestor), later, earlier, early)) return undefined;
      if (look(descendants, after(descendant), earlier, later, late)) return undefined;
    }
  }

  /** Puts the merged element at the position of `kept`, what is needed before it, and what needs it behind. */
  #merge(
    first: number,
    kept: number,
    gone: number,
    needed: readonly number[],
    needing: readonly number[],
  ): void {
    const byPosition = (a: number, b: number): number => this.#at(a) - this.#at(b);
    const before = needed.toSorted(byPosition);
    const after = needing.toSorted(byPosition);
    for (const index of [gone, ...before, ...after])
      this.#link(this.#previous[index] ?? 0, this.#next[index] ?? 0);
    const [previous, next] = [this.#previous[kept] ?? 0, this.#next[kept] ?? 0];
    let last = previous;
    for (const index of [...before, first, ...after]) {
      this.#link(last, index);
      last = index;
    }
    this.#link(last, next);
    const position = this.#at(kept);
    this.#position[first] = position;
    this.#spread(before, this.#beside(previous, position, -1), position);
    this.#spread(after, position, this.#beside(next, position, 1));
  }

  /** The position of a neighbour; beyond the ends there is always room. */
  #beside(index: number, position: number, side: number): number {
    const { length } = this.#position;
    return index < length ? this.#at(index) : position + side * length;
  }

  /** Positions between two others, in order. */
  #spread(indices: readonly number[], low: number, high: number): void {
    const step = (high - low) / (indices.length + 1);
    let isOrdered = true;
    let last = low;
    indices.forEach((index, number) => {
      const position = low + step * (number + 1);
      isOrdered &&= position > last && position < high;
      last = position;
      this.#position[index] = position;
    });
    if (!isOrdered) this.#number();
  }

  #number(): void {
    const end = this.#position.length;
    let position = 0;
    for (let index = this.#next[end] ?? end; index < end; index = this.#next[index] ?? end)
      this.#position[index] = position++;
  }

  #link(earlier: number, later: number): void {
    this.#next[earlier] = later;
    this.#previous[later] = earlier;
  }

  #at(index: number): number {
    return this.#position[index] ?? 0;
  }
}
