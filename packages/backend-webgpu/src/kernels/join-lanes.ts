import type { Fold } from "./fold.ts";
import type { Shader } from "./shader.ts";

interface Join {
  readonly declarations: readonly string[];
  readonly body: readonly string[];
}

/**
 * Halves of a workgroup's folds join until the first invocation has all. Once no more are left than a subgroup has invocations,
 * these join them without barriers: the same folds in pairs, and so the same bits.
 */
export function joinLanes(shader: Shader, folds: readonly Fold[], lanes: number): Join {
  const states = folds.flatMap((fold) => fold.states);
  const { subgroup } = shader.context;
  // A subgroup larger than the workgroup has invocations missing, and no one knows which.
  const width = subgroup > lanes ? 1 : subgroup;
  const shared = (name: string, at: string): string => `${name}Shared[${at}]`;
  const keep = states.map(({ name }) => `${shared(name, "lane")} = ${name};`);
  return {
    declarations: states.map(({ name, type }) => `var<workgroup> ${name}Shared: array<${type}, ${lanes}>;`),
    body: [
      ...keep,
      "workgroupBarrier();",
      `for (var half = ${lanes / 2}u; half >= ${width}u; half = half >> 1u) {`,
      "if (lane < half) {",
      ...folds.flatMap((fold) => fold.merge(fold.states.map(({ name }) => shared(name, "lane + half")))),
      ...keep,
      "}",
      "workgroupBarrier();",
      "}",
      ...(width > 1 ? joinSubgroup(shader, folds, width, shared) : []),
    ],
  };
}

/**
 * Every subgroup joins the `width` folds that are left, whichever invocations of the workgroup it consists of: by their indices
 * in it. Its first one joins them as the workgroup would, and gives the others the result.
 */
function joinSubgroup(
  shader: Shader,
  folds: readonly Fold[],
  width: number,
  shared: (name: string, at: string) => string,
): readonly string[] {
  const states = folds.flatMap((fold) => fold.states);
  const other = (name: string): string => `${name}Other`;
  return [
    // Larger subgroups join them several times.
    ...states.map(({ name }) => `${name} = ${shared(name, `${shader.subgroupIndex()} & ${width - 1}u`)};`),
    `for (var half = ${width / 2}u; half > 0u; half = half >> 1u) {`,
    ...states.map(({ name }) => `let ${other(name)} = subgroupShuffleXor(${name}, half);`),
    ...folds.flatMap((fold) => fold.merge(fold.states.map(({ name }) => other(name)))),
    "}",
    ...states.map(({ name }) => `${name} = subgroupBroadcastFirst(${name});`),
  ];
}
