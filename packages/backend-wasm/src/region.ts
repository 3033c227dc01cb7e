/**
 * A part of the memory that a kernel works in. The function that lays its contents out says its size: nobody else
 * computes either.
 */
export interface Region<Name extends string = string> {
  readonly name: Name;
  readonly bytes: number;
  /** Each thread has its own; else all have one. */
  readonly perThread: boolean;
}

/** The offsets of a kernel's regions. */
export interface RegionLayout<Name extends string = string> {
  /** Bytes from the start of the workspace to each region: to the first thread's, where each has its own. */
  readonly offsets: Readonly<Record<Name, number>>;
  /** Bytes from a thread's regions to those of the next. */
  readonly threadBytes: number;
  /** Bytes of all, for all threads. */
  readonly bytes: number;
}

/** Regions begin at cache lines. */
const LINE = 64;

/** Bytes of a region with the gap behind it. */
const spanOf = ({ bytes }: Region, gap: number): number => Math.ceil((bytes + gap) / LINE) * LINE;

/**
 * Lays regions out: what threads have in common, then the regions of each thread.
 * @param gap bytes behind each region, at least, that no kernel may touch
 */
export function layOut<Name extends string>(
  regions: readonly Region<Name>[],
  threads: number,
  gap = 0,
): RegionLayout<Name> {
  const entries: [Name, number][] = [];
  let end = 0;
  const append = (perThread: boolean): void => {
    for (const region of regions) {
      if (region.perThread !== perThread) continue;
      entries.push([region.name, end]);
      end += spanOf(region, gap);
    }
  };
  append(false);
  const shared = end;
  append(true);
  const threadBytes = end - shared;
  return {
    // Each name of a region is one of `Name`, and all of them are there.
    offsets: Object.fromEntries(entries) as Record<Name, number>,
    threadBytes,
    bytes: shared + threadBytes * threads,
  };
}
