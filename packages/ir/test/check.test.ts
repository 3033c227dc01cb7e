import { describe, expect, test } from "vitest";
import {
  AdjointError,
  type Graph,
  type Tensor,
  commit,
  composite,
  cond,
  constant,
  dim,
  gradients,
  input,
  program,
  register,
  scan,
} from "@adjoint/ir";
import { Node, check, primitives } from "@adjoint/ir/graph";

const x = input("x", "f32", [2, 3]);
const graphOf = (output: Tensor): Graph => ({ inputs: { x }, outputs: { output }, updates: [] });

/** A node as no builder makes it. */
function forge(
  like: Tensor,
  change: Partial<Pick<Node, "operation" | "attributes" | "inputs" | "graphs">>,
  types = [like.type],
): Tensor {
  const { operation, attributes, inputs, graphs, origin } = like.node;
  const made = { operation, attributes, inputs, graphs, ...change };
  return new Node(made.operation, made.attributes, made.inputs, made.graphs, types, origin).output;
}

describe("check", () => {
  test("passes graphs of every kind", () => {
    const weight = register("weight", "f32", [3, 4]);
    const named = composite("named", (a) => a.exp().add(1));
    const batch = dim("batch");
    const data = input("data", "f32", [batch, 3]);
    const { carry } = scan({ carry: [data.matMul(weight)], length: 3 }, ([a = data]) => ({
      carry: [a.tanh().mul(weight.reduceSum())],
    }));
    const loss = carry.map((each) => named(each).reduceMean()).at(0) ?? constant(0);
    const [chosen = loss] = cond(
      loss.greater(0),
      () => [loss],
      () => [loss.neg()],
    );
    const [gradient = weight] = gradients(chosen, [weight]);
    const graph = program({
      inputs: { data },
      outputs: { loss },
      updates: [{ register: weight, next: weight.sub(gradient) }],
    });
    expect(() => check(graph)).not.toThrow();
  });

  test("refuses types that the rule does not give", () => {
    const wrong = forge(x.exp(), {}, [{ dtype: "f32", shape: [3, 2] }]);
    expect(() => check(graphOf(wrong))).toThrow("exp says f32[3, 2] and its rule gives f32[2, 3]");
    const cast = forge(x.exp(), {}, [{ dtype: "f64", shape: [2, 3] }]);
    expect(() => check(graphOf(cast))).toThrow("exp says f64[2, 3] and its rule gives f32[2, 3]");
    const more = forge(x.exp(), {}, [x.type, x.type]);
    expect(() => check(graphOf(more))).toThrow("and its rule gives f32[2, 3]");
  });

  test("refuses operands that don't go together", () => {
    const bad = forge(x.add(x), { inputs: [x, constant(1)] });
    expect(() => check(graphOf(bad))).toThrow(/add does not type: add: shapes differ/);
  });

  test("refuses attributes that don't fit their schema", () => {
    const bad = forge(x.reduceSum({ axes: [0] }), { attributes: { axes: "all" } }, [
      { dtype: "f32", shape: [3] },
    ]);
    expect(() => check(graphOf(bad))).toThrow(/attributes that do not fit \(axes: /);
  });

  test("refuses an operation that only has a primitive's name", () => {
    const bad = forge(x.exp(), { operation: { ...primitives.exp } });
    expect(() => check(graphOf(bad))).toThrow("exp is not the primitive of that name");
  });

  test("refuses a tensor that its node does not have", () => {
    const other = x.exp();
    const stray = new (Object.getPrototypeOf(other).constructor as new (...args: unknown[]) => Tensor)(
      other.node,
      0,
      other.type,
    );
    expect(() => check(graphOf(stray.neg()))).toThrow("which is not an output of its node");
  });

  test("refuses a cycle", () => {
    const inputs = [x];
    const loop = forge(x.neg(), { inputs });
    inputs[0] = loop.exp();
    expect(() => check(graphOf(loop))).toThrow("is among its own inputs");
  });

  test("refuses inputs that are not declared, and declarations that are not inputs", () => {
    const other = input("other", "f32", [2, 3]);
    expect(() => check(graphOf(x.add(other)))).toThrow(/reads input "other": .*not among its inputs/);
    expect(() => check({ ...graphOf(x), inputs: { x: x.exp() } })).toThrow(/input "x" is exp/);
  });

  test("refuses updates of another type, of no register, or twice", () => {
    const state = register("state", "f32", [3]);
    const updates = (...list: Graph["updates"]): Graph => ({ inputs: { x }, outputs: { x }, updates: list });
    const next = x.reduceSum({ axes: [0] });
    expect(() => check(updates({ register: state, next }))).not.toThrow();
    expect(() => check(updates({ register: state, next: x }))).toThrow(
      /register "state" is f32\[3\] and its update is input "x"/,
    );
    expect(() => check(updates({ register: x, next: x }))).toThrow("is updated and is not a register");
    expect(() => check(updates({ register: state, next }, { register: state, next }))).toThrow(
      "has two updates",
    );
    const namesake = register("state", "f32", [4]);
    expect(() => check(graphOf(state.reduceSum().add(namesake.reduceSum())))).toThrow(
      /two registers are named "state": register "state": f32\[3\].* and register "state": f32\[4\]/,
    );
  });

  test("refuses a commit that is left", () => {
    const state = register("state", "f32", [2, 3]);
    expect(() => check(graphOf(commit(x, state, x)))).toThrow("program() collects commits");
  });

  test("refuses bodies that are not closed, read registers or have updates", () => {
    const { carry } = scan({ carry: [x], length: 2 }, ([a = x]) => ({ carry: [a.exp()] }));
    const [loop = x] = carry;
    const [body] = loop.node.graphs;
    if (body === undefined) throw new Error("a scan has a body");
    const [own = x] = Object.values(body.inputs);
    const stranger = input("stranger", "f32", [2, 3]);
    const withBody = (change: Partial<Graph>): Graph =>
      graphOf(forge(loop, { graphs: [{ ...body, ...change }] }));
    expect(() => check(withBody({}))).not.toThrow();
    expect(() => check(withBody({ outputs: { 0: own.add(stranger) } }))).toThrow(
      /reads input "stranger".*in the body of scan/,
    );
    const state = register("state", "f32", [2, 3]);
    expect(() => check(withBody({ outputs: { 0: own.add(state) } }))).toThrow(
      /the body reads register "state".*which is not a parameter/,
    );
    expect(() => check(withBody({ updates: [{ register: state, next: own }] }))).toThrow(
      "a body has updates",
    );
    expect(() => check(withBody({ outputs: { 0: own.reduceSum() } }))).toThrow("a carry must keep its type");
  });

  test("refuses a composite of two bodies, and one whose body takes more than it gets", () => {
    const named = composite("named", (a) => a.exp());
    const pair = composite("pair", (a, b = a) => a.add(b));
    const [body] = named(x).node.graphs;
    const [wider] = pair(x, x).node.graphs;
    if (body === undefined || wider === undefined) throw new Error("a composite has a body");
    expect(() => check(graphOf(forge(named(x), { graphs: [body, body] })))).toThrow(
      "2 bodies instead of one",
    );
    expect(() => check(graphOf(forge(named(x), { graphs: [wider] })))).toThrow("the body of named takes");
  });

  test("refuses a composite without a body, and bodies where none belong", () => {
    const named = composite("named", (a) => a.exp());
    expect(() => check(graphOf(forge(named(x), { graphs: [] })))).toThrow(/rule gives|has 0 bodies/);
    const body = named(x).node.graphs;
    expect(() => check(graphOf(forge(named(x), { inputs: [x, x] })))).toThrow(
      "the body of named takes f32[2, 3] and gets f32[2, 3], f32[2, 3]",
    );
    expect(() => check(graphOf(forge(x.exp(), { graphs: body })))).toThrow("has a body");
  });

  test("says where", () => {
    const wrong = forge(x.exp(), {}, [{ dtype: "f32", shape: [3, 2] }]);
    expect(() => check(graphOf(wrong), 'after the pass "fold"')).toThrow(/, after the pass "fold"/);
    expect(() => check(graphOf(wrong))).toThrow(AdjointError);
  });
});
