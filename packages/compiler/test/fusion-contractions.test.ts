import { describe, expect, it } from "vitest";
import { type Tensor, dotGeneral, gradients, input, register } from "@adjoint/ir";
import { kernels } from "./support.ts";

const f32 = (name: string, ...shape: number[]): Tensor => input(name, "f32", shape);

describe("fusion of contractions", () => {
  const [x, w, b] = [f32("x", 32, 64), f32("w", 64, 16), f32("b", 16)];

  it("adds bias and activation while the tile is at hand", () => {
    expect(kernels({ y: x.matMul(w).add(b).max(0) })).toMatchInlineSnapshot(`
      [
        "contract batch 1 rows 32 columns 16 inner 64 dotGeneral · add max",
      ]
    `);
  });

  it("stores the product too where another kernel needs it", () => {
    const product = x.matMul(w);
    expect(kernels({ product, y: product.add(b).max(0) })).toMatchInlineSnapshot(`
      [
        "contract batch 1 rows 32 columns 16 inner 64 dotGeneral · add max → 2 results",
      ]
    `);
  });

  it("reads transposed operands without a copy", () => {
    expect(kernels({ y: x.transpose([1, 0]).matMul(f32("z", 32, 8)) })).toMatchInlineSnapshot(`
      [
        "contract batch 1 rows 64 columns 8 inner 32 dotGeneral",
      ]
    `);
    const left = f32("a", 4, 3, 2).transpose([1, 2, 0]);
    const y = dotGeneral(left, f32("c", 3, 4, 5).transpose([0, 2, 1]), {
      leftBatch: [0],
      rightBatch: [0],
      leftContract: [2],
      rightContract: [2],
    });
    expect(kernels({ y })).toMatchInlineSnapshot(`
      [
        "contract batch 3 rows 2 columns 5 inner 4 dotGeneral",
      ]
    `);
  });

  it("computes operands into memory before", () => {
    expect(kernels({ y: x.exp().matMul(w) })).toMatchInlineSnapshot(`
      [
        "map [2048] exp",
        "contract batch 1 rows 32 columns 16 inner 64 dotGeneral",
      ]
    `);
  });

  it("puts updates behind the products that give their gradients", () => {
    const weight = register("weight", "f32", [64, 16]);
    const bias = register("bias", "f32", [16]);
    const loss = x.matMul(weight).add(bias).max(0).reduceSum();
    const [byWeight = weight, byBias = bias] = gradients(loss, [weight, bias]);
    const updates = [
      { register: weight, next: weight.sub(byWeight.mul(0.1)) },
      { register: bias, next: bias.sub(byBias.mul(0.1)) },
    ];
    expect(kernels({ loss }, updates)).toMatchInlineSnapshot(`
      [
        "contract batch 1 rows 32 columns 16 inner 64 dotGeneral · add less equal where×2 → 2 results",
        "contract batch 1 rows 64 columns 16 inner 32 dotGeneral · mul sub",
        "reduce [] over [32, 16] add max · reduceSum",
        "reduce [16] over [32] reduceSum · mul sub",
      ]
    `);
  });
});
