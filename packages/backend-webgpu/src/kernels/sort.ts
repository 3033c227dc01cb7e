import type { SortKernel } from "@adjoint/compiler/kernel";
import { elementCount } from "@adjoint/ir/values";
import { type Arithmetic, arithmeticOf } from "../layout/words.ts";
import type { Context } from "./context.ts";
import { unravel } from "./coordinates.ts";
import type { Launch } from "./launch.ts";
import { Shader } from "./shader.ts";

const LANES = 64;

/** Words whose unsigned order is that of the elements: NaN largest, and the two zeros one. */
const keys: { readonly [A in Arithmetic]: string } = {
  f32: `fn keyOf(word: u32) -> u32 {
  let m = word & 0x7fffffffu;
  if (m > 0x7f800000u) { return 0xffffffffu; }
  if (m == 0u) { return 0x80000000u; }
  return select(word | 0x80000000u, ~word, (word & 0x80000000u) != 0u);
}`,
  i32: "fn keyOf(word: u32) -> u32 { return word ^ 0x80000000u; }",
  u32: "fn keyOf(word: u32) -> u32 { return word; }",
};

/**
 * Every element counts those of its line that come before it, which is its position: stable, without an exchange between
 * invocations, and n² comparisons for a line of n, all at once.
 */
export function sort(kernel: SortKernel, context: Context): readonly Launch[] {
  const { outer, size, count, descending, dtype } = kernel;
  const shader = new Shader(context);
  const invocations = elementCount(outer) * size;
  const { lines, names } = unravel("line", outer, "i");
  const at = (step: string): string =>
    shader.loadWord(kernel.source, shader.affine(kernel.index, [...names, step]));
  const target = shader.affine(kernel.values, [...names, "rank"]);
  const key = descending ? "~keyOf" : "keyOf";
  return [
    shader.launch({
      groups: Math.ceil(invocations / LANES),
      lanes: LANES,
      declarations: [keys[arithmeticOf(dtype)]],
      body: [
        `let at = i32(group * ${LANES}u + lane);`,
        `if (at >= ${invocations}) { return; }`,
        `let line = at / ${size};`,
        `let own = at % ${size};`,
        ...lines,
        `let word = ${at("own")};`,
        `let key = ${key}(word);`,
        "var rank = 0;",
        `for (var other = 0; other < ${size}; other++) {`,
        `let beside = ${key}(${at("other")});`,
        "rank += select(0, 1, beside < key || (beside == key && other < own));",
        "}",
        `if (rank < ${count}) {`,
        shader.storeWord(kernel.valuesBuffer, target, "word"),
        `${shader.buffer(kernel.indicesBuffer, true)}[${target}] = u32(own);`,
        "}",
      ],
    }),
  ];
}
