import type { ReduceKernel } from "@adjoint/compiler/kernel";
import { at, elementCount } from "@adjoint/ir/values";
import type { Allocation } from "../layout/memory.ts";
import { fromWord, toWord } from "../scalar/wgsl.ts";
import type { Context } from "./context.ts";
import { unravel } from "./coordinates.ts";
import { type Fold, foldOf } from "./fold.ts";
import { joinLanes } from "./join-lanes.ts";
import type { Launch } from "./launch.ts";
import { Shader } from "./shader.ts";

const LANES = 64;
/** Lines up to here are folded by one invocation each. */
const SHORT = 32;
/** So are these, where there are enough of them: their elements often lie side by side. */
const MANY = { lines: 1024, length: 256 } as const;
/** On a CPU's cores few are enough, and a workgroup's barriers cost more than long lines. */
const MANY_IN_SOFTWARE = { lines: 32, length: 8192 } as const;
/** An invocation folds longer lines by blocks of these, so that sums lose little more than those of a tree. */
const BLOCK = 64;
/** Elements that one workgroup folds of a line that several share. */
const PART = 4096;
/** Lines of which workgroups enough exist without sharing. */
const FEW = 64;
/** Workgroup memory on every device. */
const WORKGROUP_BYTES = 16_384;

/** Folds in a fixed order: an invocation a line, a tree of a workgroup a line, or partial folds of long lines and then theirs. */
export function reduce(kernel: ReduceKernel, context: Context): readonly Launch[] {
  const [lines, length] = [elementCount(kernel.outer), elementCount(kernel.inner)];
  const many = context.isSoftware ? MANY_IN_SOFTWARE : MANY;
  if (length <= SHORT || (lines >= many.lines && length <= many.length)) return [oneEach(kernel, context)];
  if (lines > FEW || length <= 2 * PART) return [tree(kernel, context)];
  const parts = Math.min(256, Math.ceil(length / PART));
  const states = foldsOf(new Shader(context), kernel).flatMap((fold) => fold.states);
  const partial = context.memory.allocate(states.length * lines * parts, "partial folds");
  return [tree(kernel, context, { store: partial, parts }), joinParts(kernel, context, partial, parts)];
}

const foldsOf = (shader: Shader, { reductions }: ReduceKernel, name = "fold"): readonly Fold[] =>
  reductions.map((reduction, index) => foldOf(reduction, `${name}${index}`, shader.use));

const declared = (folds: readonly Fold[]): string[] =>
  folds.flatMap(({ states }) => states.map(({ name, start }) => `var ${name} = ${start};`));

/** The lines inside the loop over a line's elements. */
function takes(
  kernel: ReduceKernel,
  shader: Shader,
  folds: readonly Fold[],
  outer: readonly string[],
): string[] {
  const inner = unravel("k", kernel.inner, "k");
  const { lines, values } = shader.expression(kernel.body, [...outer, ...inner.names]);
  return [
    ...inner.lines,
    ...lines,
    ...folds.flatMap((fold, index) => fold.take(at(values, at(kernel.reductions, index).value), "u32(k)")),
  ];
}

function epilogue(
  kernel: ReduceKernel,
  shader: Shader,
  folds: readonly Fold[],
  outer: readonly string[],
): string[] {
  const results = folds.map(({ result }) => ({ name: shader.fresh("r"), result }));
  const { lines, values } = shader.expression(
    kernel.epilogue,
    outer,
    results.map(({ name }) => name),
  );
  return [
    ...results.map(({ name, result }) => `let ${name} = ${result};`),
    ...lines,
    ...shader.stores(kernel.stores, values, outer),
  ];
}

function oneEach(kernel: ReduceKernel, context: Context): Launch {
  const shader = new Shader(context);
  const count = elementCount(kernel.outer);
  const outer = unravel("line", kernel.outer, "i");
  const folds = foldsOf(shader, kernel);
  const length = elementCount(kernel.inner);
  const foldLine = (into: readonly Fold[], from: string, to: string): readonly string[] => [
    `for (var k = ${from}; k < ${to}; k++) {`,
    ...takes(kernel, shader, into, outer.names),
    "}",
  ];
  const foldBlocks = (): readonly string[] => {
    const blocks = foldsOf(shader, kernel, "block");
    return [
      `for (var first = 0; first < ${length}; first += ${BLOCK}) {`,
      ...declared(blocks),
      ...foldLine(blocks, "first", `min(first + ${BLOCK}, ${length})`),
      ...folds.flatMap((fold, index) => fold.merge(blocks[index]?.states.map(({ name }) => name) ?? [])),
      "}",
    ];
  };
  return shader.launch({
    groups: Math.ceil(count / LANES),
    lanes: LANES,
    body: [
      `let line = i32(group * ${LANES}u + lane);`,
      `if (line >= ${count}) { return; }`,
      ...outer.lines,
      ...declared(folds),
      ...(length > MANY.length ? foldBlocks() : foldLine(folds, "0", `${length}`)),
      ...epilogue(kernel, shader, folds, outer.names),
    ],
  });
}

/** As many lanes as a line can use and workgroup memory can hold. */
function lanesFor(length: number, folds: readonly Fold[]): number {
  const states = folds.reduce((sum, fold) => sum + fold.states.length, 0);
  let lanes = length > 1024 ? 256 : 64;
  while (lanes > 1 && lanes * states * 4 > WORKGROUP_BYTES) lanes /= 2;
  return lanes;
}

interface Parts {
  readonly store: Allocation;
  readonly parts: number;
}

/** A workgroup for each line, or for each part of it, whose folds it leaves in memory. */
function tree(kernel: ReduceKernel, context: Context, shared?: Parts): Launch {
  const shader = new Shader(context);
  const [count, length] = [elementCount(kernel.outer), elementCount(kernel.inner)];
  const parts = shared?.parts ?? 1;
  const part = Math.ceil(length / parts);
  const outer = unravel("line", kernel.outer, "i");
  const folds = foldsOf(shader, kernel);
  const lanes = lanesFor(part, folds);
  const join = joinLanes(shader, folds, lanes);
  const end =
    shared === undefined
      ? epilogue(kernel, shader, folds, outer.names)
      : folds
          .flatMap((fold) => fold.states)
          .map(
            ({ name, type }, state) =>
              `${shader.bind(shared.store, true)}[${state * count * parts} + line * ${parts} + part] = ${toWord(type, name)};`,
          );
  return shader.launch({
    groups: count * parts,
    lanes,
    declarations: join.declarations,
    barriers: true,
    body: [
      // What is left of a dispatch's last row folds the last line again and stores nothing.
      `let number = min(group, ${count * parts - 1}u);`,
      `let line = i32(number / ${parts}u);`,
      `let part = i32(number % ${parts}u);`,
      ...outer.lines,
      ...declared(folds),
      `let end = min((part + 1) * ${part}, ${length});`,
      `for (var k = part * ${part} + i32(lane); k < end; k += ${lanes}) {`,
      ...takes(kernel, shader, folds, outer.names),
      "}",
      ...join.body,
      `if (lane == 0u && group < ${count * parts}u) {`,
      ...shader.whereLive(end),
      "}",
    ],
  });
}

/** The second pass: the folds of a line's parts. */
function joinParts(kernel: ReduceKernel, context: Context, store: Allocation, parts: number): Launch {
  const shader = new Shader(context);
  const count = elementCount(kernel.outer);
  const outer = unravel("line", kernel.outer, "i");
  const folds = foldsOf(shader, kernel);
  const lanes = lanesFor(parts, folds);
  const join = joinLanes(shader, folds, lanes);
  const memory = shader.bind(store, false);
  let state = 0;
  const merges = folds.flatMap((fold) => {
    const loaded = fold.states.map(({ name, type }) => ({
      name: `${name}Part`,
      code: fromWord(type, `${memory}[${state++ * count * parts} + line * ${parts} + k]`),
    }));
    return [
      ...loaded.map(({ name, code }) => `let ${name} = ${code};`),
      ...fold.merge(loaded.map(({ name }) => name)),
    ];
  });
  return shader.launch({
    groups: count,
    lanes,
    declarations: join.declarations,
    barriers: true,
    body: [
      `let line = min(i32(group), ${count - 1});`,
      ...outer.lines,
      ...declared(folds),
      `for (var k = i32(lane); k < ${parts}; k += ${lanes}) {`,
      ...merges,
      "}",
      ...join.body,
      `if (lane == 0u && group < ${count}u) {`,
      ...shader.whereLive(epilogue(kernel, shader, folds, outer.names)),
      "}",
    ],
  });
}
