import { elementCount } from "@adjoint/ir";

/** Declares the coordinates of a linear position; axes of one element are "0". */
export function unravel(
  linear: string,
  sizes: readonly number[],
  prefix: string,
): { readonly lines: readonly string[]; readonly names: readonly string[] } {
  const lines: string[] = [];
  const names = sizes.map((size, axis) => (size === 1 ? "0" : `${prefix}${axis}`));
  let inner = elementCount(sizes);
  const outermost = sizes.findIndex((size) => size !== 1);
  sizes.forEach((size, axis) => {
    inner /= Math.max(size, 1);
    if (size === 1) return;
    const quotient = inner === 1 ? linear : `${linear} / ${inner}`;
    const code =
      axis === outermost ? quotient : inner === 1 ? `${quotient} % ${size}` : `(${quotient}) % ${size}`;
    lines.push(`let ${names[axis]} = ${code};`);
  });
  return { lines, names };
}
