import * as ir from "@adjoint/ir";
import type { Tensor } from "@adjoint/ir";
import type { OperatorContext } from "../import/context.ts";
import type { SubGraph } from "../import/sub-graph.ts";
import { type Value, rebuilt, tensorsOf } from "../import/value.ts";

/** A scan as a node gives it; axes and directions are one for each sequence and stacked output, or all 0 if the list is empty. */
export interface ScanNode {
  readonly body: SubGraph;
  readonly states: readonly Value[];
  readonly sequences: readonly Value[];
  /** Axis of each sequence that steps run along. */
  readonly inputAxes: readonly number[];
  /** Axis of each stacked output that steps run along. */
  readonly outputAxes: readonly number[];
  /** 1: from the last slice to the first. */
  readonly inputDirections: readonly number[];
  readonly outputDirections: readonly number[];
  /** The number of steps that change anything, if not all do: i32 scalar. */
  readonly length?: Tensor;
}

/** Axis `from` becomes axis `to`; both may count from the end. */
function moveAxis(x: Tensor, from: number, to: number): Tensor {
  const order = [...x.shape.keys()];
  const [axis = 0] = order.splice(from, 1);
  order.splice(to < 0 ? to + x.rank : to, 0, axis);
  return x.transpose(order);
}

/** Final states and stacked outputs. */
export function importScan(context: OperatorContext, scan: ScanNode): readonly Value[] {
  const { body, states, length } = scan;
  const sequences = scan.sequences.flatMap(tensorsOf).map((tensor, index) => {
    const front = moveAxis(tensor, scan.inputAxes[index] ?? 0, 0);
    return scan.inputDirections[index] === 1 ? front.flip([0]) : front;
  });
  const [first = context.refuse("has no sequence")] = sequences;
  const numbers = ir.iota("i32", first.shape.slice(0, 1), 0);
  const { carry, outputs } = ir.scan(
    { carry: states.flatMap(tensorsOf), sequences: [...sequences, numbers] },
    (state, slices) => {
      const items = rebuilt(scan.sequences, slices);
      const results = body.buildValues([...rebuilt(states, state), ...items]).flatMap(tensorsOf);
      const isWithin = length && slices.at(-1)?.less(length);
      const kept = (next: Tensor, old: Tensor | undefined): Tensor =>
        isWithin?.where(next, old ?? ir.filled(0, next.dtype, next.shape)) ?? next;
      return {
        carry: results.slice(0, state.length).map((next, index) => kept(next, state[index])),
        outputs: results.slice(state.length).map((next) => kept(next, undefined)),
      };
    },
  );
  const stacked = outputs.map((tensor, index) => {
    const ordered = scan.outputDirections[index] === 1 ? tensor.flip([0]) : tensor;
    return moveAxis(ordered, 0, scan.outputAxes[index] ?? 0);
  });
  return [...rebuilt(states, carry), ...stacked];
}

/** Scan before opset 9: all values have a batch axis in front, the sequences' steps are axis 1, and lengths may differ. */
export function importBatchedScan(
  context: OperatorContext,
  lengths: Tensor | undefined,
  scan: Omit<ScanNode, "length">,
): readonly Tensor[] {
  const values = [...scan.states, ...scan.sequences];
  const { states } = scan;
  if (lengths !== undefined && scan.inputDirections.includes(1))
    context.refuse("has sequences of different lengths that run backwards");
  const { outputs } = ir.scan(
    { sequences: [...values.flatMap(tensorsOf), ...(lengths === undefined ? [] : [lengths.cast("i32")])] },
    (_, slices) => {
      const items = rebuilt(values, slices);
      const length = lengths && slices.at(-1);
      const one = {
        ...scan,
        states: items.slice(0, states.length),
        sequences: items.slice(states.length),
        ...(length && { length }),
      };
      return { carry: [], outputs: importScan(context, one).flatMap(tensorsOf) };
    },
  );
  return outputs;
}
