import * as ir from "@adjoint/ir";
import type { Tensor } from "@adjoint/ir";
import type { OperatorContext } from "../import/context.ts";
import type { SubGraph } from "../import/sub-graph.ts";
import { type Value, asTensor, rebuilt, tensorsOf, valueText } from "../import/value.ts";

/** A loop as a node gives it. */
interface Loop {
  readonly context: OperatorContext;
  readonly body: SubGraph;
  /** The most steps; undefined if only the condition ends it. */
  readonly trips: number | undefined;
  /** Undefined if the body's condition says nothing. */
  readonly condition: Tensor | undefined;
  readonly carries: readonly Value[];
}

/** A step's outputs by what they are. */
interface Step {
  readonly goesOn: Tensor;
  readonly carries: readonly Value[];
  /** Stacked over the steps. */
  readonly scanned: readonly Tensor[];
}

/** More steps than a loop may be planned for: exporters write the largest integer for no bound. */
const NO_BOUND = 2 ** 24;

/** The most steps of a loop whose body is imported for each. */
const MAX_STEPS = 4096;

const yes = (): Tensor => ir.constant(true, "bool");

/** Whether a condition is known to hold, or not to. */
function truth(context: OperatorContext, condition: Tensor): boolean | undefined {
  const value = context.knownValue(condition);
  return value && Number(value.data[0]) !== 0;
}

/** One step of a body; it runs only where the condition holds. */
function stepOf({ body, carries, context }: Loop, number: Tensor, state: readonly Value[]): Step {
  const [goesOn, ...rest] = body.buildValues([number, yes(), ...state]);
  if (goesOn === undefined || rest.length < carries.length)
    return context.refuse("its body gives too few outputs");
  return {
    goesOn: asTensor(goesOn, "Loop's condition").reshape([]),
    carries: rest.slice(0, carries.length),
    scanned: rest.slice(carries.length).map((value) => asTensor(value, "Loop's stacked output")),
  };
}

/** A step over stand-ins for what changes; undefined if the body can't be imported so. */
function trial(loop: Loop): Step | undefined {
  const standIn = (tensor: Tensor): Tensor => ir.input("carry", tensor.dtype, tensor.shape);
  const state = rebuilt(loop.carries, loop.carries.flatMap(tensorsOf).map(standIn));
  try {
    return stepOf(loop, ir.input("step", "i64", []), state);
  } catch (error) {
    if (error instanceof ir.AdjointError && !(error instanceof ir.LimitError)) return undefined;
    throw error;
  }
}

/** The final carries and the stacked outputs of a loop. */
export function importLoop(loop: Loop): readonly Value[] {
  const { context, condition, carries } = loop;
  const trips = loop.trips !== undefined && loop.trips < NO_BOUND ? loop.trips : undefined;
  const first = trips === undefined ? undefined : trial(loop);
  const isSteady =
    first?.carries.every((value, index) => valueText(value) === valueText(carries[index] ?? value)) ?? false;
  if (trips === undefined || first === undefined || !isSteady) return unrolled(loop);
  const begins = condition === undefined ? true : truth(context, condition);
  const goesOn = condition === undefined ? true : truth(context, first.goesOn);
  if (begins === true && goesOn === true) return scanned(loop, trips, first);
  // The number of steps decides the size of the stacked results.
  return first.scanned.length > 0 ? unrolled(loop) : masked(loop, trips);
}

/** All steps run. */
function scanned(loop: Loop, trips: number, first: Step): readonly Value[] {
  if (trips === 0)
    return [...loop.carries, ...first.scanned.map(({ dtype, shape }) => ir.filled(0, dtype, [0, ...shape]))];
  const { carry, outputs } = ir.scan(
    { carry: loop.carries.flatMap(tensorsOf), sequences: [ir.iota("i64", [trips], 0)] },
    (state, [number = yes()]) => {
      const step = stepOf(loop, number, rebuilt(loop.carries, state));
      return { carry: step.carries.flatMap(tensorsOf), outputs: step.scanned };
    },
  );
  return [...rebuilt(loop.carries, carry), ...outputs];
}

/** All steps run, and those after the condition failed change nothing. */
function masked(loop: Loop, trips: number): readonly Value[] {
  if (trips === 0) return loop.carries;
  const begins = loop.condition?.reshape([]) ?? yes();
  const { carry } = ir.scan(
    { carry: [begins, ...loop.carries.flatMap(tensorsOf)], sequences: [ir.iota("i64", [trips], 0)] },
    ([runs = begins, ...state], [number = begins]) => {
      const step = stepOf(loop, number, rebuilt(loop.carries, state));
      const next = step.carries.flatMap(tensorsOf);
      const kept = state.map((old, index) => runs.where(next[index] ?? old, old));
      return { carry: [runs.and(step.goesOn), ...kept] };
    },
  );
  return rebuilt(loop.carries, carry.slice(1));
}

/** The body once for each step: what the condition says must be known. */
function unrolled(loop: Loop): readonly Value[] {
  const { context, condition, trips } = loop;
  const holds = (tensor: Tensor, what: string): boolean =>
    Number(context.valueOf(tensor, what).data[0]) !== 0;
  let carries = loop.carries;
  const stacked: (readonly Tensor[])[] = [];
  let runs = condition === undefined || holds(condition, "the condition");
  for (let number = 0; runs && number < (trips ?? Infinity); number++) {
    if (number === MAX_STEPS) return context.refuse(`takes more than ${MAX_STEPS} steps`);
    const step = stepOf(loop, ir.constant(BigInt(number), "i64"), carries);
    carries = step.carries;
    stacked.push(step.scanned);
    runs = condition === undefined || holds(step.goesOn, "the body's condition");
  }
  const [first] = stacked;
  if (first === undefined && loop.body.outputs.length > carries.length + 1)
    return context.refuse("runs no step, so that its stacked outputs have no shape");
  const outputs = (first ?? []).map((_, index) => ir.stack(stacked.flatMap((step) => step[index] ?? [])));
  return [...carries, ...outputs];
}
