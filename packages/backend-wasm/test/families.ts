import type { Families } from "../src/families.ts";
import { loadFamilies } from "../src/loading.ts";

/** All of them. */
export const families: Families = await loadFamilies([
  "ordered",
  "vectors",
  "indirect",
  "words",
  "activations",
  "doubles",
  "angles",
  "threads",
]);
