import { type WindowOptions, window, windowSum } from "@adjoint/ir";
import type { NameOf } from "@adjoint/ir/graph";
import { type Case, make } from "../case.ts";
import { all, filledWith, labelled, numeric, random } from "../samples.ts";

/** Windows that touch, overlap, leave gaps, and reach over gaps. */
const windows: {
  readonly [name: string]: { readonly extents: readonly number[]; readonly options: WindowOptions };
} = {
  "one axis, overlapping": { extents: [3, 8], options: { axes: [1], sizes: [3] } },
  "one axis, side by side": { extents: [2, 9], options: { axes: [1], sizes: [3], strides: [3] } },
  "one axis, gaps between": { extents: [11], options: { axes: [0], sizes: [2], strides: [4] } },
  "one axis, dilated": { extents: [2, 10], options: { axes: [1], sizes: [3], dilations: [2] } },
  "first axis of three": { extents: [5, 2, 3], options: { axes: [0], sizes: [2], strides: [2] } },
  "two axes, strided and dilated": {
    extents: [2, 9, 8],
    options: { axes: [1, 2], sizes: [3, 2], strides: [2, 3], dilations: [1, 2] },
  },
  "two axes, last first": { extents: [4, 5, 6], options: { axes: [2, 0], sizes: [3, 2], strides: [1, 2] } },
  "a window as large as the axis": { extents: [3, 4], options: { axes: [0, 1], sizes: [3, 4] } },
  "windows of one": { extents: [3, 4], options: { axes: [1], sizes: [1], strides: [2] } },
};

const windowed = (
  extents: readonly number[],
  { axes, sizes, strides, dilations }: WindowOptions,
): number[] => {
  const counts = extents.map((extent, axis) => {
    const at = axes.indexOf(axis);
    if (at < 0) return extent;
    const span = ((sizes[at] ?? 1) - 1) * (dilations?.[at] ?? 1) + 1;
    return Math.floor((extent - span) / (strides?.[at] ?? 1)) + 1;
  });
  return [...counts, ...sizes];
};

export const windowCases: {
  readonly [N in Extract<NameOf<"view">, "window" | "windowSum">]: readonly Case[];
} = {
  window: [
    ...all.map((dtype) =>
      make(dtype, { x: labelled(dtype, [2, 7]) }, ({ x }) =>
        window(x, { axes: [1], sizes: [3], strides: [2] }),
      ),
    ),
    ...Object.entries(windows).map(([name, { extents, options }]) =>
      make(`f32, ${name}`, { x: labelled("f32", extents) }, ({ x }) => window(x, options)),
    ),
    make("f32, no rows", { x: labelled("f32", [0, 5]) }, ({ x }) => window(x, { axes: [1], sizes: [2] })),
    make("f32, largest of each window, with padding", { x: random("f32", [2, 3, 6, 7], 4) }, ({ x }) =>
      window(x.pad({ low: [0, 0, 1, 1], high: [0, 0, 0, 1], value: -10 }), {
        axes: [2, 3],
        sizes: [3, 3],
        strides: [2, 2],
      }).reduceMax({ axes: [4, 5] }),
    ),
  ],
  windowSum: [
    ...numeric.map((dtype) =>
      make(
        dtype,
        {
          g: filledWith(
            dtype,
            [2, 3, 3],
            dtype === "u8"
              ? [250, 3, 7]
              : [1, 100, 27].map((x) => (dtype === "i64" || dtype === "u64" ? BigInt(x) : x)),
          ),
        },
        ({ g }) => windowSum(g, { axes: [1], sizes: [3], strides: [2], extents: [2, 7] }),
      ),
    ),
    ...Object.entries(windows).map(([name, { extents, options }]) =>
      make(
        `f32, ${name}`,
        { g: random("f32", windowed(extents, options), 6) },
        ({ g }) => windowSum(g, { ...options, extents }),
        { tolerance: { ofMean: true } },
      ),
    ),
    make("f32, no rows", { g: labelled("f32", [0, 4, 2]) }, ({ g }) =>
      windowSum(g, { axes: [1], sizes: [2], extents: [0, 5] }),
    ),
    make("f32, elements that no window reaches", { g: random("f32", [2, 2], 3) }, ({ g }) =>
      windowSum(g, { axes: [0], sizes: [2], strides: [3], extents: [7] }),
    ),
  ],
};
