import { type DataOf, elementCount } from "@adjoint/ir/values";
import { oneOf, strictObject, tuple, whole, withDefault } from "@adjoint/ir/schema";
import { type Column } from "./column.ts";
import { allocate, type NumberDType } from "./dtype.ts";
import { DatasetError } from "./error.ts";
import { parseOptions } from "./options.ts";
import { forEachPiece, type Source } from "./source.ts";

/** Options of resizing images. */
export interface ResizeOptions {
  /**
   * `"area"`: each new pixel is the mean of the area it covers (best for making images smaller).
   * `"bilinear"`: linear interpolation between the four nearest pixel centres, edges repeated (for making them larger;
   * it skips pixels when an image shrinks to less than half). Default: `"area"`.
   */
  readonly method?: "area" | "bilinear";
  /** The position of the channels in an image of rank 3: `[height, width, channels]` or first. Default: `"last"`. */
  readonly channels?: "last" | "first";
}

const schema = strictObject({
  method: withDefault(oneOf(["area", "bilinear"], 'must be "area" or "bilinear"'), "area"),
  channels: withDefault(oneOf(["last", "first"], 'must be "last" or "first"'), "last"),
});
const sizeSchema = tuple([whole(1), whole(1)], "must be [height, width]");

/**
 * The images of `source` ([height, width] or with channels) at another size, as f32.
 *
 * Both methods are a weighted sum along each axis, computed in f64.
 *
 * @throws DatasetError `bad-option`; `bad-shape` when the examples aren't images.
 */
export function resized(
  source: Source<NumberDType>,
  newSize: readonly [height: number, width: number],
  options: ResizeOptions,
): Column<"f32"> {
  const [newHeight, newWidth] = parseOptions("resize size", sizeSchema, newSize);
  const { method, channels } = parseOptions("resize", schema, options);
  const image = source.shape;
  if (image.length !== 2 && image.length !== 3) {
    throw new DatasetError(
      "bad-shape",
      "resize",
      `examples of shape [${image.join(", ")}] aren't images. ` +
        `An image is [height, width], or of rank 3 with channels.`,
    );
  }
  const leading = channels === "first" ? image.slice(0, -2) : [];
  const [height = 1, width = 1, ...trailing] = image.slice(leading.length);
  const lanes = elementCount(trailing);
  const axis = method === "area" ? areaWeights : bilinearWeights;
  const columns = axis(width, newWidth);
  const rows = axis(height, newHeight);

  const shape = [source.length, ...leading, newHeight, newWidth, ...trailing];
  const data = allocate("f32", elementCount(shape));
  let target = 0;
  forEachPiece(source, (values, count) => {
    const blocks = count / (width * lanes);
    const narrow = new Float64Array(blocks * newWidth * lanes);
    weightedSums(values, blocks, width, lanes, columns, narrow);
    const images = blocks / height;
    const part = data.subarray(target, target + images * newHeight * newWidth * lanes);
    weightedSums(narrow, images, height, newWidth * lanes, rows, part);
    target += part.length;
  });
  return { dtype: "f32", shape, data };
}

/** For each new position: the first old position it takes from, and the weights of that and the following ones. */
type Weights = readonly { readonly first: number; readonly weights: readonly number[] }[];

/** New pixel i covers the old interval [i, i + 1]·size/newSize; an old pixel weighs as much as it is covered. */
function areaWeights(size: number, newSize: number): Weights {
  return Array.from({ length: newSize }, (_, index) => {
    // Products of whole numbers before the division: borders that fall on a pixel's border do so exactly.
    const begin = (index * size) / newSize;
    const end = ((index + 1) * size) / newSize;
    const first = Math.floor(begin);
    const weights = Array.from({ length: Math.ceil(end) - first }, (__, offset) => {
      const covered = Math.min(end, first + offset + 1) - Math.max(begin, first + offset);
      return covered / (end - begin);
    });
    return { first, weights };
  });
}

/** New centre i + ½ lies at (i + ½)·size/newSize − ½ between old centres. */
function bilinearWeights(size: number, newSize: number): Weights {
  return Array.from({ length: newSize }, (_, index) => {
    const centre = ((2 * index + 1) * size) / (2 * newSize) - 0.5;
    const position = Math.min(Math.max(centre, 0), size - 1);
    const first = Math.min(Math.floor(position), Math.max(size - 2, 0));
    const rest = position - first;
    return { first, weights: size === 1 ? [1] : [1 - rest, rest] };
  });
}

/** To `out`: `values` as [outer, size, inner] with the middle axis replaced by weighted sums. */
function weightedSums(
  values: DataOf<NumberDType>,
  outer: number,
  size: number,
  inner: number,
  axis: Weights,
  out: Float32Array | Float64Array,
): void {
  let target = 0;
  for (let block = 0; block < outer; block++) {
    for (const { first, weights } of axis) {
      const begin = (block * size + first) * inner;
      for (let lane = 0; lane < inner; lane++) {
        let sum = 0;
        for (let tap = 0; tap < weights.length; tap++) {
          sum += (weights[tap] ?? 0) * (values[begin + tap * inner + lane] ?? 0);
        }
        out[target++] = sum;
      }
    }
  }
}
