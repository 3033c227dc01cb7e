import { canShareMemory } from "./threads/engine.ts";
import { ModuleBuilder, f32, f32x4, i32, memory } from "./emit/index.ts";

/** The features of this engine. */
export interface Features {
  /** 128-bit vectors. */
  readonly simd: boolean;
  /** Fused multiply-add, where the processor has it. */
  readonly relaxedSimd: boolean;
  /** Memory that workers share; on pages this also takes cross-origin isolation. */
  readonly threads: boolean;
}

let found: Features | undefined;

/** Asks the engine by validating tiny modules; flags are read, never set. The answer is kept. */
export function detectFeatures(): Features {
  found ??= {
    simd: validates(usesSimd),
    relaxedSimd: validates(usesRelaxedSimd),
    threads: canShareMemory() && validates(usesAtomics),
  };
  return found;
}

function validates(write: (module: ModuleBuilder) => void): boolean {
  const module = new ModuleBuilder();
  write(module);
  return WebAssembly.validate(module.finish());
}

function usesSimd(module: ModuleBuilder): void {
  module.function([], "f32", (body) => f32x4.extractLane(body.f32x4(1), 0));
}

function usesRelaxedSimd(module: ModuleBuilder): void {
  module.function([], "f32", () => {
    const one = f32x4.splat(f32.const(1));
    return f32x4.extractLane(f32x4.relaxedMadd(one, one, one), 0);
  });
}

function usesAtomics(module: ModuleBuilder): void {
  module.importMemory("env", "memory", { initial: 1, maximum: 1, shared: true });
  module.function([], "i32", () => memory.notify(i32.const(0), i32.const(0)));
}
