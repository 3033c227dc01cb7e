import type { KernelFamilies } from "./kernels/environment.ts";
import type { MathFamilies } from "./math/families.ts";

/** Code that only some programs need, by what it is for; who calls it says what it has. */
export interface FamilyModules extends MathFamilies, KernelFamilies {
  /** Workers, and how they take parts of kernels. */
  readonly threads: typeof import("./threads/threads.ts");
  /** Checks of every access to memory. */
  readonly checked: typeof import("./checked/checked.ts");
}

export type Family = keyof FamilyModules;
/** What is there of it. */
export type Families = Partial<FamilyModules>;
/** Where families come from; it asks which are wanted unless it has all. */
export type FamilySource = (wanted: () => Iterable<Family>) => Promise<Families>;
