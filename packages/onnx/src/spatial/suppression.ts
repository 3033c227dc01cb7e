import { type Scalar, type TensorValue, elementReader, valueOf } from "@adjoint/ir/values";

/** [y, x] of one corner and of the other, in either order, or [x, y] of the center and the sizes. */
type BoxForm = "corners" | "center";

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

const boxes: { readonly [form in BoxForm]: (a: number, b: number, c: number, d: number) => Box } = {
  corners: (y1, x1, y2, x2) => ({
    left: Math.min(x1, x2),
    right: Math.max(x1, x2),
    top: Math.min(y1, y2),
    bottom: Math.max(y1, y2),
  }),
  center: (x, y, width, height) => ({
    left: x - width / 2,
    right: x + width / 2,
    top: y - height / 2,
    bottom: y + height / 2,
  }),
};

const areaOf = ({ left, right, top, bottom }: Box): number =>
  Math.max(0, right - left) * Math.max(0, bottom - top);

/** The area that two boxes share, as a part of what they cover together. */
function overlap(a: Box, b: Box): number {
  const shared = areaOf({
    left: Math.max(a.left, b.left),
    right: Math.min(a.right, b.right),
    top: Math.max(a.top, b.top),
    bottom: Math.min(a.bottom, b.bottom),
  });
  return shared === 0 ? 0 : shared / (areaOf(a) + areaOf(b) - shared);
}

export interface SuppressionOptions {
  readonly form: BoxForm;
  readonly most: number;
  readonly overlap: number;
  /** Scores must be above it. */
  readonly score: number;
}

/**
 * The boxes that are left when each takes away those of lower score that overlap it: i64 rows [n, class, box], by falling
 * score within a class. How many there are decides a shape, so it is computed where a model is read.
 * @param boxValues [N, boxes, 4].
 * @param scores [N, classes, boxes].
 * @param reserve hears of the comparisons before they are made.
 */
export function selectedBoxes(
  boxValues: TensorValue,
  scores: TensorValue,
  { form, most, overlap: threshold, score }: SuppressionOptions,
  reserve: (steps: number) => void,
): TensorValue {
  const [batch = 0, classes = 0, count = 0] = scores.shape;
  reserve(boxValues.data.length + scores.data.length);
  const [read, readScore] = [elementReader(boxValues), elementReader(scores)];
  const number = (value: Scalar): number => Number(value);
  const rows: (readonly [n: number, kind: number, box: number])[] = [];
  for (let n = 0; n < batch; n++) {
    const found = Array.from({ length: count }, (_, box) => {
      const [a = 0, b = 0, c = 0, d = 0] = [0, 1, 2, 3].map((k) => number(read((n * count + box) * 4 + k)));
      return boxes[form](a, b, c, d);
    });
    for (let kind = 0; kind < classes; kind++) {
      const scoreOf = (box: number): number => number(readScore((n * classes + kind) * count + box));
      // Stable: of equal scores the first box is better.
      const candidates = [...found.keys()]
        .filter((box) => scoreOf(box) > score)
        .toSorted((a, b) => scoreOf(b) - scoreOf(a));
      reserve(candidates.length * Math.max(0, Math.min(most, candidates.length)));
      for (const box of greedy(candidates, found, most, threshold)) rows.push([n, kind, box]);
    }
  }
  return valueOf("i64", [rows.length, 3], rows.flat());
}

/** The candidates, best first, that don't overlap one taken before. */
function greedy(
  candidates: readonly number[],
  found: readonly Box[],
  most: number,
  threshold: number,
): readonly number[] {
  const taken: (readonly [index: number, box: Box])[] = [];
  for (const index of candidates) {
    if (taken.length >= most) break;
    const box = found[index];
    if (box !== undefined && taken.every(([, other]) => overlap(box, other) <= threshold))
      taken.push([index, box]);
  }
  return taken.map(([index]) => index);
}
