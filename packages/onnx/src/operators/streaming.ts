import type { Tensor } from "@adjoint/ir";
import { type DType, at, dtypeInfo } from "@adjoint/ir/values";
import { type Output, int, oneOf, optional, strictObject, whole, withDefault } from "@adjoint/ir/schema";
import * as ir from "@adjoint/ir";
import type { OperatorContext } from "../import/context.ts";
import { type Operator, float, operator } from "./row.ts";

const rules = { linear: [], gated: ["decay"], delta: ["beta"], gated_delta: ["decay", "beta"] } as const;

const linearAttributes = strictObject({
  /** A hint for kernels. */
  chunk_size: optional(int()),
  kv_num_heads: whole(1),
  q_num_heads: whole(1),
  scale: withDefault(float, 0),
  update_rule: withDefault(oneOf(["linear", "gated", "delta", "gated_delta"]), "gated_delta"),
});

type LinearContext = OperatorContext<Output<typeof linearAttributes>>;

/** Sequence operators that keep a state from call to call. */
export const streaming: readonly Operator[] = [
  operator({
    name: "CausalConvWithState",
    since: [27],
    attributes: strictObject({ activation: withDefault(oneOf(["none", "silu", "swish"]), "none") }),
    import(context) {
      const [x, weight, bias] = [context.input(0), context.input(1), context.optional(2)];
      const [batch = 1, channels = 1, length = 1] = x.shape;
      const kernel = weight.shape[2];
      if (typeof kernel !== "number" || typeof channels !== "number")
        return context.refuse(`needs known channels and kernel size and got ${x} and ${weight}`);
      const past = context.optional(3) ?? ir.filled(0, x.dtype, [batch, channels, kernel - 1]);
      const padded = ir.concat([past, x], 2);
      const sums = ir.conv(padded, weight, { groups: channels });
      const y = bias === undefined ? sums : sums.add(bias.unsqueeze(1));
      const wide = dtypeInfo[y.dtype].bytes < 4 ? "f32" : y.dtype;
      return [
        context.attributes.activation === "none" ? y : ir.silu(y.cast(wide)).cast(y.dtype),
        padded.slice([undefined, undefined, { start: length, end: ir.addDims(length, kernel - 1) }]),
      ];
    },
  }),
  operator({ name: "LinearAttention", since: [27], attributes: linearAttributes, import: linearAttention }),
];

/** [batch, length, heads·size] → [length, batch, heads, size], to be sliced step by step. */
function steps(context: OperatorContext, x: Tensor, heads: number, dtype: DType): Tensor {
  const [batch = 1, length = 1, hidden = 1] = x.shape;
  const size = ir.divDims(hidden, heads);
  if (size === undefined || x.rank !== 3)
    return context.refuse(`wants [batch, length, ${heads} heads together] and got ${x}`);
  return x.reshape([batch, length, heads, size]).transpose([1, 0, 2, 3]).cast(dtype);
}

/**
 * A state S [batch, heads, keys, values] that each step decays, corrects and reads: S ← exp(decay)·S, v ← beta·(v − Sᵀk),
 * S ← S + k·vᵀ, y = scale·Sᵀq. Source: ONNX's function for LinearAttention.
 */
function linearAttention(context: LinearContext): readonly Tensor[] {
  const {
    q_num_heads: queryHeads,
    kv_num_heads: heads,
    scale: given,
    update_rule: rule,
  } = context.attributes;
  const [query, key, value] = [context.input(0), context.input(1), context.input(2)];
  const [past, decays, betas] = [context.optional(3), context.optional(4), context.optional(5)];
  const wanted: readonly string[] = rules[rule];
  if (
    wanted.includes("decay") !== (decays !== undefined) ||
    wanted.includes("beta") !== (betas !== undefined)
  )
    context.refuse(`update_rule "${rule}" takes of decay and beta ${wanted.join(" and ") || "neither"}`);
  if (queryHeads % heads !== 0) context.refuse(`${queryHeads} heads of queries don't share ${heads} of keys`);
  const dtype = query.dtype === "f64" ? "f64" : "f32";
  const [q, k, v] = [
    steps(context, query, queryHeads, dtype),
    steps(context, key, heads, dtype),
    steps(context, value, heads, dtype),
  ];
  const [length = 1, batch = 1, , keySize = 1] = k.shape;
  // Neighbouring heads of queries read one state.
  const queries = q.reshape([length, batch, heads, queryHeads / heads, keySize]);
  const gates = [
    decays && steps(context, decays, heads, dtype).exp(),
    betas && steps(context, betas, betas.shape[2] === 1 ? 1 : heads, dtype),
  ];
  const state = past?.cast(dtype) ?? ir.filled(0, dtype, [batch, heads, keySize, at(v.shape, 3)]);
  const scale = given === 0 ? defaultScale(context, k) : given;
  const { carry, outputs } = ir.scan(
    {
      carry: [state],
      sequences: [queries, k, v, ...gates.filter((gate) => gate !== undefined)],
    },
    ([before = state], [qt = q, kt = k, vt = v, ...gated]) => {
      const [decay, beta] = decays === undefined ? [undefined, gated[0]] : gated;
      const decayed = decay === undefined ? before : before.mul(decay.unsqueeze(3));
      const written = beta === undefined ? vt : beta.mul(vt.sub(read(kt.unsqueeze(2), decayed).squeeze(2)));
      const after = decayed.add(kt.unsqueeze(3).mul(written.unsqueeze(2)));
      return { carry: [after], outputs: [read(qt, after)] };
    },
  );
  const result = (outputs[0] ?? v).mul(scale).cast(query.dtype);
  return [
    result.transpose([1, 0, 2, 3, 4]).reshape([batch, length, -1]),
    (carry[0] ?? state).cast((past ?? query).dtype),
  ];
}

/** Sᵀx for rows x [batch, heads, rows, keys]: [batch, heads, rows, values]. */
const read = (x: Tensor, state: Tensor): Tensor =>
  x.dotGeneral(state, { leftBatch: [0, 1], rightBatch: [0, 1], leftContract: [3], rightContract: [2] });

function defaultScale(context: OperatorContext, k: Tensor): number {
  const size = k.shape[3];
  return typeof size === "number"
    ? 1 / Math.sqrt(size)
    : context.refuse("the head size is a symbol: give scale");
}
