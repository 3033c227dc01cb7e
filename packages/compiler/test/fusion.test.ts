import { describe, expect, it } from "vitest";
import { type Tensor, constant, input, iota, layerNormalization, register, softmax } from "@adjoint/ir";
import { kernels } from "./support.ts";

const f32 = (name: string, ...shape: number[]): Tensor => input(name, "f32", shape);

describe("fusion of elementwise operations", () => {
  it("makes a chain one kernel", () => {
    const x = f32("x", 200, 3);
    expect(kernels({ y: x.add(1).mul(x).tanh().neg().exp() })).toMatchInlineSnapshot(`
      [
        "map [600] add mul tanh neg exp",
      ]
    `);
  });

  it("makes a diamond one kernel, and computes what both sides read once", () => {
    const x = f32("x", 200);
    const top = x.exp().add(1);
    expect(kernels({ y: top.sqrt().mul(top.log()) })).toMatchInlineSnapshot(`
      [
        "map [200] exp add sqrt log mul",
      ]
    `);
  });

  it("gives a kernel several results", () => {
    const [x, y] = [f32("x", 200), f32("y", 200)];
    const sum = x.add(y).exp();
    expect(kernels({ sum, root: sum.sqrt(), other: x.mul(y) })).toMatchInlineSnapshot(`
      [
        "map [200] add exp sqrt mul → 3 results",
      ]
    `);
  });

  it("reaches over a reshape between them", () => {
    const x = f32("x", 20, 10);
    const first = x.exp();
    expect(kernels({ first, second: first.reshape([200]).mul(f32("y", 200)) })).toMatchInlineSnapshot(`
      [
        "map [200] exp mul → 2 results",
      ]
    `);
  });

  it("reads views in place", () => {
    const x = f32("x", 20, 30);
    const y = x
      .transpose([1, 0])
      .slice([{ start: 1, step: 2 }, {}])
      .flip([1]);
    expect(kernels({ y: y.add(iota("f32", [15, 20], 1)) })).toMatchInlineSnapshot(`
      [
        "map [15, 20] index add",
      ]
    `);
  });

  it("joins tiny results that share nothing, and large ones only where they share an input", () => {
    const [a, b] = [f32("a", 8), f32("b", 8)];
    expect(kernels({ a: a.exp(), b: b.log() })).toMatchInlineSnapshot(`
      [
        "map [8] exp log → 2 results",
      ]
    `);
    const [c, d] = [f32("c", 800), f32("d", 800)];
    expect(kernels({ c: c.exp(), d: d.log() })).toMatchInlineSnapshot(`
      [
        "map [800] exp",
        "map [800] log",
      ]
    `);
    expect(kernels({ c: c.exp(), d: c.transpose([0]).flip([0]).log() })).toMatchInlineSnapshot(`
      [
        "map [800] exp log → 2 results",
      ]
    `);
  });

  it("makes a parameter and its two moments one kernel", () => {
    const [gradient, parameter, first, second] = [
      f32("gradient", 500),
      register("parameter", "f32", [500]),
      register("first", "f32", [500]),
      register("second", "f32", [500]),
    ];
    const m = first.mul(0.9).add(gradient.mul(0.1));
    const v = second.mul(0.999).add(gradient.mul(gradient).mul(0.001));
    const next = parameter.sub(m.div(v.sqrt().add(1e-8)).mul(0.001));
    const updates = [
      { register: parameter, next },
      { register: first, next: m },
      { register: second, next: v },
    ];
    expect(kernels({}, updates)).toMatchInlineSnapshot(`
      [
        "map [500] mul×6 add×3 sqrt div sub → 3 results",
      ]
    `);
  });
});

describe("fusion of reductions", () => {
  const x = f32("x", 100, 50);

  it("computes what is reduced inside the reduction", () => {
    expect(
      kernels({
        y: x
          .mul(x)
          .add(1)
          .exp()
          .reduceSum({ axes: [1] }),
      }),
    ).toMatchInlineSnapshot(`
      [
        "reduce [100] over [50] mul add exp · reduceSum",
      ]
    `);
  });

  it("gives a mean its division", () => {
    expect(
      kernels({
        y: x
          .reduceMean({ axes: [1] })
          .add(1)
          .sqrt(),
      }),
    ).toMatchInlineSnapshot(`
      [
        "reduce [100] over [50] reduceSum · div add sqrt",
      ]
    `);
    expect(kernels({ y: x.mul(x).reduceMean() })).toMatchInlineSnapshot(`
      [
        "reduce [] over [5000] mul · reduceSum · div",
      ]
    `);
  });

  it("folds siblings in one pass", () => {
    const [sum, most] = [x.reduceSum({ axes: [1] }), x.reduceMax({ axes: [1] })];
    expect(kernels({ sum, most, range: most.sub(sum) })).toMatchInlineSnapshot(`
      [
        "reduce [100] over [50] reduceSum reduceMax · sub → 3 results",
      ]
    `);
    expect(kernels({ sum, columns: x.reduceSum({ axes: [0] }) })).toMatchInlineSnapshot(`
      [
        "reduce [50] over [100] reduceSum",
        "reduce [100] over [50] reduceSum",
      ]
    `);
  });

  it("does not join a reduction with one that folds over its result", () => {
    const mean = x.reduceMean({ axes: [1], keepDims: true });
    expect(
      kernels({
        y: x
          .sub(mean)
          .mul(x.sub(mean))
          .reduceMean({ axes: [1] }),
      }),
    ).toMatchInlineSnapshot(`
      [
        "reduce [100] over [50] reduceSum · div",
        "reduce [100] over [50] sub mul · reduceSum · div",
      ]
    `);
  });

  it("makes softmax over rows four kernels: its exponentials are stored, not computed twice", () => {
    expect(kernels({ y: softmax(x) })).toMatchInlineSnapshot(`
      [
        "reduce [100] over [50] reduceMax · isInf where",
        "map [100, 50] sub exp",
        "reduce [100] over [50] reduceSum",
        "map [100, 50] div",
      ]
    `);
  });

  it("makes layer normalization three kernels: mean, deviation, and what they scale", () => {
    expect(kernels({ y: layerNormalization(x, f32("scale", 50), f32("bias", 50)) })).toMatchInlineSnapshot(`
      [
        "reduce [100] over [50] reduceSum · div",
        "reduce [100] over [50] sub mul · reduceSum · div×2 add sqrt",
        "map [100, 50] sub mul×2 add",
      ]
    `);
  });
});

describe("fusion never makes a circle", () => {
  it("leaves out a merge whose parts are needed in between", () => {
    // `last` reads `first` directly and by way of a reduction of it, which needs all of `first`.
    const first = f32("x", 100, 50).exp();
    const total = first.reduceSum();
    expect(kernels({ first, last: first.div(total) })).toMatchInlineSnapshot(`
      [
        "map [5000] exp",
        "reduce [] over [5000] reduceSum",
        "map [5000] div",
      ]
    `);
  });

  it("leaves out a merge with a product on the way", () => {
    const first = f32("x", 20, 20).exp();
    expect(kernels({ first, last: first.add(first.matMul(first)) })).toMatchInlineSnapshot(`
      [
        "map [400] exp",
        "contract batch 1 rows 20 columns 20 inner 20 dotGeneral · add",
      ]
    `);
  });
});

describe("indices and constants", () => {
  it("gathers inside the kernel that reads the rows", () => {
    const rows = f32("table", 1000, 64).gather(input("indices", "i32", [32, 1]));
    expect(kernels({ y: rows.mul(2).reduceSum({ axes: [1] }) })).toMatchInlineSnapshot(`
      [
        "reduce [32] over [64] gather mul · reduceSum",
      ]
    `);
  });

  it("writes uniform constants into the code and others into memory", () => {
    const x = f32("x", 3);
    expect(kernels({ y: x.add(constant([2, 2, 2])) })).toMatchInlineSnapshot(`
      [
        "map [3] add",
      ]
    `);
    expect(kernels({ y: x.add(constant([1, 2, 3])) })).toMatchInlineSnapshot(`
      [
        "map [3] add",
      ]
    `);
  });
});
