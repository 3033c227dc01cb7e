import { elementCount } from "@adjoint/ir/values";

/** Declares the coordinates of a linear position; axes of one element are "0", and so are all where there is nothing. */
export function unravel(
  linear: string,
  sizes: readonly number[],
  prefix: string,
): { readonly lines: readonly string[]; readonly names: readonly string[] } {
  if (sizes.includes(0)) return { lines: [], names: sizes.map(() => "0") };
  const lines: string[] = [];
  const names = sizes.map((size, axis) => (size === 1 ? "0" : `${prefix}${axis}`));
  let inner = elementCount(sizes);
  const outermost = sizes.findIndex((size) => size !== 1);
  sizes.forEach((size, axis) => {
    inner /= size;
    if (size === 1) return;
    const quotient = inner === 1 ? linear : `${linear} / ${inner}`;
    const code =
      axis === outermost ? quotient : inner === 1 ? `${quotient} % ${size}` : `(${quotient}) % ${size}`;
    lines.push(`let ${names[axis]} = ${code};`);
  });
  return { lines, names };
}
