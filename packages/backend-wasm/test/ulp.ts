import { ModuleBuilder, type Value, v128 } from "../src/emit/index.ts";
import type { BinaryMath, UnaryMath } from "../src/math/functions.ts";
import { MathLibrary } from "../src/math/library.ts";

export type Precision = "f32" | "f64";

const PAGES = 64;

/** Compiles a function to one over arrays of a multiple of four elements. */
export function compiled(
  name: UnaryMath | BinaryMath,
  precision: Precision,
  fused: boolean,
): (x: Float32Array | Float64Array, y?: Float32Array | Float64Array) => Float32Array | Float64Array {
  const module = new ModuleBuilder();
  module.importMemory("env", "memory", { initial: PAGES });
  const library = new MathLibrary(module, fused);
  const third = (PAGES / 4) << 16;
  const run = module.function(["i32"], "void", (body, bytes) => {
    const at = body.local("i32");
    body.for(at, bytes, 16, () => {
      const [x, y] = [v128.load(at), v128.load(at, third)];
      const binary = name === "pow" || name === "atan2";
      const result: Value<"v128"> =
        precision === "f32"
          ? binary
            ? library.f32x4Binary(name, body, x, y)
            : library.f32x4(name, body, x)
          : binary
            ? library.f64x2Binary(name, x, y)
            : library.f64x2(name, x);
      body.run(v128.store(at, result, 2 * third));
    });
  });
  module.export("run", run);
  const bytes = new WebAssembly.Memory({ initial: PAGES });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.finish()), {
    env: { memory: bytes },
  });
  // The one export is this function.
  const call = instance.exports["run"] as (bytes: number) => void;
  const array = precision === "f32" ? Float32Array : Float64Array;
  return (x, y) => {
    new array(bytes.buffer, 0, x.length).set(x);
    if (y !== undefined) new array(bytes.buffer, third, y.length).set(y);
    call(x.byteLength);
    return new array(bytes.buffer, 2 * third, x.length).slice();
  };
}

const single = new Float32Array(1);
const singleBits = new Int32Array(single.buffer);
const double = new Float64Array(1);
const doubleBits = new BigInt64Array(double.buffer);

/** The distance of neighbours at a reference's magnitude. */
function spacing(reference: number, precision: Precision): number {
  const magnitude = Math.abs(reference);
  if (precision === "f32") {
    single[0] = magnitude;
    const bits = singleBits[0] ?? 0;
    return 2 ** (Math.max(bits >>> 23, 1) - 127 - 23);
  }
  double[0] = magnitude;
  return 2 ** (Math.max(Number((doubleBits[0] ?? 0n) >> 52n), 1) - 1023 - 52);
}

/** |result − reference| in units in the last place; infinite where one is special and the other is not the same. */
export function ulpError(result: number, reference: number, precision: Precision): number {
  const rounded = precision === "f32" ? Math.fround(reference) : reference;
  if (Object.is(result, rounded))
    return precision === "f64"
      ? 0
      : Number.isFinite(rounded)
        ? Math.abs(result - reference) / spacing(reference, precision)
        : 0;
  if (Number.isNaN(result) && Number.isNaN(rounded)) return 0;
  if (!Number.isFinite(result) && Number.isFinite(rounded)) {
    const largest = precision === "f32" ? 3.4028234663852886e38 : Number.MAX_VALUE;
    return Math.abs(rounded) === largest && Math.sign(rounded) === Math.sign(result) ? 1 : Infinity;
  }
  if (!Number.isFinite(result) || !Number.isFinite(rounded)) return Infinity;
  if (result === 0 && rounded === 0) return Infinity;
  return Math.abs(result - reference) / spacing(reference, precision);
}
