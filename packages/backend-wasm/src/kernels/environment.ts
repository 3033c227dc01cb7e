import type { ModuleBuilder } from "../emit/index.ts";
import type { MathLibrary } from "../math/library.ts";
import type { Addressing } from "../scalar/affine.ts";
import type { Helpers } from "../scalar/helpers.ts";

/** Shared by the functions of one module. */
export interface KernelEnvironment {
  readonly module: ModuleBuilder;
  readonly math: MathLibrary;
  readonly helpers: Helpers;
  readonly addressing: Addressing;
}
