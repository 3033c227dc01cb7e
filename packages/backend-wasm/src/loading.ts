import { AdjointError } from "@adjoint/ir";
import type { Families, Family, FamilyModules } from "./families.ts";

/** How each family is loaded. */
type Loaders = { readonly [F in Family]: () => Promise<FamilyModules[F]> };

const loaders: Loaders = {
  ordered: () => import("./kernels/ordered.ts"),
  vectors: () => import("./contract/vectors.ts"),
  indirect: () => import("./contract/indirect.ts"),
  words: () => import("./scalar/words.ts"),
  activations: () => import("./math/activations.ts"),
  doubles: () => import("./math/doubles.ts"),
  angles: () => import("./math/angles.ts"),
  threads: () => import("./threads/threads.ts"),
  checked: () => import("./checked/checked.ts"),
};

/** Milliseconds after which a family is taken for lost. */
const PATIENCE = 30_000;

/**
 * What is loaded, or a rejection where nothing comes. A page's first file that awaits at its top level never gets a part that
 * imports from it: each waits for the other, and no engine says so.
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

/** Loads families, all at once. @throws AdjointError where the engine can't get one. */
export async function loadFamilies(wanted: Iterable<Family>, from: Loaders = loaders): Promise<Families> {
  const load = async <F extends Family>(family: F): Promise<Families> => {
    try {
      return { [family]: await within(from[family]()) };
    } catch (cause) {
      throw new AdjointError(
        "backend",
        "wasm",
        `the code for "${family}" did not load (${String(cause)})`,
        "Serve every file of the build, under the same policy as the first; keep the library in a file of its own where the first one awaits at its top level.",
      );
    }
  };
  return Object.assign({}, ...(await Promise.all(Array.from(wanted, load))));
}
