import { AdjointError } from "@adjoint/ir";

/** Code that only some programs need, by what it is for. */
export interface FamilyModules {
  /** Kernels of a rare kind: running sums, scatter, sort, loops, branches, maps that transpose. */
  readonly ordered: typeof import("./kernels/ordered.ts");
  /** Products of a matrix and a vector. */
  readonly vectors: typeof import("./contract/vectors.ts");
  /** Operands of contractions that are no matrices in memory: windows, padding, narrow elements. */
  readonly indirect: typeof import("./contract/indirect.ts");
  /** Elements of one and two bytes, conversions, integer division and shifts, rounding, random bits. */
  readonly words: typeof import("./scalar/words.ts");
  /** log1p, tanh and erf on f32. */
  readonly activations: typeof import("./math/activations.ts");
  /** Exponentials, logarithms and powers on f64, which some of f32 go through. */
  readonly doubles: typeof import("./math/doubles.ts");
  /** Trigonometric functions and their inverses. */
  readonly angles: typeof import("./math/angles.ts");
  /** Workers, and where they wait for each other. */
  readonly threads: typeof import("./threads/threads.ts");
}

export type Family = keyof FamilyModules;
/** What is there of it. */
export type Families = Partial<Readonly<FamilyModules>>;
/** Where families come from; it asks which are wanted unless it has all. */
export type FamilySource = (wanted: () => Iterable<Family>) => Promise<Families>;

/** A family that is there. @throws AdjointError where `familiesOf` has overlooked it. */
export function familyOf<F extends Family>(families: Families, family: F): FamilyModules[F] {
  const found: FamilyModules[F] | undefined = families[family];
  if (found === undefined)
    throw new AdjointError("backend", "wasm", `the code for "${family}" was not asked for`);
  return found;
}
