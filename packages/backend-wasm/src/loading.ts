import { type PartLoaders, loadParts } from "@adjoint/compiler";
import type { Families, Family, FamilyModules } from "./families.ts";

const loaders: PartLoaders<FamilyModules> = {
  ordered: () => import("./kernels/ordered.ts"),
  vectors: () => import("./contract/vectors.ts"),
  indirect: () => import("./contract/indirect.ts"),
  words: () => import("./scalar/words.ts"),
  activations: () => import("./math/activations.ts"),
  doubles: () => import("./math/doubles.ts"),
  angles: () => import("./math/angles.ts"),
  threads: () => import("./threads/threads.ts"),
};

/** Loads families, all at once. @throws AdjointError where the engine can't get one. */
export const loadFamilies = (wanted: Iterable<Family>): Promise<Families> =>
  loadParts("wasm", loaders, wanted);
