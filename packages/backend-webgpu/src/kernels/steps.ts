import type { Kernel, StepCopy } from "@adjoint/compiler";
import type { Place } from "../layout/memory.ts";
import { WORD } from "../layout/words.ts";
import type { Context } from "./context.ts";
import { contract } from "./contract.ts";
import { cumulative } from "./cumulative.ts";
import type { Launch } from "./launch.ts";
import { map } from "./map.ts";
import { reduce } from "./reduce.ts";
import { scatter } from "./scatter.ts";
import { Shader } from "./shader.ts";
import { sort } from "./sort.ts";

/** Elements copied between two pieces of memory; a stacked side moves on by as much with each step of its loop. */
export interface CopyStep {
  readonly kind: "copy";
  readonly from: Place;
  readonly to: Place;
  readonly bytes: number;
  readonly stacked: "from" | "to" | "none";
}

/** What a command buffer holds, in order. */
export type Step =
  | { readonly kind: "launch"; readonly launch: Launch }
  | CopyStep
  | {
      readonly kind: "loop";
      readonly length: number;
      readonly reverse: boolean;
      readonly body: readonly Step[];
    };

/** Gives each condition of the program a word of the control buffer. */
export interface Words {
  next: number;
}

/** The steps of one kernel. */
export function stepsOf(kernel: Kernel, context: Context, words: Words): readonly Step[] {
  switch (kernel.form) {
    case "map":
      return launches(map(kernel, context));
    case "reduce":
      return launches(reduce(kernel, context));
    case "contract":
      return launches(contract(kernel, context));
    case "cumulative":
      return launches(cumulative(kernel, context));
    case "scatter":
      return launches(scatter(kernel, context));
    case "sort":
      return launches(sort(kernel, context));
    case "scan": {
      const { slices, outputs, feedback, length, reverse } = kernel;
      const body = [
        ...slices.flatMap((copy) => copyStep(copy, "from", context)),
        ...kernel.body.flatMap((inner) => stepsOf(inner, context, words)),
        ...outputs.flatMap((copy) => copyStep(copy, "to", context)),
        ...feedback.flatMap((copy) => copyStep(copy, "none", context)),
      ];
      return [{ kind: "loop", length, reverse, body }];
    }
    case "if": {
      const word = words.next++;
      const branches = kernel.branches.flatMap((branch, index) =>
        branch.flatMap((inner) =>
          stepsOf(inner, { ...context, predicate: { word, value: 2 - index } }, words),
        ),
      );
      return [...launches([choose(kernel.condition, word, context)]), ...branches];
    }
  }
}

const launches = (list: readonly Launch[]): Step[] => list.map((launch) => ({ kind: "launch", launch }));

/**
 * A copy writes only memory that its own loop works in: it may run where its branch does not.
 */
function copyStep(
  { from, to, elements }: StepCopy,
  stacked: CopyStep["stacked"],
  { memory }: Context,
): Step[] {
  if (elements === 0) return [];
  return [{ kind: "copy", from: memory.place(from), to: memory.place(to), bytes: elements * WORD, stacked }];
}

/** Writes which branch runs into its word: 2 the first, 1 the second, 0 none, since the `if` stands in a branch that doesn't. */
function choose(condition: number, word: number, context: Context): Launch {
  const { predicate } = context;
  const shader = new Shader({ ...context, predicate: undefined, canFail: false });
  const control = shader.control();
  const branch = `select(1u, 2u, ${shader.buffer(condition)}[0] != 0u)`;
  const runs =
    predicate === undefined ? "true" : `atomicLoad(&${control}[${predicate.word}]) == ${predicate.value}u`;
  return shader.launch({
    groups: 1,
    lanes: 1,
    body: [`atomicStore(&${control}[${word}], select(0u, ${branch}, ${runs}));`],
  });
}
