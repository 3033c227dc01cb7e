import { describe, expect, it } from "vitest";
import { type CompiledProgram, memoryError } from "@adjoint/compiler";
import { input, iota } from "@adjoint/ir";
import { zeroValue } from "@adjoint/ir/values";
import { compiled } from "./support.ts";

const cubed = (...shape: number[]): CompiledProgram => {
  const y = iota("f32", shape, 0).cumSum({ axis: 0 });
  return compiled({ y });
};

describe("memory that nobody has", () => {
  // Products of sizes that pass 2³¹, 2³², 2⁵³ and the largest double.
  it.each([
    [[2 ** 31], "8.59 GB", "2147483648"],
    [[2 ** 16, 2 ** 16], "17.2 GB", "4294967296"],
    [[2 ** 30, 2 ** 30], "4.61 EB", "1152921504606847000"],
    [Array.from({ length: 24 }, () => 2 ** 50), "Infinity EB", "Infinity"],
  ])("is refused with its tensor: %j", (shape, bytes, elements) => {
    expect(() => cubed(...shape)).toThrow(
      expect.objectContaining({
        code: "backend",
        message: expect.stringMatching(
          `^compile: cumSum: f32.*would take ${bytes} of memory: it has ${elements} elements.* at most 2147483647. Use smaller`,
        ),
      }),
    );
  });

  it("ends just below", () => {
    expect(cubed(2 ** 31 - 1).peakBytes).toBe(4 * (2 ** 31 - 1));
  });

  it("is none where one of the sizes is 0", () => {
    expect(cubed(0, ...Array.from({ length: 24 }, () => 2 ** 50)).peakBytes).toBe(0);
  });

  it("is told by its bytes and largest tensors, the largest first", () => {
    const x = input("pictures", "f64", [1000, 500]);
    const program = compiled({ y: x.cumSum({ axis: 0 }), sum: x.reduceSum({ axes: [0] }) });
    const { message } = memoryError("somewhere", program, "there is less");
    expect(message).toMatch(
      /^somewhere: the program needs 8 MB of memory, and there is less\. Its largest tensors are input "pictures" with 4 MB, cumSum: f64\[1000, 500\] .*with 4 MB, reduceSum: f64\[500\] .* with 4 kB\. Use smaller/,
    );
  });

  it("is refused of a value, and no bare RangeError", () => {
    expect(() => zeroValue("f64", [2 ** 40])).toThrow(
      expect.objectContaining({
        name: "AdjointError",
        message: expect.stringMatching(/none for a value f64\[1099511627776\] of 8796093022208 bytes/),
      }),
    );
  });
});
