import {
  type Tensor,
  commit,
  cond,
  constant,
  evaluate,
  filled,
  gradients,
  input,
  iota,
  program,
  register,
  scan,
} from "@adjoint/ir";
import { evaluateTensors, nodesOf } from "@adjoint/ir/graph";
import { type TensorValue, dim, toNumbers, typeText, valueOf } from "@adjoint/ir/values";
import { describe, expect, test } from "vitest";
import { checkGradient, checkJvp, f64, someF64 } from "./finite-differences.ts";
import { run } from "./primitives/example.ts";

const the = (tensor: Tensor | undefined): Tensor => {
  if (tensor === undefined) throw new Error("no such tensor");
  return tensor;
};
const numbersOf = (...tensors: readonly (Tensor | undefined)[]): number[][] =>
  run(...tensors.map(the)).map(toNumbers);
const names = (tensors: readonly Tensor[]): readonly string[] =>
  nodesOf(tensors).map((node) => node.operation.name);

/** Gradients of a scalar by each of its operands, at values of them. */
function gradientsAt(
  build: (...operands: Tensor[]) => Tensor,
  ...values: readonly TensorValue[]
): number[][] {
  const operands = values.map((value, index) => input(`x${index}`, value.dtype, value.shape));
  const known = new Map(operands.map((tensor, index) => [tensor, values[index] ?? f64([], [NaN])]));
  return evaluateTensors(gradients(build(...operands), operands), known).map(toNumbers);
}

describe("captured tensors", () => {
  const x = input("x", "f64", [2]);

  test("are taken as far out as they can be: what does not depend on the step is computed once", () => {
    const { carry } = scan({ carry: [constant([0, 0], "f64")], length: 3 }, ([sum]) => ({
      carry: [the(sum).add(x.exp().mul(2))],
    }));
    const { node } = the(carry[0]);
    const [body] = node.graphs;
    expect(names(Object.values(body?.outputs ?? {}))).toEqual(["input", "input", "add"]);
    expect(node.inputs.map((tensor) => tensor.node.operation.name)).toEqual(["constant", "mul"]);
    const graph = program({ inputs: { x }, outputs: { y: the(carry[0]) } });
    expect(toNumbers(evaluate(graph, { x: f64([2], [0, 1]) }).outputs.y)).toEqual([6, 6 * Math.E]);
  });

  test("are taken once however often they are used, and registers too", () => {
    const w = register("w", "f64", [2]);
    const { carry } = scan({ carry: [x], length: 2 }, ([c]) => ({ carry: [the(c).mul(w).add(w)] }));
    expect(the(carry[0]).node.inputs.map(String)).toEqual([String(x), String(w)]);
  });

  test("may be the body's result itself", () => {
    const { outputs } = scan({ carry: [constant(0)], length: 2 }, (carry) => ({
      carry,
      outputs: [constant([1, 2]).add(x.cast("f32"))],
    }));
    const graph = program({ inputs: { x }, outputs: { y: the(outputs[0]) } });
    expect(toNumbers(evaluate(graph, { x: f64([2], [10, 20]) }).outputs.y)).toEqual([11, 22, 11, 22]);
  });

  test("of both branches become operands of the if, each once", () => {
    const [y] = cond(
      x.reduceSum().greater(0),
      () => [x.mul(x)],
      () => [x.add(1)],
    );
    expect(the(y).node.inputs).toHaveLength(2);
    expect(the(y).node.inputs[1] === x).toBe(true);
  });

  test("were made before the branch; what the branch makes is computed only when it is taken", () => {
    const shared = x.exp();
    const [y] = cond(
      x.reduceSum().greater(0),
      () => [shared.log().mul(x.sin())],
      () => [shared],
    );
    const { node } = the(y);
    expect(node.inputs.slice(1).map((tensor) => tensor.node.operation.name)).toEqual(["exp", "input"]);
    expect(node.graphs.map((body) => names(Object.values(body.outputs)))).toEqual([
      ["input", "log", "input", "sin", "mul"],
      ["input"],
    ]);
    // Out of range, and an error if it were looked up.
    const [z] = cond(
      constant(false, "bool"),
      () => [constant([1, 2]).gather(constant([[7]], "i32"))],
      () => [constant([5])],
    );
    expect(numbersOf(z)).toEqual([[5]]);
  });

  test("keep constants inside", () => {
    const [y] = cond(
      x.reduceSum().greater(0),
      () => [constant([1, 2], "f64")],
      () => [filled(0, "f64", [2])],
    );
    expect(the(y).node.inputs).toHaveLength(1);
  });
});

describe("scan", () => {
  test("of no steps gives the start, empty outputs, and the start's cotangent", () => {
    const start = constant([1, 2], "f64");
    const none = filled(5, "f64", [0, 2]);
    const { carry, outputs } = scan({ carry: [start], sequences: [none] }, ([c], [s]) => ({
      carry: [the(c).mul(the(s))],
      outputs: [the(c)],
    }));
    expect(numbersOf(carry[0], outputs[0])).toEqual([[1, 2], []]);
    const [byStart, byNone] = gradients(the(carry[0]).reduceSum().add(the(outputs[0]).reduceSum()), [
      start,
      none,
    ]);
    expect(numbersOf(byStart, byNone)).toEqual([[1, 1], []]);
  });

  test("nests, and inner bodies see the outer steps", () => {
    // Σ over i of Σ over j of i·j for a 3 by 4 table.
    const outer = scan({ carry: [constant(0, "i32")], sequences: [iota("i32", [3])] }, ([sum], [i]) => {
      const inner = scan({ carry: [constant(0, "i32")], sequences: [iota("i32", [4])] }, ([s], [j]) => ({
        carry: [the(s).add(the(i).mul(the(j)))],
      }));
      return { carry: [the(sum).add(the(inner.carry[0]))], outputs: [the(inner.carry[0])] };
    });
    expect(numbersOf(outer.carry[0], outer.outputs[0])).toEqual([[18], [0, 6, 12]]);
  });

  test("takes a symbolic number of steps", () => {
    const n = dim("n");
    const x = input("x", "f64", [n, 2]);
    const { carry, outputs } = scan({ carry: [constant([0, 0], "f64")], sequences: [x] }, ([c], [s]) => ({
      carry: [the(c).add(the(s))],
      outputs: [the(s).mul(2)],
    }));
    expect(typeText(the(outputs[0]).type)).toBe("f64[n, 2]");
    const [g] = gradients(the(carry[0]).reduceSum().mul(the(outputs[0]).reduceSum()), [x]);
    const graph = program({ inputs: { x }, outputs: { g: the(g) } });
    // d(s·2s) = 4s, with s = 10.
    expect(toNumbers(evaluate(graph, { x: f64([2, 2], [1, 2, 3, 4]) }).outputs.g)).toEqual([40, 40, 40, 40]);
  });

  test("counts in integers beside floats, and differentiates the floats alone", () => {
    const build = (x: Tensor | undefined): Tensor => {
      const { carry } = scan(
        { carry: [constant(0, "i32"), constant(0, "f64")], sequences: [the(x)] },
        ([step, sum], [s]) => ({
          carry: [the(step).add(1), the(sum).add(the(s).mul(the(step).cast("f64")))],
        }),
      );
      return the(carry[1]);
    };
    checkGradient(build, [someF64([4], 2)]);
    checkJvp(build, [someF64([4], 2)]);
    const x = constant(f64([4], [1, 1, 1, 1]));
    expect(numbersOf(gradients(build(x), [x])[0])).toEqual([[0, 1, 2, 3]]);
  });

  test("whose carries and sequences are integers passes gradients to what it captured", () => {
    const build = (w: Tensor): Tensor => {
      const { outputs } = scan(
        { carry: [constant(1, "i32")], sequences: [iota("i32", [3])] },
        ([c], [step]) => ({
          carry: [the(c).add(the(step))],
          outputs: [w.mul(the(c).cast("f64"))],
        }),
      );
      return the(outputs[0]).reduceSum();
    };
    // c is 1, 1, 2.
    expect(gradientsAt(build, f64([], [2]))).toEqual([[4]]);
  });

  test("passes cotangents of outputs and of the final carry, alone and together", () => {
    const x = constant(f64([3], [2, 3, 5]));
    const { carry, outputs } = scan({ carry: [constant(1, "f64")], sequences: [x] }, ([c], [s]) => {
      const next = the(c).mul(the(s));
      return { carry: [next], outputs: [next] };
    });
    const [product, partial] = [the(carry[0]), the(outputs[0]).reduceSum()];
    expect(numbersOf(gradients(product, [x])[0])).toEqual([[15, 10, 6]]);
    // Σ of 2, 6, 30.
    expect(numbersOf(gradients(partial, [x])[0])).toEqual([[19, 12, 6]]);
    expect(numbersOf(gradients(product.add(partial), [x])[0])).toEqual([[34, 22, 12]]);
  });

  test("gradients of nested scans equal differences, forward in one and reverse in the other", () => {
    checkGradient(
      (x, w) =>
        scan({ carry: [filled(0, "f64", [2])], sequences: [the(x)], reverse: true }, ([sum], [rows]) => {
          const inner = scan({ carry: [filled(1, "f64", [2])], sequences: [the(rows)] }, ([p], [row]) => ({
            carry: [
              the(p)
                .mul(the(row))
                .add(the(sum).mul(the(w))),
            ],
          }));
          return { carry: [the(sum).add(the(inner.carry[0])).tanh()], outputs: [the(inner.carry[0])] };
        }).outputs,
      [someF64([2, 3, 2], 1), someF64([2], 2)],
    );
  });

  test("refuses an update inside, which would happen at each step", () => {
    const mean = register("mean", "f32", []);
    const x = input("x", "f32", [4]);
    const loop = (): unknown =>
      scan({ carry: [constant(0)], sequences: [x] }, ([c], [s]) => ({
        carry: [commit(the(c).add(the(s)), mean, the(c))],
      }));
    expect(loop).toThrow(
      'scan: its body updates register "mean", which happens once a run. Give the new value as an output and commit it outside.',
    );
    expect(() =>
      cond(
        constant(true, "bool"),
        () =>
          scan({ carry: [constant(0)], length: 1 }, ([c]) => ({ carry: [commit(the(c), mean, the(c))] }))
            .carry,
        () => [constant(0)],
      ),
    ).toThrow(/once a run/);
    // One that rests on outer tensors alone is outside already.
    const outer = commit(constant(2), mean, mean.add(1));
    const { carry } = scan({ carry: [constant(0)], sequences: [x] }, ([c], [s]) => ({
      carry: [the(c).add(the(s).mul(outer))],
    }));
    expect(program({ inputs: { x }, outputs: { y: the(carry[0]) } }).updates).toHaveLength(1);
  });
});

describe("if", () => {
  test("differentiates by the outputs that are used alone", () => {
    for (const used of [0, 1, 2]) {
      const build = (x: Tensor | undefined): Tensor =>
        the(
          cond(
            the(x).reduceSum().greater(0),
            () => [the(x).mul(2), the(x).exp(), the(x).sin()],
            () => [the(x).mul(3), the(x).cos(), the(x).mul(the(x))],
          )[used],
        );
      checkGradient((x) => [build(x)], [f64([2], [0.5, 2])]);
      checkGradient((x) => [build(x)], [f64([2], [-0.5, -2])]);
    }
  });

  test("takes its branch by a bool that is computed, and differentiates that branch alone", () => {
    const build = (x: Tensor | undefined): readonly Tensor[] =>
      cond(
        the(x).reduceSum().greater(0),
        () => [the(x).log()],
        () => [the(x).mul(-3)],
      );
    // The logarithm's own derivative at 0 is infinite, and times zero NaN: it must not be taken at all.
    expect(gradientsAt((x) => the(build(x)[0]).reduceSum(), f64([2], [-1, 0]))).toEqual([[-3, -3]]);
    checkGradient(build, [f64([2], [0.5, 2])]);
    checkGradient(build, [f64([2], [-0.5, -2])]);
  });

  test("gives zero for what the branch does not use", () => {
    const build = (x: Tensor, y: Tensor): Tensor => {
      const branches = [(): readonly Tensor[] => [x.mul(x)], (): readonly Tensor[] => [x.mul(y)]] as const;
      return the(cond(constant(true, "bool"), ...branches)[0]).reduceSum();
    };
    expect(gradientsAt(build, f64([2], [1, 2]), f64([2], [3, 4]))).toEqual([
      [2, 4],
      [0, 0],
    ]);
  });

  test("nests", () => {
    const sign = (value: number): Tensor => {
      const x = constant(value, "f64");
      const inner = (): readonly Tensor[] =>
        cond(
          x.less(0),
          () => [constant(-1, "f64")],
          () => [constant(0, "f64")],
        );
      return the(cond(x.greater(0), () => [constant(1, "f64")], inner)[0]);
    };
    expect(numbersOf(sign(5), sign(-5), sign(0))).toEqual([[1], [-1], [0]]);
  });

  test("within a scan chooses at each step", () => {
    const x = constant(valueOf("f64", [4], [3, -2, 5, -1]));
    const { carry } = scan({ carry: [constant(0, "f64")], sequences: [x] }, ([c], [s]) => ({
      carry: cond(
        the(s).greater(0),
        () => [the(c).add(the(s))],
        () => [the(c).mul(the(s))],
      ),
    }));
    // ((0 + 3)·−2 + 5)·−1
    expect(numbersOf(carry[0])).toEqual([[1]]);
    expect(numbersOf(gradients(the(carry[0]), [x])[0])).toEqual([[2, -3, -1, -1]]);
  });
});
