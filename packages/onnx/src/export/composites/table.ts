import { type Node, inlineGraph } from "@adjoint/ir/graph";
import { given } from "../operands.ts";
import { hasKernel } from "../kernels.ts";
import { type Twin, twin, untyped } from "../twin.ts";
import { activationTwins } from "./activations.ts";
import { normalizationTwins } from "./normalizations.ts";
import { poolTwins } from "./pools.ts";

const isWord = ({ inputs }: Node): boolean => ["f32", "f64", "i32", "i64"].includes(given(inputs[0]).dtype);

/** The diagonal is an input. */
const trilu: Twin = untyped<{ readonly upper: boolean; readonly k: number }>({
  fits: ({ inputs }, opset) => opset >= 14 && hasKernel("Trilu", given(inputs[0]).dtype),
  write: (node, writer) => {
    const { upper, k } = node.attributes;
    const [x] = writer.inputs(node);
    return writer.one("Trilu", [x, writer.scalar(BigInt(k), "i64")], {
      attributes: { upper: Number(upper) },
    });
  },
});

/** Gathers and scatters read what it counts; ONNX counts from the end itself. */
const fromEnd: Twin = untyped({
  fits: () => true,
  write: ({ graphs, inputs }, writer) =>
    writer.through(() => given(graphs.flatMap((body) => inlineGraph(body, inputs))[0])),
});

/** Losses, products over named axes, and what moves elements. */
const others: { readonly [composite: string]: Twin } = {
  einsum: twin<{ readonly equation: string }>("Einsum", 12, {
    attributes: ({ equation }) => ({ equation }),
    fits: isWord,
  }),
  fromEnd,
  trilu,
  depthToSpace: twin<{ readonly blocksize: number; readonly mode: string }>("DepthToSpace", 11, {
    attributes: ({ blocksize, mode }) => ({ blocksize, mode }),
    fits: ({ inputs }) => given(inputs[0]).dtype === "f32",
  }),
  spaceToDepth: twin<{ readonly blocksize: number }>("SpaceToDepth", 1, {
    attributes: ({ blocksize }) => ({ blocksize }),
    fits: ({ inputs }) => given(inputs[0]).dtype === "f32",
  }),
};

/** Composites that are one operator, in some operator set and for some types. Others are written through their parts. */
export const compositeRows: { readonly [composite: string]: Twin } = {
  ...activationTwins,
  ...normalizationTwins,
  ...poolTwins,
  ...others,
};
