import { arctangents } from "../math/arctangents.ts";
import { bits } from "../math/bits.ts";
import { errorFunction } from "../math/error-function.ts";
import { exponentials } from "../math/exponentials.ts";
import { hyperbolics } from "../math/hyperbolics.ts";
import { integers } from "../math/integers.ts";
import { logarithms } from "../math/logarithms.ts";
import { powers } from "../math/powers.ts";
import { remainders } from "../math/remainders.ts";
import { threefry } from "../math/threefry.ts";
import { trigonometry } from "../math/trigonometry.ts";

/** Functions that kernels may call, by the names they have in WGSL. */
export type FunctionName = keyof (typeof bits &
  typeof integers &
  typeof exponentials &
  typeof logarithms &
  typeof hyperbolics &
  typeof trigonometry &
  typeof arctangents &
  typeof errorFunction &
  typeof powers &
  typeof remainders &
  typeof threefry);

const library: { readonly [N in FunctionName]: string } = {
  ...bits,
  ...integers,
  ...exponentials,
  ...logarithms,
  ...hyperbolics,
  ...trigonometry,
  ...arctangents,
  ...errorFunction,
  ...powers,
  ...remainders,
  ...threefry,
};

const names = Object.keys(library);

/** The sources of functions and of all that they call, callees first. */
export function sourcesOf(wanted: Iterable<FunctionName>): readonly string[] {
  const found = new Map<string, string>();
  const visit = (name: string): void => {
    if (found.has(name)) return;
    // `names` are the library's keys.
    const source = library[name as FunctionName];
    for (const other of names) if (other !== name && new RegExp(`\\b${other}\\(`).test(source)) visit(other);
    found.set(name, source);
  };
  for (const name of wanted) visit(name);
  return [...found.values()];
}
