import { isFloat } from "./dtype.ts";
import { AdjointError } from "./error.ts";
import { freeSources, inlineGraph, nodesOf, rewriter } from "./walk.ts";
import type { Cotangent, Graph, Node, Tensor } from "./tensor.ts";
import { withOrigin } from "./origin.ts";
import { equalTypes } from "./shape.ts";
import { add } from "./ops/arithmetic.ts";
import { filled, input } from "./ops/source.ts";
import { widened } from "./ops/widely.ts";

/**
 * Vector-Jacobian products: the cotangents of `wrt` from those of `outputs`, as a graph. Undefined stands for zero.
 * Source: reverse accumulation, Griewank and Walther, "Evaluating Derivatives" (2008), chapter 3.
 */
export function vjp(
  outputs: readonly Tensor[],
  cotangents: readonly Cotangent[],
  wrt: readonly Tensor[],
): readonly Cotangent[] {
  const order = nodesOf(outputs);
  const wanted = new Set(wrt);
  checkVisible(order, wrt);
  // Only what lies between wrt and outputs is differentiated.
  const reaches = new Set<Node>();
  for (const node of order) {
    if (
      node.outputs.some((output) => wanted.has(output)) ||
      node.inputs.some((tensor) => reaches.has(tensor.node))
    )
      reaches.add(node);
  }
  /** Of 16-bit floats that are used more than once, in f32. */
  const sums = new Map<Tensor, Tensor>();
  const sumOf = (tensor: Tensor): Cotangent => sums.get(tensor)?.cast(tensor.dtype);
  const accumulate = (tensor: Tensor, cotangent: Cotangent): void => {
    if (cotangent === undefined || !reaches.has(tensor.node) || !isFloat(tensor.dtype)) return;
    if (!equalTypes(tensor.type, cotangent.type)) {
      throw new AdjointError(
        "gradient",
        tensor.node.operation.name,
        `the cotangent of ${tensor} is ${cotangent}`,
      );
    }
    const sum = sums.get(tensor);
    sums.set(tensor, sum === undefined ? cotangent : add(widened(sum), widened(cotangent)));
  };
  outputs.forEach((output, index) => accumulate(output, cotangents[index]));
  for (const node of order.toReversed()) {
    if (!node.inputs.some((tensor) => reaches.has(tensor.node))) continue;
    const given = node.outputs.map(sumOf);
    if (given.every((cotangent) => cotangent === undefined)) continue;
    withOrigin(node.origin, () =>
      nodeGradient(node, given).forEach((cotangent, index) => {
        const tensor = node.inputs[index];
        if (tensor !== undefined) accumulate(tensor, cotangent);
      }),
    );
  }
  return wrt.map(sumOf);
}

/** Bodies keep constants to themselves: a gradient with respect to one that a body holds would silently lack that use. */
function checkVisible(order: readonly Node[], wrt: readonly Tensor[]): void {
  const constants = new Map(
    wrt.flatMap((tensor) => (freeSources([tensor], []).length === 0 ? [[tensor.node, tensor] as const] : [])),
  );
  if (constants.size === 0) return;
  const search = (operation: string, nodes: readonly Node[]): void => {
    for (const node of nodes) {
      const hidden = operation === "" ? undefined : constants.get(node);
      if (hidden !== undefined) {
        throw new AdjointError(
          "gradient",
          operation,
          `${hidden} is a constant inside its body, which gradients with respect to it do not reach`,
          "Make it an input or a register.",
        );
      }
      for (const body of node.graphs) search(node.operation.name, nodesOf(Object.values(body.outputs)));
    }
  };
  search("", order);
}

function nodeGradient(node: Node, cotangents: readonly Cotangent[]): readonly Cotangent[] {
  const { operation } = node;
  // The node was made by this operation, so its attributes are the operation's.
  if (operation.kind !== "composite") return operation.gradient(node as Node<never>, cotangents);
  if (operation.gradient !== undefined) return operation.gradient(node, cotangents);
  const [body] = node.graphs;
  if (body === undefined) throw new AdjointError("gradient", operation.name, "the composite has no body");
  const pulled = bodyVjp(
    body,
    cotangents.map((cotangent) => cotangent !== undefined),
  );
  const present = cotangents.filter((cotangent): cotangent is Tensor => cotangent !== undefined);
  const results = inlineGraph(pulled.graph, [...node.inputs, ...present]);
  return node.inputs.map((_, index) => results[pulled.places.indexOf(index)]);
}

/** The pullback of a graph as a graph. */
export interface Pullback {
  /** Inputs: the body's, then a cotangent for each output that has one. Outputs: cotangents of the inputs in `places`. */
  readonly graph: Graph;
  /** The inputs that have a cotangent, by index. */
  readonly places: readonly number[];
}

/** Builds the pullback of a body for outputs that are `present`. */
export function bodyVjp(body: Graph, present: readonly boolean[]): Pullback {
  const inputs = Object.values(body.inputs);
  const outputs = Object.values(body.outputs);
  const incoming = outputs.map((output, index) =>
    present[index] === true ? input(`cotangent_${index}`, output.dtype, output.shape) : undefined,
  );
  const results = vjp(outputs, incoming, inputs);
  const places = results.flatMap((result, index) => (result === undefined ? [] : [index]));
  const given = incoming.filter((tensor): tensor is Tensor => tensor !== undefined);
  return {
    graph: {
      inputs: Object.fromEntries([...inputs, ...given].map((tensor, index) => [`${index}`, tensor])),
      outputs: Object.fromEntries(
        places.map((place, index) => [`${index}`, results[place] ?? filled(0, "f32", [])]),
      ),
      updates: [],
    },
    places,
  };
}

function checkDifferentiable(operation: string, tensors: readonly Tensor[]): void {
  const bad = tensors.find((tensor) => !isFloat(tensor.dtype));
  if (bad !== undefined) {
    throw new AdjointError(
      "gradient",
      operation,
      `${bad} has no gradient: only floats have`,
      "Differentiate by the float tensor it was made from, or cast it before use.",
    );
  }
}

/**
 * The gradients of a scalar with respect to tensors, as a graph: they can be printed, optimized, exported, and differentiated again.
 * The gradient with respect to a tensor that the loss does not depend on is zero.
 * @param loss a float scalar.
 * @throws AdjointError if the loss is not a float scalar or a `wrt` is not a float.
 */
export function gradients(loss: Tensor, wrt: readonly Tensor[]): readonly Tensor[] {
  if (loss.rank !== 0) {
    throw new AdjointError(
      "gradient",
      "gradients",
      `the loss must be a scalar and is ${loss}`,
      "Reduce it, for example loss.reduceSum() or loss.reduceMean().",
    );
  }
  checkDifferentiable("gradients", [loss, ...wrt]);
  const results = vjp([loss], [filled(1, loss.dtype, [])], wrt);
  return results.map((result, index) => result ?? zerosLike(wrt, index));
}

function zerosLike(tensors: readonly Tensor[], index: number): Tensor {
  const tensor = tensors[index];
  if (tensor === undefined) throw new AdjointError("gradient", "gradients", `no tensor ${index}`);
  return filled(0, tensor.dtype, tensor.shape);
}

/**
 * Jacobian-vector products: the change of `outputs` as `wrt` move along `tangents`.
 *
 * A vjp is linear in its cotangent, so its own vjp by the cotangent is the jvp: no forward rules are needed.
 * Source: J. Townsend, "A new trick for calculating Jacobian vector products" (2017).
 */
export function jvp(
  outputs: readonly Tensor[],
  wrt: readonly Tensor[],
  tangents: readonly Tensor[],
): readonly Tensor[] {
  checkDifferentiable("jvp", [...outputs, ...wrt]);
  wrt.forEach((tensor, index) => {
    const tangent = tangents[index];
    if (tangent === undefined || !equalTypes(tensor.type, tangent.type)) {
      throw new AdjointError(
        "gradient",
        "jvp",
        `the tangent of ${tensor} is ${tangent ?? "missing"}`,
        "Give one tangent of the same type for each tensor.",
      );
    }
  });
  const dummies = outputs.map((output, index) => input(`jvp_cotangent_${index}`, output.dtype, output.shape));
  const pulled = vjp(outputs, dummies, wrt);
  const used = pulled.flatMap((result, index) => {
    const tangent = tangents[index];
    return result === undefined || tangent === undefined ? [] : [{ result, tangent }];
  });
  const pushed = vjp(
    used.map(({ result }) => result),
    used.map(({ tangent }) => tangent),
    dummies,
  );
  // Rules are linear in their cotangents, so results don't depend on the dummies; a loop or branch still takes them along.
  const places = new Map(dummies.map((dummy, index) => [dummy.node, index]));
  const withoutDummies = rewriter((node) => {
    const place = places.get(node);
    return place === undefined ? undefined : [zerosLike(outputs, place)];
  });
  return pushed.map((result, index) => withoutDummies(result ?? zerosLike(outputs, index)));
}
