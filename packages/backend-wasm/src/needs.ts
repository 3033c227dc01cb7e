import type { Kernel, Program, ScalarGraph, ScalarNode } from "@adjoint/compiler";
import { type DType, dtypeInfo } from "@adjoint/ir";
import { contractionFamilies } from "./contract/index.ts";
import type { Family } from "./families.ts";
import { turnedOf } from "./kernels/map-turned.ts";
import { isMath, mathSources } from "./math/functions.ts";
import { carrier } from "./scalar/carriers.ts";
import { isLanewise } from "./scalar/vector.ts";
import { needsWords } from "./scalar/word-names.ts";

/** Elements that fill no lane of 32 bits. */
const isNarrow = (dtype: DType): boolean => dtypeInfo[dtype].bytes < 4;
const isHalf = (dtype: DType): boolean => dtype === "f16" || dtype === "bf16";

/** Dtypes that casts need no family for. */
const PLAIN: readonly DType[] = ["bool", "f32", "f64"];

/** The families that writing a value takes. */
function familiesOfNode(node: ScalarNode): readonly Family[] {
  switch (node.kind) {
    case "randomBits":
      return ["words"];
    case "index":
      return node.dtype === "i32" || PLAIN.includes(node.dtype) ? [] : ["words"];
    case "map": {
      const { operation, from, dtype } = node;
      const type = carrier[from];
      if (operation === "cast") return from === dtype || PLAIN.includes(dtype) ? [] : ["words"];
      if (operation === "bitcast" || needsWords(operation, from) || isLanewise(operation, from))
        return ["words"];
      if (!isMath(operation)) return [];
      const source = type === "f32" || type === "f64" ? mathSources[operation][type] : undefined;
      return source === undefined ? [] : [source];
    }
    default:
      return [];
  }
}

/** The families that writing a kernel takes, its expressions aside. */
function familiesOfForm(kernel: Kernel, dtypeOf: (buffer: number) => DType): readonly Family[] {
  switch (kernel.form) {
    case "map": {
      const roots = kernel.stores.map(({ value, buffer }) => ({ value, dtype: dtypeOf(buffer) }));
      return turnedOf(kernel, roots) === undefined ? [] : ["ordered"];
    }
    case "reduce":
      return [];
    case "contract":
      return contractionFamilies(kernel);
    default:
      return ["ordered"];
  }
}

function expressionsOf(kernel: Kernel): readonly ScalarGraph[] {
  switch (kernel.form) {
    case "map":
    case "cumulative":
    case "scatter":
      return [kernel.body];
    case "reduce":
      return [kernel.body, kernel.epilogue];
    case "contract":
      return [kernel.epilogue];
    default:
      return [];
  }
}

function innerOf(kernel: Kernel): readonly Kernel[] {
  if (kernel.form === "scan") return kernel.body;
  return kernel.form === "if" ? kernel.branches.flat() : [];
}

/** The families that a program's code is written by. */
export function familiesOf(
  { kernels, buffers }: Program,
  { threads, isChecked = false }: { readonly threads: number; readonly isChecked?: boolean },
): ReadonlySet<Family> {
  const families = new Set<Family>(isChecked ? ["checked"] : threads > 1 ? ["threads"] : []);
  if (buffers.some(({ dtype, location }) => isNarrow(dtype) && location.kind !== "none"))
    families.add("words");
  const dtypeOf = (buffer: number): DType => buffers[buffer]?.dtype ?? "f32";
  const walk = (kernel: Kernel): void => {
    for (const family of familiesOfForm(kernel, dtypeOf)) families.add(family);
    for (const node of expressionsOf(kernel).flat()) {
      if (isHalf(node.dtype)) families.add("words");
      for (const family of familiesOfNode(node)) families.add(family);
    }
    innerOf(kernel).forEach(walk);
  };
  kernels.forEach(walk);
  return families;
}
