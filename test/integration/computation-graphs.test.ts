import {
  type Tensor,
  evaluate,
  gradients,
  input,
  parse,
  print,
  program,
  toNumbers,
  valueOf,
} from "@adjoint/ir";
import { describe, expect, test } from "vitest";

const scalar = (name: string): Tensor => input(name, "f64", []);
const fed = (values: { readonly [name: string]: number }) =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, valueOf("f64", [], [value])]));

/** The values of a graph's outputs, and the derivative of the last of `nodes` by each of the others and of the inputs. */
function derived(inputs: { readonly [name: string]: Tensor }, nodes: { readonly [name: string]: Tensor }) {
  const [result = "", value] = Object.entries(nodes).at(-1) ?? [];
  if (value === undefined) throw new Error("a graph without nodes");
  const by = Object.entries({ ...inputs, ...nodes });
  const list = gradients(
    value,
    by.map(([, tensor]) => tensor),
  );
  const derivatives = by.flatMap(([name], index): [string, Tensor][] => {
    const g = list[index];
    return g === undefined ? [] : [[`d${result}_d${name}`, g]];
  });
  return program({ inputs, outputs: { ...nodes, ...Object.fromEntries(derivatives) } });
}

const valuesOf = (graph: ReturnType<typeof derived>, feeds: { readonly [name: string]: number }) =>
  Object.fromEntries(
    Object.entries(evaluate(graph, fed(feeds)).outputs).map(([name, value]) => [name, toNumbers(value)[0]]),
  );

describe("S3: computation graphs", () => {
  const [a, b, c] = [scalar("a"), scalar("b"), scalar("c")];
  const u = b.mul(c);
  const v = a.add(u);
  const J = v.mul(3);
  const first = derived({ a, b, c }, { u, v, J });

  test("J = 3(a + bc) at a = 5, b = 3, c = 2", () => {
    expect(valuesOf(first, { a: 5, b: 3, c: 2 })).toEqual({
      u: 6,
      v: 11,
      J: 33,
      dJ_da: 3,
      dJ_db: 6,
      dJ_dc: 9,
      dJ_du: 3,
      dJ_dv: 3,
      dJ_dJ: 1,
    });
  });

  test("f = (x + y)z at x = −2, y = 5, z = −4", () => {
    const [x, y, z] = [scalar("x"), scalar("y"), scalar("z")];
    const q = x.add(y);
    const graph = derived({ x, y, z }, { q, f: q.mul(z) });
    expect(valuesOf(graph, { x: -2, y: 5, z: -4 })).toEqual({
      q: 3,
      f: -12,
      df_dx: -4,
      df_dy: -4,
      df_dz: 3,
      df_dq: -4,
      df_df: 1,
    });
  });

  test("f(x; w, b) = 1/(exp(−(wx + b)) + 1) at x = 1, w = 0, b = 0", () => {
    const [x, w, bias] = [scalar("x"), scalar("w"), scalar("b")];
    const z = w.mul(x).add(bias);
    const e = z.neg().exp();
    const graph = derived({ x, w, b: bias }, { z, e, f: e.add(1).pow(-1) });
    const values = valuesOf(graph, { x: 1, w: 0, b: 0 });
    expect(values).toMatchObject({
      z: 0,
      e: 1,
      f: 0.5,
      df_dw: 0.25,
      df_db: 0.25,
      df_dx: 0,
      df_dz: 0.25,
      df_de: -0.25,
    });
  });

  test("the printed graph shows the intermediate nodes and their derivatives", () => {
    expect(print(first)).toMatchInlineSnapshot(`
      "graph(%a: f64[], %b: f64[], %c: f64[]) {
        %0 = mul(%b, %c) : f64[]
        %1 = add(%a, %0) : f64[]
        %2 = constant {value: f64[](3)} : f64[]
        %3 = mul(%1, %2) : f64[]
        %4 = constant {value: f64[](1)} : f64[]
        %5 = mul(%4, %2) : f64[]
        %6 = mul(%5, %c) : f64[]
        %7 = mul(%5, %b) : f64[]
        return u: %0, v: %1, J: %3, dJ_da: %5, dJ_db: %6, dJ_dc: %7, dJ_du: %5, dJ_dv: %5, dJ_dJ: %4
      }"
    `);
    expect(print(parse(print(first)))).toBe(print(first));
  });
});
