import type { BufferId, Kernel, StepCopy } from "@adjoint/compiler/kernel";
import type { Allocation, Memory } from "../layout/memory.ts";
import { WORD } from "../layout/words.ts";
import { toWord } from "../scalar/wgsl.ts";
import type { Context } from "./context.ts";
import { contract } from "./contract.ts";
import { cumulative } from "./cumulative.ts";
import type { Launch } from "./launch.ts";
import { map } from "./map.ts";
import { reduce } from "./reduce.ts";
import { scatter } from "./scatter.ts";
import { Shader } from "./shader.ts";
import { sort } from "./sort.ts";

const LANES = 64;

/** Elements copied between two pieces of memory; a stacked side moves on by as much with each step of its loop. */
export interface CopyStep {
  readonly kind: "copy";
  readonly from: Allocation;
  readonly to: Allocation;
  readonly bytes: number;
  readonly stacked: "from" | "to" | "none";
}

/** The contents of a command buffer, in order. */
export type Step =
  | { readonly kind: "launch"; readonly launch: Launch; readonly kernel: Kernel }
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
      return launches(kernel, map(kernel, context));
    case "reduce":
      return launches(kernel, reduce(kernel, context));
    case "contract":
      return launches(kernel, contract(kernel, context));
    case "cumulative":
      return launches(kernel, cumulative(kernel, context));
    case "scatter":
      return launches(kernel, scatter(kernel, context));
    case "sort":
      return launches(kernel, sort(kernel, context));
    case "scan": {
      const { slices, outputs, feedback, length, reverse } = kernel;
      const { memory } = context;
      const widened = new Map(slices.flatMap((slice) => widen(slice, length, context)));
      const body = [
        ...slices.flatMap((slice) =>
          copyStep(slice, "from", memory, widened.get(slice.from)?.bindings[1]?.allocation),
        ),
        ...kernel.body.flatMap((inner) => stepsOf(inner, context, words)),
        ...outputs.flatMap((copy) => copyStep(copy, "to", memory)),
        ...feedback.flatMap((copy) => copyStep(copy, "none", memory)),
      ];
      return [...launches(kernel, [...widened.values()]), { kind: "loop", length, reverse, body }];
    }
    case "if": {
      const word = words.next++;
      const branches = kernel.branches.flatMap((branch, index) =>
        branch.flatMap((inner) =>
          stepsOf(inner, { ...context, predicate: { word, value: 2 - index } }, words),
        ),
      );
      return [...launches(kernel, [choose(kernel.condition, word, context)]), ...branches];
    }
  }
}

const launches = (kernel: Kernel, list: readonly Launch[]): Step[] =>
  list.map((launch) => ({ kind: "launch", launch, kernel }));

/**
 * A copy writes only memory that its own loop works in: it may run where its branch does not.
 * @param source where the elements are, if not in the buffer itself.
 */
function copyStep(
  { from, to, elements }: StepCopy,
  stacked: CopyStep["stacked"],
  memory: Memory,
  source?: Allocation,
): Step[] {
  if (elements === 0) return [];
  return [
    {
      kind: "copy",
      from: source ?? memory.allocation(from),
      to: memory.allocation(to),
      bytes: elements * WORD,
      stacked,
    },
  ];
}

/** A sequence that a register holds in halves goes to words before its loop, since a slice of it may end within a word. */
function widen(
  { from, elements }: StepCopy,
  length: number,
  { memory, ...context }: Context,
): readonly (readonly [BufferId, Launch])[] {
  const source = memory.allocation(from);
  if (source.format === "word" || elements === 0) return [];
  const shader = new Shader({ ...context, memory, predicate: undefined, canFail: false });
  const count = elements * length;
  const words = memory.allocate(count, "words of a sequence");
  const element = shader.load(from, memory.dtype(from), "at");
  const launch = shader.launch({
    groups: Math.ceil(count / LANES),
    lanes: LANES,
    body: [
      `let at = i32(group * ${LANES}u + lane);`,
      `if (at >= ${count}) { return; }`,
      `${shader.bind(words, true)}[at] = ${toWord("f32", element)};`,
    ],
  });
  return [[from, launch]];
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
