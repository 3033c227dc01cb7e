import {
  type SliceRange,
  type Tensor,
  composite,
  concat,
  cond,
  constant,
  evaluate,
  gradients,
  input,
  jvp,
  program,
  register,
  scan,
  vjp,
} from "@adjoint/ir";
import { nodesOf } from "@adjoint/ir/graph";
import { type Dim, dim, toNumbers, typeText, valueOf } from "@adjoint/ir/values";
import { describe, expect, test } from "vitest";
import { checkGradient, checkJvp, checkSecondDerivative, f64, someF64 } from "./finite-differences.ts";
import { run } from "./primitives/example.ts";

const x = input("x", "f64", [3]);
const names = (tensors: readonly Tensor[]): readonly string[] =>
  nodesOf(tensors).map((node) => node.operation.name);
/** Values of tensors over x = (1, 2, 3). */
const at = (...tensors: readonly Tensor[]): number[][] =>
  Object.values(
    evaluate(
      program({
        inputs: { x },
        outputs: Object.fromEntries(tensors.map((tensor, index) => [`${index}`, tensor])),
      }),
      {
        x: f64([3], [1, 2, 3]),
      },
    ).outputs,
  ).map(toNumbers);

describe("gradients", () => {
  test("of a scalar have the types of what they are by", () => {
    const w = register("w", "f64", [3, 2]);
    const list = gradients(x.matMul(w).reduceSum(), [w, x]);
    expect(list.map((g) => typeText(g.type))).toEqual(["f64[3, 2]", "f64[3]"]);
  });

  test("add up over every use", () => {
    expect(at(...gradients(x.mul(x).add(x).reduceSum(), [x]))).toEqual([[3, 5, 7]]);
    const shared = x.exp();
    const [by] = gradients(shared.mul(shared).reduceSum(), [shared]);
    expect(at(by ?? x)[0]?.map(Math.log)).toEqual([1, 2, 3].map((k) => Math.log(2 * Math.exp(k))));
  });

  test("by what the loss does not depend on are zero, by itself one", () => {
    const other = input("other", "f64", [2, 2]);
    const loss = x.reduceSum();
    const [zero, one] = gradients(loss, [other, loss]);
    expect(zero && run(zero).map(toNumbers)).toEqual([[0, 0, 0, 0]]);
    expect(one && run(one).map(toNumbers)).toEqual([[1]]);
  });

  test("by a tensor in the middle stop there", () => {
    const y = x.exp();
    const [g] = gradients(y.mul(y).reduceSum(), [y]);
    expect(at(g ?? x)[0]).toEqual([1, 2, 3].map((k) => 2 * Math.exp(k)));
    // The derivative of exp is not wanted, so no second product is made.
    expect(names([g ?? x]).filter((name) => name === "exp")).toHaveLength(1);
  });

  test("pass through casts between floats and stop at integers and bools", () => {
    const y = x.cast("f32").mul(2).cast("f64").mul(x.cast("i32").cast("f64")).mul(x.greater(1.5).cast("f64"));
    expect(at(...gradients(y.reduceSum(), [x]))).toEqual([[0, 4, 6]]);
  });

  test("keep dtypes apart", () => {
    const h = input("h", "f16", [3]);
    const [g] = gradients(h.mul(h).reduceSum(), [h]);
    expect(g && typeText(g.type)).toBe("f16[3]");
  });

  test("hold symbols", () => {
    const batch = dim("batch");
    const rows = input("rows", "f64", [batch, 2]);
    const [g] = gradients(rows.mul(rows).reduceMean(), [rows]);
    expect(g && typeText(g.type)).toBe("f64[batch, 2]");
    const graph = program({ inputs: { rows }, outputs: { g: g ?? rows } });
    for (const count of [1, 4]) {
      const elements = Array.from({ length: count * 2 }, (_, index) => index);
      const { outputs } = evaluate(graph, { rows: f64([count, 2], elements) });
      expect(toNumbers(outputs.g)).toEqual(elements.map((e) => (2 * e) / (2 * count)));
    }
  });

  test("of slices whose place or size is a symbol are 0 where no element was taken", () => {
    const n = dim("n");
    const [open, six] = [input("open", "f64", [n, 12]), input("six", "f64", [6, 2])];
    const whole = concat([open.reshape([-1, 2]), six], 0);
    const ranges: readonly SliceRange[] = [
      {},
      { start: 1 },
      { end: n },
      { start: n },
      { start: 1, end: -1 },
      { step: 2 },
      { start: 1, step: 3 },
      { end: -1, step: 2 },
    ];
    for (const range of ranges) {
      for (const column of [undefined, { end: 1 }]) {
        const part = whole.slice([range, column]);
        const [g] = gradients(part.mul(part).reduceSum(), [whole]);
        const graph = program({ inputs: { open, six }, outputs: { g: g ?? whole } });
        for (const count of [0, 1, 2]) {
          const rows = 6 * count + 6;
          const place = (row: Dim): number =>
            typeof row === "number" ? (row < 0 ? rows + row : row) : count;
          const { start, end, step } = { start: 0, end: rows, step: 1, ...range };
          const elements = Array.from({ length: rows * 2 }, (_, index) => index + 1);
          const { outputs } = evaluate(graph, {
            open: f64([count, 12], elements.slice(0, -12)),
            six: f64([6, 2], elements.slice(-12)),
          });
          const expected = elements.map((element, index) => {
            const row = Math.floor(index / 2);
            const taken = row >= place(start) && row < place(end) && (row - place(start)) % step === 0;
            return taken && (column === undefined || index % 2 === 0) ? 2 * element : 0;
          });
          expect({ range, count, g: toNumbers(outputs.g) }).toEqual({ range, count, g: expected });
        }
      }
    }
  });

  test("are ordinary graph: no node of theirs is special", () => {
    const [g] = gradients(x.exp().mul(x).reduceSum(), [x]);
    const known = new Set(["input", "exp", "mul", "add", "constant", "broadcast", "reshape", "reduceSum"]);
    expect(names([g ?? x]).filter((name) => !known.has(name))).toEqual([]);
  });
});

describe("gradients by a constant", () => {
  test("are given where it is an operand", () => {
    const c = constant(f64([3], [1, 2, 3]));
    expect(at(...gradients(c.mul(c).reduceSum(), [c]))).toEqual([[2, 4, 6]]);
  });

  test("are refused where it lies inside a body, instead of lacking that use", () => {
    const c = constant(2, "f64").mul(3);
    const loop = scan({ carry: [constant(1, "f64")], sequences: [x] }, ([sum]) => ({
      carry: [(sum ?? c).mul(c)],
    }));
    const [branch] = cond(
      x.reduceSum().greater(0),
      () => [c.mul(x)],
      () => [x],
    );
    const [first = x, second = x] = [loop.carry[0], branch];
    const message =
      /^(scan|if): mul: f64\[\].* is a constant inside its body, which gradients with respect to it do not reach\. Make it an input or a register\./;
    expect(() => gradients(first, [c])).toThrow(message);
    expect(() => gradients(second.reduceSum().mul(c), [c])).toThrow(message);
    expect(gradients(first, [x])).toHaveLength(1);
  });
});

describe("vjp", () => {
  test("takes several outputs, some without a cotangent", () => {
    const [y, z] = [x.mul(2), x.mul(x)];
    const [both] = vjp([y, z], [constant(f64([3], [1, 1, 1])), constant(f64([3], [1, 0, 0]))], [x]);
    const [one] = vjp([y, z], [undefined, constant(f64([3], [0, 0, 1]))], [x]);
    const [none] = vjp([y, z], [undefined, undefined], [x]);
    expect(at(both ?? x, one ?? x)).toEqual([
      [4, 2, 2],
      [0, 0, 6],
    ]);
    expect(none).toBeUndefined();
  });

  test("refuses a cotangent of another type", () => {
    expect(() => vjp([x], [constant(1, "f64")], [x])).toThrow(
      /input: the cotangent of input "x": f64\[3\].* is constant: f64\[\]/,
    );
  });
});

describe("composites", () => {
  const need = (tensor: Tensor | undefined): Tensor => tensor ?? constant(NaN, "f64");
  const softplus = composite("softplusLike", (y) => need(y).exp().log1p());
  const withOwn = composite("stable", (y) => need(y).exp().log1p(), {
    gradient: ({ inputs }, [g]) => [g?.mul(need(inputs[0]).neg().exp().add(1).pow(-1))],
  });

  test("are differentiated through their bodies, or by their own rule", () => {
    for (const f of [softplus, withOwn]) {
      checkGradient((y) => f(y ?? 0), [someF64([4], 3)]);
      checkSecondDerivative((y) => f(y ?? 0), [someF64([4], 3)]);
      checkJvp((y) => f(y ?? 0), [someF64([4], 3)]);
    }
    const own = gradients(withOwn(constant(800, "f64")).reduceSum(), [constant(0, "f64")]);
    expect(own).toHaveLength(1);
    // Through the body e^800 overflows; the rule of its own does not.
    const far = constant(800, "f64");
    expect(
      gradients(withOwn(far), [far])
        .flatMap((g) => run(g))
        .flatMap(toNumbers),
    ).toEqual([1]);
    expect(
      gradients(softplus(far), [far])
        .flatMap((g) => run(g))
        .flatMap(toNumbers),
    ).toEqual([NaN]);
  });

  test("of several operands give each its own", () => {
    const weighted = composite("weighted", (a, b, c) => need(a).mul(need(b)).add(need(c).stopGradient()));
    const [a, b, c] = [constant(2, "f64"), constant(3, "f64"), constant(5, "f64")];
    expect(
      gradients(weighted(a, b, c), [a, b, c])
        .flatMap((g) => run(g))
        .flatMap(toNumbers),
    ).toEqual([3, 2, 0]);
  });
});

describe("jvp", () => {
  test("pushes tangents through several outputs, the identity and constants among them", () => {
    const [byProduct, bySelf, byConstant] = jvp(
      [x.mul(x), x, constant(f64([2], [1, 2]))],
      [x],
      [constant(f64([3], [1, 10, 100]))],
    );
    expect(at(byProduct ?? x, bySelf ?? x, byConstant ?? x)).toEqual([
      [2, 40, 600],
      [1, 10, 100],
      [0, 0],
    ]);
  });

  test("adds the directions of several tensors", () => {
    const y = input("y", "f64", [3]);
    const [d] = jvp([x.mul(y)], [x, y], [y, x]);
    const graph = program({ inputs: { x, y }, outputs: { d: d ?? x } });
    expect(toNumbers(evaluate(graph, { x: f64([3], [1, 2, 3]), y: f64([3], [4, 5, 6]) }).outputs.d)).toEqual([
      17, 29, 45,
    ]);
  });

  test("goes through loops and branches, and leaves no helper behind", () => {
    const loop = scan({ carry: [constant(1, "f64")], sequences: [x] }, ([c], [s]) => ({
      carry: [(c ?? x).mul(s ?? x)],
    })).carry;
    const [d] = jvp(loop, [x], [constant(f64([3], [1, 0, 0]))]);
    expect(at(d ?? x)).toEqual([[6]]);
    const branch = cond(
      x.reduceSum().greater(0),
      () => [x.mul(x)],
      () => [x],
    );
    const [e] = jvp(branch, [x], [constant(f64([3], [1, 1, 1]))]);
    expect(at(e ?? x)).toEqual([[2, 4, 6]]);
    for (const tensor of [d ?? x, e ?? x]) {
      expect(names([tensor]).filter((name) => name === "input")).toHaveLength(1);
    }
  });

  test("of a product of matrices is the product rule", () => {
    checkJvp((a, b) => (a ?? x).matMul(b ?? x).tanh(), [someF64([2, 3], 1), someF64([3, 2], 2)]);
    checkJvp(
      (i, a) => (a ?? x).gather(i ?? x).reduceMax({ axes: 0 }),
      [valueOf("i32", [2, 1], [0, 2]), someF64([3, 2], 2)],
    );
  });
});
