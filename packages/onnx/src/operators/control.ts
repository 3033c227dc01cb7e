import { strictObject, whole, withDefault } from "@adjoint/ir/schema";
import { type Tensor, cond } from "@adjoint/ir";
import { importLoop } from "../control/loop.ts";
import { importBatchedScan, importScan } from "../control/scan.ts";
import type { OperatorContext } from "../import/context.ts";
import type { SubGraph } from "../import/sub-graph.ts";
import { type Value, rebuilt, tensorsOf, valueText } from "../import/value.ts";
import { before } from "./older.ts";
import { type Operator, ints, operator, subGraph } from "./row.ts";

interface Branches {
  readonly then_branch: SubGraph;
  readonly else_branch: SubGraph;
}

/** Both branches, of which the run takes one. Their values must be of one structure, else the condition must be known. */
function branches(context: OperatorContext<Branches>): readonly Value[] {
  const { then_branch: yes, else_branch: no } = context.attributes;
  const built: (readonly Value[])[] = [];
  const build = (branch: SubGraph) => (): readonly Tensor[] => {
    const values = branch.buildValues([]);
    built.push(values);
    const [first = values] = built;
    if (values.map(valueText).join() !== first.map(valueText).join()) context.constant(0);
    return values.flatMap(tensorsOf);
  };
  const tensors = cond(context.input(0).reshape([]), build(yes), build(no));
  return rebuilt(built[0] ?? [], tensors);
}

/** Sub-graphs that run by a condition, or many times. */
export const control: readonly Operator[] = [
  operator({
    name: "If",
    since: [1, 11, 13, 16, 19, 21, 23, 24, 25],
    attributes: strictObject({ then_branch: subGraph, else_branch: subGraph }),
    import(context) {
      const { then_branch: yes, else_branch: no } = context.attributes;
      const known = context.known(0);
      // A branch that is never taken needs not fit.
      return known === undefined
        ? branches(context)
        : (Number(known.data[0]) === 0 ? no : yes).buildValues([]);
    },
  }),
  operator({
    name: "Loop",
    since: [1, 11, 13, 16, 19, 21, 23, 24, 25],
    attributes: strictObject({ body: subGraph }),
    import(context) {
      const trips = context.number(0);
      return importLoop({
        context,
        body: context.attributes.body,
        trips: trips === undefined ? undefined : Math.max(0, trips),
        condition: context.optional(1)?.reshape([]),
        carries: context.values(2),
      });
    },
  }),
  operator({
    name: "Scan",
    since: [8, 9, 11, 16, 19, 21, 23, 24, 25],
    older: [
      before(9, ({ attributes: { directions, ...rest }, inputs }) => ({
        attributes: directions === undefined ? rest : { ...rest, scan_input_directions: directions },
        inputs,
      })),
    ],
    attributes: strictObject({
      body: subGraph,
      num_scan_inputs: whole(1),
      scan_input_axes: withDefault(ints, []),
      scan_input_directions: withDefault(ints, []),
      scan_output_axes: withDefault(ints, []),
      scan_output_directions: withDefault(ints, []),
    }),
    import(context) {
      const { body, num_scan_inputs: count, ...given } = context.attributes;
      const isBatched = context.version < 9;
      const values = context.values(isBatched ? 1 : 0);
      const scan = {
        body,
        states: values.slice(0, -count),
        sequences: values.slice(-count),
        inputAxes: given.scan_input_axes,
        outputAxes: given.scan_output_axes,
        inputDirections: given.scan_input_directions,
        outputDirections: given.scan_output_directions,
      };
      return isBatched ? importBatchedScan(context, context.optional(0), scan) : importScan(context, scan);
    },
  }),
];
