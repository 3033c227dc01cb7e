import { AdjointError } from "@adjoint/ir";

/** How to load each part of a package that only some programs need. */
export type PartLoaders<M> = { readonly [N in keyof M]: () => Promise<M[N]> };
/** The parts that have been loaded. */
export type Parts<M> = { readonly [N in keyof M]?: M[N] };

/** Milliseconds after which a part is taken for lost. */
const PATIENCE = 30_000;

/**
 * The part, or a rejection where none comes. A page's first file that awaits at its top level never gets a part that imports
 * from it: each waits for the other, and no engine says so.
 */
async function within<T>(loading: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing came in ${PATIENCE / 1000} s`)), PATIENCE);
  });
  try {
    return await Promise.race([loading, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Loads parts, all at once. @throws AdjointError where the engine can't get one. */
export async function loadParts<M, N extends keyof M & string>(
  operation: string,
  loaders: PartLoaders<M>,
  wanted: Iterable<N>,
): Promise<Parts<M>> {
  const load = async (name: N): Promise<readonly [N, M[N]]> => {
    try {
      return [name, await within(loaders[name]())];
    } catch (cause) {
      throw new AdjointError(
        "backend",
        operation,
        `the code for "${name}" did not load (${String(cause)})`,
        "Serve every file of the build, under the same policy as the first; keep the library in a file of its own where the first one awaits at its top level.",
      );
    }
  };
  const parts: { [K in keyof M]?: M[K] } = {};
  for (const [name, part] of await Promise.all(Array.from(wanted, load))) parts[name] = part;
  return parts;
}

/** A part that has been loaded. @throws AdjointError where what finds a program's needs has overlooked it. */
export function partOf<M, N extends keyof M & string>(operation: string, parts: Parts<M>, name: N): M[N] {
  const found = parts[name];
  if (found === undefined)
    throw new AdjointError("backend", operation, `the code for "${name}" was not asked for`);
  // Absent parts have been refused.
  return found as M[N];
}
