import { at } from "./at.ts";
import {
  type Bindings,
  type Dim,
  SymbolicDim,
  bindDim,
  dimSymbols,
  divDims,
  equalDims,
  subDims,
} from "./dim.ts";
import { AdjointError } from "./error.ts";
import { mapGraph } from "./walk.ts";
import { type Shape, equalShapes, shapeText, typeText } from "./shape.ts";
import { type Graph, type Node, type Tensor, apply } from "./tensor.ts";

/**
 * Sizes of the symbols that make declared shapes fit the fed ones.
 * @throws AdjointError naming the input, when ranks or sizes contradict.
 */
export function solveSymbols(
  declared: readonly { readonly name: string; readonly shape: Shape; readonly fed: readonly number[] }[],
): Bindings {
  let bindings: Bindings = {};
  // Lone symbols first; a composed size (`2*batch`) is solved once it has one unknown left.
  const open = declared.flatMap(({ name, shape, fed }) => {
    if (shape.length !== fed.length) {
      throw new AdjointError(
        "feed",
        `input "${name}"`,
        `is declared ${shapeText(shape)} and was fed ${shapeText(fed)}`,
      );
    }
    return shape.map((size, axis) => ({ name, shape, fed, axis, size }));
  });
  let progress = true;
  while (progress) {
    progress = false;
    for (const { size, fed, axis } of open) {
      const bound = bindDim(size, bindings);
      const [symbol, ...others] = dimSymbols(bound);
      if (symbol === undefined || others.length > 0) continue;
      const solution = solveLinear(bound, symbol, at(fed, axis));
      if (solution === undefined) continue;
      bindings = { ...bindings, [symbol]: solution };
      progress = true;
    }
  }
  for (const { name, shape, fed, axis, size } of open) {
    const bound = bindDim(size, bindings);
    if (typeof bound !== "number") {
      throw new AdjointError(
        "feed",
        `input "${name}"`,
        `is declared ${shapeText(shape)} and was fed ${shapeText(fed)}: axis ${axis} does not give ${dimSymbols(bound).join(", ")} a size in ${size} = ${fed[axis]}`,
        "Sizes are whole numbers ≥ 0, and each symbol needs an axis that it decides alone.",
      );
    }
    if (!equalDims(bound, at(fed, axis))) {
      throw new AdjointError(
        "feed",
        `input "${name}"`,
        `is declared ${shapeText(shape)} and was fed ${shapeText(fed)}: axis ${axis} should be ${size}${typeof size === "number" ? "" : ` = ${bound}`}`,
      );
    }
  }
  return bindings;
}

/** The size of a symbol that makes a polynomial of it equal `target`; undefined if the polynomial is not linear in it. */
function solveLinear(polynomial: Dim, symbol: string, target: number): number | undefined {
  if (typeof polynomial === "number" || polynomial.terms.some((term) => term.symbols.length > 1))
    return undefined;
  const constant = bindDim(polynomial, { [symbol]: 0 });
  const factor = subDims(bindDim(polynomial, { [symbol]: 1 }), constant);
  const solution = divDims(subDims(target, constant), factor);
  return typeof solution === "number" && solution >= 0 ? solution : undefined;
}

/** The graph with symbols replaced by sizes, everywhere. */
export function specialize(graph: Graph, bindings: Bindings): Graph {
  if (Object.keys(bindings).length === 0) return graph;
  return mapGraph(graph, (node, inputs) => {
    const attributes = bindAttributes(node.attributes, bindings);
    const graphs = node.graphs.map((inner) => specialize(inner, bindings));
    const made = apply(node.operation, inputs, attributes, graphs, node.origin).outputs;
    made.forEach((output, index) => checkBound(node, node.outputs[index], output, bindings));
    return made;
  });
}

/** Refuses sizes for which a type that was inferred with symbols does not hold. */
function checkBound(node: Node, declared: Tensor | undefined, bound: Tensor, bindings: Bindings): void {
  const expected = declared?.shape.map((size) => bindDim(size, bindings)) ?? [];
  if (declared === undefined || equalShapes(expected, bound.shape)) return;
  const sizes = Object.entries(bindings).map(([symbol, size]) => `${symbol} = ${size}`);
  throw new AdjointError(
    "shape",
    node.operation.name,
    `${declared} is ${typeText(bound.type)} for ${sizes.join(", ")}, which its symbols don't say`,
    "Sizes with gaps between their elements hold from 1 on: feed at least one element, or declare the size as a number.",
  );
}

function bindAttributes(value: unknown, bindings: Bindings): unknown {
  if (value instanceof SymbolicDim) return bindDim(value, bindings);
  if (Array.isArray(value)) return value.map((element) => bindAttributes(element, bindings));
  if (typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
    return Object.fromEntries(
      Object.entries(value).map(([key, element]) => [key, bindAttributes(element, bindings)]),
    );
  }
  return value;
}
