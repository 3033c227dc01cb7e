import { close, numbered } from "../closure.ts";
import { isFloat } from "../dtype.ts";
import { AdjointError } from "../error.ts";
import { evaluateBody } from "../evaluate.ts";
import { bodyVjp } from "../gradient.ts";
import { inlineGraph } from "../walk.ts";
import { type Tensor, again, apply, recordNodes } from "../tensor.ts";
import { type Rows, definePrimitive, noAttributes, operand } from "../primitive.ts";
import { equalTypes } from "../shape.ts";
import { bodyOf, checkBody, zerosLike } from "./body.ts";
import { input } from "./source.ts";

export const branching: Rows<"if"> = {
  if: definePrimitive({
    name: "if",
    kind: "control",
    attributes: noAttributes,
    infer: (inputs, _, graphs) => {
      const condition = operand(inputs, 0);
      if (condition.dtype !== "bool" || condition.rank !== 0) {
        throw new AdjointError(
          "dtype",
          "if",
          `the condition must be bool[] and is ${condition}`,
          "Compare and reduce it first.",
        );
      }
      const [yes, no] = [bodyOf("if", graphs, 0), bodyOf("if", graphs, 1)].map((body) =>
        Object.values(body.outputs),
      );
      if (
        yes === undefined ||
        no === undefined ||
        yes.length !== no.length ||
        yes.some((tensor, index) => !equalTypes(tensor.type, no[index]?.type ?? tensor.type))
      ) {
        throw new AdjointError(
          "shape",
          "if",
          `the branches differ: ${yes?.map(String).join(", ")} against ${no?.map(String).join(", ")}`,
        );
      }
      for (const body of graphs) {
        const parameters = Object.values(body.inputs);
        if (
          parameters.length !== inputs.length - 1 ||
          parameters.some((parameter, index) => !equalTypes(parameter.type, operand(inputs, index + 1).type))
        ) {
          throw new AdjointError("graph", "if", "the branches' inputs differ from the operands");
        }
      }
      return yes.map((tensor) => tensor.type);
    },
    gradient: (node, cotangents) => {
      const used = node.inputs.slice(1);
      const floats = used.flatMap((tensor, index) => (isFloat(tensor.dtype) ? [index] : []));
      const present = cotangents.map((cotangent) => cotangent !== undefined);
      const branches = node.graphs.map((body) => {
        const pulled = bodyVjp(body, present);
        const outputs = Object.values(pulled.graph.outputs);
        const parameters = Object.values(pulled.graph.inputs);
        const all = floats.map(
          (index) => outputs[pulled.places.indexOf(index)] ?? zerosLike(operand(parameters, index)),
        );
        return { ...pulled.graph, outputs: numbered(all) };
      });
      const given = cotangents.filter((cotangent): cotangent is Tensor => cotangent !== undefined);
      const results =
        floats.length === 0
          ? []
          : again(node, [operand(node.inputs, 0), ...used, ...given], {}, branches).outputs;
      return [undefined, ...used.map((_, index) => results[floats.indexOf(index)])];
    },
    evaluate: ([condition, ...used], node) =>
      evaluateBody(bodyOf("if", node.graphs, condition?.data[0] ? 0 : 1), used),
  }),
};

/**
 * Computes one of two branches, by a scalar bool. Outer tensors may be used in both; what a branch's function makes is
 * computed only when that branch is taken.
 */
export function cond(
  condition: Tensor,
  yes: () => readonly Tensor[],
  no: () => readonly Tensor[],
): readonly Tensor[] {
  const branches = [yes, no].map((branch) => {
    const { result, made } = recordNodes(branch);
    return close([], result, made);
  });
  branches.forEach((branch) => checkBody("if", branch.graph));
  const captured = [...new Set(branches.flatMap((branch) => branch.captured))];
  const graphs = branches.map((branch) => {
    const parameters = captured.map((tensor, index) =>
      input(`captured_${index}`, tensor.dtype, tensor.shape),
    );
    const own = branch.captured.map((tensor) => operand(parameters, captured.indexOf(tensor)));
    return { inputs: numbered(parameters), outputs: numbered(inlineGraph(branch.graph, own)), updates: [] };
  });
  return apply(branching.if, [condition, ...captured], {}, graphs).outputs;
}
