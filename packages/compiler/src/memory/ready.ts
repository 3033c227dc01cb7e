interface Entry {
  readonly index: number;
  readonly cost: number;
}

/** Kernels that can run, by cost and position: a binary heap. An entry whose kernel has a newer one is passed over. */
export class Ready {
  readonly #heap: Entry[] = [];
  readonly #costs = new Map<number, number>();

  /** Adds a kernel, or makes it cheaper. */
  add(index: number, cost: number): void {
    if (this.#costs.get(index) === cost) return;
    this.#costs.set(index, cost);
    const entry = { index, cost };
    let at = this.#heap.length;
    this.#heap.push(entry);
    for (let up = (at - 1) >> 1; at > 0; up = (at - 1) >> 1) {
      const parent = this.#heap[up];
      if (parent === undefined || !isBefore(entry, parent)) break;
      this.#heap[at] = parent;
      at = up;
    }
    this.#heap[at] = entry;
  }

  take(): number | undefined {
    for (let entry = this.#pop(); entry !== undefined; entry = this.#pop()) {
      if (this.#costs.get(entry.index) !== entry.cost) continue;
      this.#costs.delete(entry.index);
      return entry.index;
    }
    return undefined;
  }

  #pop(): Entry | undefined {
    const heap = this.#heap;
    const [first] = heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let down = 2 * at + 1;
      const [left, right] = [heap[down], heap[down + 1]];
      if (left !== undefined && right !== undefined && isBefore(right, left)) down++;
      const child = heap[down];
      if (child === undefined || !isBefore(child, last)) break;
      heap[at] = child;
      at = down;
    }
    heap[at] = last;
    return first;
  }
}

const isBefore = (a: Entry, b: Entry): boolean => a.cost < b.cost || (a.cost === b.cost && a.index < b.index);
