import { describe, expect, it } from "vitest";
import { cpu } from "@adjoint/backend-cpu";
import { wasm } from "@adjoint/backend-wasm";
import { compile } from "@adjoint/compiler";
import { type Graph, evaluate, iota, program, register } from "@adjoint/ir";

/** Several tensors, each of which could be, and together more than any host has. */
const terabytes = (): Graph => {
  const outputs = Array.from({ length: 100 }, (_, index) => {
    const y = iota("f64", [2 ** 15, 2 ** 15], 0)
      .add(index)
      .cumSum({ axis: 0 });
    return [`y${index}`, y] as const;
  });
  return program({ inputs: {}, outputs: Object.fromEntries(outputs) });
};
const hugeRegister = (): Graph =>
  program({ inputs: {}, outputs: { y: register("weights", "f32", [2 ** 20, 2 ** 20]).reduceSum() } });

describe("a program that asks for more memory than there is", () => {
  it.each([
    ["cpu", () => cpu()],
    ["wasm", () => wasm({ threads: 1 })],
    ["wasm of two threads", () => wasm({ threads: 2 })],
  ])("is refused on %s by a typed error, and the backend goes on", async (_, make) => {
    const backend = await make();
    await expect(compile({ main: terabytes() }, { backend })).rejects.toThrow(
      expect.objectContaining({
        name: "AdjointError",
        code: "backend",
        message: expect.stringMatching(
          /the program needs 859 GB of memory.*largest tensors are cumSum: f64\[32768, 32768\] .*with 8\.59 GB.*Use smaller/,
        ),
      }),
    );
    await expect(compile({ main: hugeRegister() }, { backend })).rejects.toThrow(
      expect.objectContaining({
        name: "AdjointError",
        message: expect.stringMatching(/f32\[1048576, 1048576\]/),
      }),
    );
    await using session = await compile(
      { main: program({ inputs: {}, outputs: { y: iota("f32", [3], 0) } }) },
      { backend },
    );
    expect((await session.run("main", {})).y.data).toEqual(Float32Array.of(0, 1, 2));
    backend[Symbol.dispose]?.();
  });

  it("is refused by the oracle", () => {
    const graph = program({ inputs: {}, outputs: { y: iota("f32", [2 ** 45], 0) } });
    expect(() => evaluate(graph)).toThrow(expect.objectContaining({ name: "AdjointError" }));
  });
});
