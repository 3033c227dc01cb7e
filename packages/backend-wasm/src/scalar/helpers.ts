import type { Body, Callee, ModuleBuilder } from "../emit/index.ts";

/** Functions that kernels of one module share, written where they are first used. */
export class Helpers {
  readonly #module: ModuleBuilder;
  readonly #made = new Map<string, Callee>();

  constructor(module: ModuleBuilder) {
    this.#module = module;
  }

  get<C extends Callee>(key: string, make: (module: ModuleBuilder) => C): C {
    // A key names one function, so its type is the one it was made with.
    const known = this.#made.get(key) as C | undefined;
    const made = known ?? make(this.#module);
    this.#made.set(key, made);
    return made;
  }
}

/** The body of a function, and the helpers that it may call. */
export interface Scope {
  readonly body: Body;
  readonly helpers: Helpers;
}
