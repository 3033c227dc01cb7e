import type { Tensor } from "@adjoint/ir";
import { type Dim, at } from "@adjoint/ir/values";
import * as ir from "@adjoint/ir";
import type { Activation } from "./activations.ts";

/** The weights and settings of a cell in one direction. */
interface CellParts {
  /** Activations f, g, h of ONNX's formulas, as many as the cell has. */
  readonly activations: readonly Activation[];
  /** A gate's share of the input: Xₜ·Wᵀ + Wb, [batch, hidden]. */
  input(gate: number): Tensor;
  /** A gate's share of a state: h·Rᵀ + Rb, [batch, hidden]. */
  recurrent(gate: number, h: Tensor): Tensor;
  /** The peephole weights of a gate, [hidden]; undefined if there are none. */
  peephole(gate: number): Tensor | undefined;
}

/** The next state over the last one: h, and for an LSTM c. */
export type Cell = (state: readonly Tensor[], parts: CellParts) => readonly Tensor[];

/** The tensors of one direction. */
export interface Direction {
  readonly isReverse: boolean;
  readonly cell: Cell;
  readonly activations: readonly Activation[];
  readonly hidden: Dim;
  /** [gates · hidden, input] */
  readonly w: Tensor;
  /** [gates · hidden, hidden] */
  readonly r: Tensor;
  /** Wb and Rb: [2 · gates · hidden] */
  readonly bias: Tensor | undefined;
  /** [3 · hidden] */
  readonly peepholes: Tensor | undefined;
  /** [batch, hidden] each. */
  readonly initial: readonly Tensor[];
}

/** The results of one direction. */
export interface Run {
  /** h of every step: [time, batch, hidden]. */
  readonly steps: Tensor;
  /** The last state: [batch, hidden] each. */
  readonly last: readonly Tensor[];
}

/** Part `index` of an axis that holds parts of one size. */
function part(x: Tensor, axis: number, size: Dim, index: number): Tensor {
  const start = ir.mulDims(size, index);
  return x.slice(
    x.shape.map((_, each) => (each === axis ? { start, end: ir.addDims(start, size) } : undefined)),
  );
}

/** x · wᵀ, over the last axes of both. */
const linear = (x: Tensor, w: Tensor): Tensor =>
  ir.dotGeneral(x, w, { leftContract: [x.rank - 1], rightContract: [1] });

const plus = (x: Tensor, addend: Tensor | undefined): Tensor => (addend === undefined ? x : x.add(addend));

/**
 * One direction over a whole input [time, batch, input]. Past its length (i32 [batch]) a sequence keeps its state and
 * gives zeros; backwards it then starts at its own end.
 */
export function runDirection(x: Tensor, lengths: Tensor | undefined, direction: Direction): Run {
  const { cell, activations, hidden, w, r, bias, peepholes, initial, isReverse } = direction;
  const halves = bias?.reshape([2, at(w.shape, 0)]);
  const [inputBias, recurrentBias] = [0, 1].map((half) =>
    halves?.slice([{ start: half, end: half + 1 }]).squeeze(0),
  );
  const gateOf = (tensor: Tensor | undefined, gate: number): Tensor | undefined =>
    tensor && part(tensor, 0, hidden, gate);
  const shares = plus(linear(x, w), inputBias);
  const numbers = ir.iota("i32", [at(x.shape, 0)], 0);
  const { carry, outputs } = ir.scan(
    { carry: initial, sequences: [shares, numbers], reverse: isReverse },
    (state, slices) => {
      const [share = shares, number = numbers] = slices;
      const next = cell(state, {
        activations,
        input: (gate) => part(share, 1, hidden, gate),
        recurrent: (gate, h) => plus(linear(h, part(r, 0, hidden, gate)), gateOf(recurrentBias, gate)),
        peephole: (gate) => gateOf(peepholes, gate),
      });
      const isWithin = lengths && number.less(lengths).unsqueeze(1);
      const kept = next.map((tensor, index) => isWithin?.where(tensor, state[index] ?? tensor) ?? tensor);
      const [h = share] = next;
      return { carry: kept, outputs: [isWithin?.where(h, ir.filled(0, h.dtype, [])) ?? h] };
    },
  );
  const [steps = shares] = outputs;
  return { steps, last: carry };
}
