import { AdjointError, type Tensor, gradients, input, program, withScope } from "@adjoint/ir";
import { mapGraph, rebuild } from "@adjoint/ir/graph";
import { describe, expect, test } from "vitest";

const x = input("x", "f32", [3]);

const messageOf = (build: () => unknown): string => {
  try {
    build();
  } catch (error) {
    return error instanceof AdjointError ? error.message : `not ours: ${String(error)}`;
  }
  return "";
};

/** Where this line is, as the engine says. */
const here = (): { readonly line: number } => {
  const frame = new Error("here").stack?.split("\n")[2] ?? "";
  return { line: Number(/:(\d+):\d+\)?$/.exec(frame)?.[1]) };
};

describe("an error", () => {
  test("points at the file and the line that declares", () => {
    const { line } = here();
    const message = messageOf(() => x.add(input("y", "f32", [4])));
    expect(message).toMatch(new RegExp(`At [^ ]*/packages/ir/test/origin\\.test\\.ts:${line + 1}:\\d+\\.$`));
  });

  test("names the layer, nested ones by their path", () => {
    const message = messageOf(() =>
      withScope("encoder", () => withScope("dense_1", () => x.matMul(input("w", "f32", [4, 2])))),
    );
    expect(message).toMatch(/At layer "encoder\/dense_1", [^ ]*origin\.test\.ts:\d+:\d+\.$/);
  });

  test("says where its operands were made", () => {
    const { line } = here();
    const hidden = withScope("embedding", () => x.exp());
    const message = messageOf(() => hidden.add(input("y", "i32", [3])));
    expect(message).toContain(`exp: f32[3] (layer "embedding", origin.test.ts:${line + 1}:`);
  });

  test("in the past of a scope has no scope", () => {
    expect(messageOf(() => withScope("failing", () => x.reshape([4])))).toContain('layer "failing"');
    expect(messageOf(() => x.reshape([4]))).not.toContain("layer");
  });

  test("has a code, an operation and a name", () => {
    const error = new AdjointError("shape", "reshape", "does not fit", "Take another shape.");
    expect({ ...error, name: error.name }).toEqual({
      code: "shape",
      operation: "reshape",
      name: "AdjointError",
    });
    expect(error.message).toMatch(/^reshape: does not fit\. Take another shape\. At .*origin\.test\.ts/);
    expect(error).toBeInstanceOf(Error);
    // What happens at run time has no line of declaration to show.
    expect(new AdjointError("feed", 'input "x"', "was not fed").message).toBe('input "x": was not fed.');
  });
});

describe("origins", () => {
  const y = withScope("layer", () => x.exp());

  test("carry the scope and the site of the node", () => {
    expect(y.node.origin.scope).toBe("layer");
    expect(y.node.origin.site).toMatch(/\/origin\.test\.ts:\d+:\d+$/);
    expect(x.node.origin.scope).toBe("");
  });

  test("stay with rewritten nodes and pass to gradients", () => {
    const graph = program({ inputs: { x }, outputs: { y: y.reduceSum() } });
    const copy = mapGraph(graph, (node, inputs) => rebuild(node, inputs).outputs);
    const exp = (tensor: Tensor): string | undefined => tensor.node.inputs[0]?.node.origin.site;
    expect(exp(copy.outputs["y"] ?? x)).toBe(exp(graph.outputs.y));
    const [g] = gradients(y.reduceSum(), [x]);
    // The product with exp x comes of the exp.
    expect(g?.node.origin).toBe(y.node.origin);
  });
});
