import "./relaxed.ts";
import { type Tensor, evaluate, floatFunctions, input, program } from "@adjoint/ir";
import { type NameOf, apply, primitives } from "@adjoint/ir/graph";
import {
  AdjointError,
  type DType,
  type Scalar,
  type TypedArray,
  dtypeInfo,
  dtypes,
  elementReader,
  isFloat,
  threefry2x32,
  valueOf,
} from "@adjoint/ir/values";
import { describe, expect, it } from "vitest";
import { ModuleBuilder, i32, v128 } from "../src/emit/index.ts";
import { MathLibrary } from "../src/math/library.ts";
import type { Context } from "../src/scalar/context.ts";
import { loadElement, storeElement } from "../src/scalar/element.ts";
import { Helpers } from "../src/scalar/helpers.ts";
import { randomBits, randomBitsX4 } from "../src/scalar/random.ts";
import { mapElement } from "../src/scalar/table.ts";
import { mapVector } from "../src/scalar/vector.ts";

type MapName = NameOf<"map">;
const arity = (name: MapName): number => {
  if (name === "where") return 3;
  const binary = [
    "add",
    "sub",
    "mul",
    "div",
    "mod",
    "fmod",
    "pow",
    "atan2",
    "max",
    "min",
    "equal",
    "less",
    "lessOrEqual",
    "and",
    "or",
    "xor",
    "bitwiseAnd",
    "bitwiseOr",
    "bitwiseXor",
    "shiftLeft",
    "shiftRight",
  ];
  return binary.includes(name) ? 2 : 1;
};
const mapNames = Object.values(primitives).flatMap((primitive) =>
  primitive.kind === "map" ? [primitive.name as MapName] : [],
);

const FLOATS = [
  0,
  -0,
  1,
  -1,
  0.5,
  -0.5,
  1.5,
  2.5,
  -2.5,
  3,
  -7.25,
  100.5,
  -1000,
  65504,
  65520,
  1e-7,
  -3e-8,
  1e10,
  -1e10,
  3e38,
  1e-40,
  Infinity,
  -Infinity,
  NaN,
  0.1,
  42,
];
const INTEGERS = [
  0, 1, -1, 2, -2, 3, 7, -7, 31, 32, 33, 63, 64, 100, -100, 127, -128, 128, 255, 256, 32767, -32768, 65535,
  2147483647, -2147483648, 4294967295,
];
const BIG = [
  ...INTEGERS.map(BigInt),
  1n << 62n,
  -(1n << 63n),
  (1n << 63n) - 1n,
  0x123456789abcdefn,
  1n << 53n,
  (1n << 53n) + 1n,
];

/** All pairs of interesting elements, flattened to one array an operand. */
function operandsOf(dtype: DType, count: number): TypedArray[] {
  const info = dtypeInfo[dtype];
  const bound: readonly Scalar[] =
    info.class === "bool" ? [0, 1] : info.big ? BIG : isFloat(dtype) ? FLOATS : INTEGERS;
  const wrapped = valueOf(
    dtype,
    [bound.length],
    info.class === "float" || info.big ? [...bound] : wrap(dtype, bound),
  );
  const read = elementReader(wrapped);
  const list = [...wrapped.data.keys()].map(read);
  const [first, second]: [Scalar[], Scalar[]] = [[], []];
  for (const a of list)
    for (const b of count > 1 ? list : [a]) {
      first.push(a);
      second.push(b);
    }
  while (first.length % 4 !== 0) {
    first.push(list[0] ?? 0);
    second.push(list[1] ?? 0);
  }
  return [first, second].map((elements) => valueOf(dtype, [elements.length], elements).data);
}
const wrap = (dtype: DType, values: readonly Scalar[]): number[] => {
  const { bytes, class: kind } = dtypeInfo[dtype];
  return values.map((value) =>
    Number(
      kind === "int" ? BigInt.asIntN(bytes * 8, BigInt(value)) : BigInt.asUintN(bytes * 8, BigInt(value)),
    ),
  );
};

const STRIDE = 1 << 16;

/** Runs an operation over arrays, an element or four lanes at a time. */
function run(
  name: MapName,
  from: DType,
  to: DType,
  operands: readonly { readonly dtype: DType; readonly data: TypedArray }[],
  lanes: boolean,
): TypedArray | undefined {
  const count = operands[0]?.data.length ?? 0;
  const memory = new WebAssembly.Memory({ initial: 8 });
  const module = new ModuleBuilder();
  module.importMemory("env", "memory", { initial: 8 });
  const context = (body: Context["body"]): Context => ({
    body,
    math: new MathLibrary(module, false),
    helpers: new Helpers(module),
  });
  let possible = true;
  const callee = module.function([], "void", (body) => {
    const own = context(body);
    const index = body.local("i32");
    const at = (dtype: DType): ReturnType<typeof i32.mul> =>
      i32.mul(index, i32.const(dtypeInfo[dtype].bytes));
    body.for(index, i32.const(count), lanes ? 4 : 1, () => {
      if (lanes) {
        const result = mapVector(
          own,
          name,
          operands.map((operand, operandIndex) => {
            const address = i32.add(at(operand.dtype), i32.const((operandIndex + 1) * STRIDE));
            return v128.load(address);
          }),
          from,
          to,
        );
        possible = result !== undefined;
        if (result !== undefined) body.run(v128.store(at("f32"), result));
        return;
      }
      const values = operands.map((operand, operandIndex) =>
        loadElement(own, operand.dtype, i32.add(at(operand.dtype), i32.const((operandIndex + 1) * STRIDE))),
      );
      body.run(storeElement(own, to, at(to), mapElement(own, name, values, from, to)));
    });
  });
  if (!possible) return undefined;
  module.export("run", callee);
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.finish()), { env: { memory } });
  operands.forEach(({ data }, operandIndex) =>
    new Uint8Array(memory.buffer, (operandIndex + 1) * STRIDE, data.byteLength).set(
      new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    ),
  );
  // The one export is this function.
  (instance.exports["run"] as () => void)();
  const wide = lanes ? "i32" : to;
  return new dtypeInfo[to === "f32" ? "f32" : wide === "i32" && to === "u32" ? "u32" : wide].array(
    memory.buffer,
    0,
    count,
  );
}

/** The reference evaluator's answer, or nothing where the operation refuses the dtype. */
function reference(
  name: MapName,
  from: DType,
  to: DType | undefined,
  data: readonly TypedArray[],
): { readonly dtype: DType; readonly data: TypedArray } | undefined {
  const count = data[0]?.length ?? 0;
  try {
    const tensors = data.map((_, index): Tensor =>
      input(`x${index}`, name === "where" && index === 0 ? "bool" : from, [count]),
    );
    // Only the two conversions have attributes.
    const y = apply(
      primitives[name] as typeof primitives.cast,
      tensors,
      (to === undefined ? {} : { dtype: to }) as { dtype: DType },
    ).output;
    const graph = program({
      inputs: Object.fromEntries(tensors.map((tensor, index) => [`x${index}`, tensor])),
      outputs: { y },
    });
    const value = evaluate(
      graph,
      Object.fromEntries(
        tensors.map((tensor, index) => [
          `x${index}`,
          { dtype: tensor.dtype, shape: [count], data: data[index] ?? new Float32Array() },
        ]),
      ),
    ).outputs["y"];
    return value;
  } catch (error) {
    if (error instanceof AdjointError && error.code === "dtype") return undefined;
    throw error;
  }
}

/** Relative error allowed for results of float functions; others must be equal. */
const INEXACT = new Set<string>([...Object.keys(floatFunctions), "pow", "atan2"]);
INEXACT.delete("sqrt");
const tolerance: { readonly [D in DType]?: number } = {
  f64: 2 ** -51,
  f32: 2 ** -22.9,
  f16: 2 ** -10,
  bf16: 2 ** -7,
};

function expectSame(
  name: MapName,
  dtype: DType,
  actual: TypedArray,
  expected: TypedArray,
  inputs: readonly TypedArray[],
): void {
  const count = expected.length;
  const [a, b] = [
    elementReader({ dtype, shape: [count], data: actual }),
    elementReader({ dtype, shape: [count], data: expected }),
  ];
  const wrong: string[] = [];
  for (let index = 0; index < count; index++) {
    const [got, want] = [a(index), b(index)];
    if (got === want || (Number.isNaN(got) && Number.isNaN(want))) continue;
    const close =
      INEXACT.has(name) &&
      Math.abs(Number(got) - Number(want)) <=
        Math.max(
          Math.abs(Number(want)) * (tolerance[dtype] ?? 0),
          dtype === "f16" ? 2 ** -24 : dtype === "f64" ? 2 ** -1074 : 2 ** -149,
        );
    if (!close) wrong.push(`${inputs.map((array) => array[index]).join(", ")} → ${got}, not ${want}`);
  }
  expect(wrong.slice(0, 5)).toEqual([]);
}

describe("elements", () => {
  it.each(mapNames.filter((name) => name !== "cast" && name !== "bitcast"))("%s", (name) => {
    let tested = 0;
    for (const dtype of dtypes) {
      const data = operandsOf(dtype, arity(name));
      const used =
        name === "where"
          ? [Uint8Array.from({ length: data[0]?.length ?? 0 }, (_, index) => index % 2), ...data]
          : data.slice(0, arity(name));
      const expected = reference(name, dtype, undefined, used);
      if (expected === undefined) continue;
      tested++;
      const operands = used.map((array, index) => ({
        dtype: name === "where" && index === 0 ? ("bool" as const) : dtype,
        data: array,
      }));
      const actual = run(name, dtype, expected.dtype, operands, false);
      expectSame(name, expected.dtype, actual ?? new Float32Array(), expected.data, used);
    }
    expect(tested).toBeGreaterThan(0);
  });
  it.each(dtypes)("casts and bitcasts %s", (from) => {
    for (const to of dtypes) {
      const [data = new Float32Array()] = operandsOf(from, 1);
      for (const name of ["cast", "bitcast"] as const) {
        const expected = reference(name, from, to, [data]);
        if (expected === undefined) continue;
        const actual = run(name, from, to, [{ dtype: from, data }], false);
        expectSame(name, to, actual ?? new Float32Array(), expected.data, [data]);
      }
    }
  });
});

describe("four lanes", () => {
  it.each(["f32", "i32", "u32"] as const)("every operation on %s", (dtype) => {
    const done: string[] = [];
    for (const name of mapNames) {
      if (name === "cast" || name === "bitcast" || name === "where") continue;
      const used = operandsOf(dtype, arity(name)).slice(0, arity(name));
      const expected = reference(name, dtype, undefined, used);
      if (expected === undefined) continue;
      const actual = run(
        name,
        dtype,
        expected.dtype,
        used.map((data) => ({ dtype, data })),
        true,
      );
      if (actual === undefined) throw new Error(`${name} has no vector code for ${dtype}`);
      done.push(name);
      // A bool is a mask of 32 bits in a lane.
      if (expected.dtype === "bool")
        expectSame(
          name,
          "bool",
          Uint8Array.from({ length: actual.length }, (_, index) => Number(actual[index]) & 1),
          expected.data,
          used,
        );
      else expectSame(name, dtype, actual, expected.data, used);
    }
    expect(done.length).toBeGreaterThan(15);
  });
  it("random bits, alone and in lanes", () => {
    const memory = new WebAssembly.Memory({ initial: 1 });
    const module = new ModuleBuilder();
    module.importMemory("env", "memory", { initial: 1 });
    module.export(
      "one",
      module.function(["i32"], "i32", (body, counter) =>
        randomBits(body, i32.const(7), i32.const(-9), counter),
      ),
    );
    module.export(
      "four",
      module.function([], "void", (body) =>
        body.run(
          v128.store(
            i32.const(0),
            randomBitsX4(
              body,
              body.i32x4(7),
              body.i32x4(-9),
              v128.const(new Uint8Array(Int32Array.of(0, 1, 2, 3).buffer)),
            ),
          ),
        ),
      ),
    );
    const exports = new WebAssembly.Instance(new WebAssembly.Module(module.finish()), { env: { memory } })
      .exports as Record<string, (counter?: number) => number>;
    const expected = [0, 1, 2, 3].map((counter) => threefry2x32(7, -9, counter, 0)[0]);
    expect(expected.map((_, counter) => (exports["one"]?.(counter) ?? 0) >>> 0)).toEqual(expected);
    exports["four"]?.();
    expect([...new Uint32Array(memory.buffer, 0, 4)]).toEqual(expected);
  });
});
