import type { Tensor } from "@adjoint/ir";
import type { AttributesOf, Kind, NameOf, Node, PrimitiveName } from "@adjoint/ir/graph";
import { AdjointError } from "@adjoint/ir/values";
import { lowerDot } from "./contractions.ts";
import { lowerIf, lowerScan } from "./control.ts";
import { lowerConv, lowerConvTranspose, lowerConvWeight } from "./convolutions.ts";
import type { Group } from "../fusion/group.ts";
import { lowerElementwise } from "./lower-elementwise.ts";
import { lowerReduce } from "./lower-reduce.ts";
import type { LoweringContext } from "./context.ts";
import { lowerCumulative, lowerOrder, lowerScatter } from "./lower-ordered.ts";
import { lowerConcat, lowerPad, lowerWindowSum } from "./lower-views.ts";

/**
 * The groups of kernels that compute a node into memory.
 * @param output the first output that is wanted there; of a node with several outputs all are computed.
 */
type Lowering<N extends PrimitiveName> = (
  node: Node<AttributesOf<N>>,
  output: Tensor,
  context: LoweringContext,
) => readonly Group[];

/** One row for a kind whose primitives are all lowered alike, or one for each of its primitives. */
type Rows<N extends PrimitiveName> = Lowering<N> | { readonly [M in N]: Lowering<M> };

/** The kernels of every primitive: total over the closed set. */
const lowerings: { readonly [K in Kind]: Rows<NameOf<K> & PrimitiveName> } = {
  source: {
    input: refuseSource,
    register: refuseSource,
    constant: lowerElementwise,
    iota: lowerElementwise,
    randomBits: lowerElementwise,
  },
  map: lowerElementwise,
  reduce: lowerReduce,
  cumulative: lowerCumulative,
  view: {
    reshape: lowerElementwise,
    transpose: lowerElementwise,
    broadcast: lowerElementwise,
    slice: lowerElementwise,
    pad: lowerPad,
    concat: lowerConcat,
    flip: lowerElementwise,
    window: lowerElementwise,
    windowSum: lowerWindowSum,
  },
  contract: {
    dotGeneral: lowerDot,
    conv: lowerConv,
    convTranspose: lowerConvTranspose,
    convWeight: lowerConvWeight,
  },
  index: { gather: lowerElementwise, scatter: lowerScatter },
  order: lowerOrder,
  control: { scan: lowerScan, if: lowerIf, commit: refuseCommit },
};

/** The groups of a node: kernels that compute those of its outputs that are wanted in memory. */
export function lowerNode(node: Node, wanted: readonly Tensor[], context: LoweringContext): readonly Group[] {
  const [output] = wanted;
  if (output === undefined) return [];
  return loweringOf(node)(node as Node<never>, output, context);
}

/** The row of a node's primitive, which decides the attributes that it takes. */
function loweringOf({ operation }: Node): Lowering<never> {
  if (operation.kind === "composite")
    throw new AdjointError("graph", operation.name, "is a composite", "Inline it before lowering.");
  const row: Lowering<never> | { readonly [name: string]: Lowering<never> } = lowerings[operation.kind];
  const lowering = typeof row === "function" ? row : row[operation.name];
  if (lowering === undefined)
    throw new AdjointError("graph", operation.name, `is not a primitive of kind ${operation.kind}`);
  return lowering;
}

function refuseSource(node: Node): never {
  throw new AdjointError("graph", node.operation.name, `${node.output} has no buffer`);
}

function refuseCommit(node: Node): never {
  throw new AdjointError(
    "graph",
    node.operation.name,
    "has no lowering",
    "Compile what program(…) made: it collects commits.",
  );
}
