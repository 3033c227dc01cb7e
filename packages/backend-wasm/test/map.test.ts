import "./relaxed.ts";
import { type MapKernel, type Program, compileProgram } from "@adjoint/compiler";
import {
  type DType,
  type Tensor,
  type TensorValue,
  type TypedArray,
  dtypeInfo,
  elementCount,
  evaluate,
  input,
  iota,
  program,
  take,
  valueOf,
} from "@adjoint/ir";
import { describe, expect, it } from "vitest";
import { ModuleBuilder, call, i32 } from "../src/emit/index.ts";
import { mapKernel } from "../src/kernels/map.ts";
import { MathLibrary } from "../src/math/library.ts";
import { Helpers } from "../src/scalar/context.ts";

/** Runs a program of map kernels alone, every buffer at its own place. */
function run(compiled: Program, feeds: readonly TypedArray[], split = false): readonly TypedArray[] {
  const memory = new WebAssembly.Memory({ initial: 16 });
  const places: number[] = [];
  let end = 64;
  for (const { dtype, elements } of compiled.buffers) {
    places.push(end);
    end += Math.ceil((elements * dtypeInfo[dtype].bytes + 16) / 16) * 16;
  }
  const address = (buffer: number): number => places[buffer] ?? 0;
  const dtype = (buffer: number): DType => compiled.buffers[buffer]?.dtype ?? "f32";
  const module = new ModuleBuilder();
  module.importMemory("env", "memory", { initial: 16 });
  const math = new MathLibrary(module, false);
  const place = {
    address,
    dtype,
    outOfRange: ({ body }: { body: { unreachable: () => void } }) => body.unreachable(),
  };
  const environment = { module, math, helpers: new Helpers(module), place };
  const maps = compiled.kernels.filter((kernel): kernel is MapKernel => kernel.form === "map");
  expect(maps.length).toBe(compiled.kernels.length);
  const callees = maps.map((kernel) => ({
    callee: mapKernel(environment, kernel).callee,
    size: kernel.domain[0] ?? 1,
  }));
  module.export(
    "run",
    module.function([], "void", (body) => {
      for (const { callee, size } of callees) {
        const middle = split ? Math.min(size, 4) : 0;
        if (split) body.run(call(callee, i32.const(0), i32.const(middle)));
        body.run(call(callee, i32.const(middle), i32.const(size)));
      }
    }),
  );
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.finish()), { env: { memory } });
  const view = (buffer: number, elements: number): TypedArray =>
    new dtypeInfo[dtype(buffer)].array(memory.buffer, address(buffer), elements);
  const fill = (buffer: number, data: TypedArray): void =>
    new Uint8Array(memory.buffer, address(buffer), data.byteLength).set(
      new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    );
  compiled.buffers.forEach(({ owner }, id) => {
    if (owner.kind === "constant") fill(id, owner.value.data);
  });
  compiled.inputs.forEach(({ buffer }, index) => fill(buffer, feeds[index] ?? new Float32Array()));
  // The one export is this function.
  (instance.exports["run"] as () => void)();
  return compiled.outputs.map(({ buffer, shape }) => view(buffer, elementCount(shape)));
}

/** Both ways, and the two halves of a split range. */
function check(
  inputs: Record<string, TensorValue>,
  outputs: (tensors: Record<string, Tensor>) => Record<string, Tensor>,
): void {
  const tensors = Object.fromEntries(
    Object.entries(inputs).map(([name, value]) => [name, input(name, value.dtype, value.shape)]),
  );
  const graph = program({ inputs: tensors, outputs: outputs(tensors) });
  const expected = evaluate(graph, inputs).outputs;
  for (const split of [false, true]) {
    const actual = run(
      compileProgram(graph),
      Object.values(inputs).map((value) => value.data),
      split,
    );
    Object.entries(expected).forEach(([name, { data }], index) => {
      const got = Array.from({ length: actual[index]?.length ?? 0 }, (_, at) => Number(actual[index]?.[at]));
      const wanted = Array.from({ length: data.length }, (_, at) => Number(data[at]));
      const near = (value: number | undefined, at: number): boolean =>
        value !== undefined && Math.abs((got[at] ?? NaN) - value) <= 1e-6 * Math.abs(value);
      const wrong = wanted.flatMap((value, at) =>
        near(value, at) ? [] : [`${name}[${at}] is ${got[at]}, not ${value}`],
      );
      expect([got.length, wrong]).toEqual([wanted.length, []]);
    });
  }
}

const ramp = (dtype: DType, shape: readonly number[]): TensorValue =>
  valueOf(
    dtype,
    shape,
    Array.from({ length: elementCount(shape) }, (_, index) =>
      dtype === "bool" ? index % 2 : (index % 19) - 7,
    ),
  );
const get = (tensors: Record<string, Tensor>, name: string): Tensor => {
  const tensor = tensors[name];
  if (tensor === undefined) throw new Error(name);
  return tensor;
};

describe("map kernels", () => {
  it.each([1, 3, 4, 7, 64, 65])("chains over %i elements", (size) => {
    check({ x: ramp("f32", [size]) }, (t) => {
      const x = get(t, "x");
      return { y: x.mul(0.5).tanh().add(x.exp()), positive: x.greater(0), rounded: x.cast("i32").mul(3) };
    });
  });
  it("broadcasts, transposes, flips, and pads", () => {
    check({ x: ramp("f32", [5, 7]), row: ramp("f32", [7]), column: ramp("f32", [5, 1]) }, (t) => {
      const [x, row, column] = [get(t, "x"), get(t, "row"), get(t, "column")];
      return {
        sum: x.add(row).mul(column),
        turned: x.transpose([1, 0]).add(1),
        flipped: x.flip([1]).sub(row),
        padded: x.pad({ low: [1, 2], high: [0, 3] }).mul(2),
      };
    });
  });
  it.each(["f64", "f16", "bf16", "i64", "u8", "i16"] as const)("runs %s one by one", (dtype) => {
    check({ x: ramp(dtype, [3, 5]) }, (t) => ({
      y: get(t, "x").mul(2).add(get(t, "x")),
      z: get(t, "x").cast("f32"),
    }));
  });
  it.each(["f32", "f64"] as const)("gathers %s, and traps where an index is outside", (dtype) => {
    const indices = valueOf("i32", [5], [3, 0, 2, 2, 1]);
    const rows = (t: Record<string, Tensor>): Record<string, Tensor> => ({
      y: take(get(t, "x"), get(t, "at"), 0).mul(2),
    });
    check({ x: ramp(dtype, [4, 6]), at: indices }, rows);
    const far = { x: ramp(dtype, [4, 6]), at: valueOf("i32", [5], [3, 0, 4, 2, 1]) };
    const tensors = { x: input("x", dtype, [4, 6]), at: input("at", "i32", [5]) };
    const graph = program({ inputs: tensors, outputs: rows(tensors) });
    expect(() => run(compileProgram(graph), [far.x.data, far.at.data])).toThrow(WebAssembly.RuntimeError);
  });
  it("has positions and bools as values", () => {
    check({ x: ramp("f32", [3, 9]), keep: ramp("bool", [3, 9]) }, (t) => {
      const at = iota("i32", [3, 9], 1);
      return {
        y: get(t, "keep").where(get(t, "x"), at.cast("f32")),
        z: get(t, "keep").not().and(at.greater(2)),
      };
    });
  });
});
