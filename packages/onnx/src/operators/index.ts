import { activations } from "./activations.ts";
import { attention } from "./attention.ts";
import { casts } from "./casts.ts";
import { constants } from "./constants.ts";
import { control } from "./control.ts";
import { convolution } from "./convolution.ts";
import { image } from "./image.ts";
import { indexing } from "./indexing.ts";
import { logic } from "./logic.ts";
import { math } from "./math.ts";
import { normalization } from "./normalization.ts";
import { ordering } from "./ordering.ts";
import { pooling } from "./pooling.ts";
import { products } from "./products.ts";
import { quantization } from "./quantization.ts";
import { random } from "./random.ts";
import { recurrent } from "./recurrent.ts";
import { reductions } from "./reductions.ts";
import { shaping } from "./shaping.ts";
import { signal } from "./signal.ts";
import { slicing } from "./slicing.ts";
import { softmax } from "./softmax.ts";
import { training } from "./training.ts";
import { type Operator, operatorKey } from "./row.ts";

/** Every family; a test compares this list with the files of the folder. */
export const families: readonly (readonly Operator[])[] = [
  math,
  activations,
  logic,
  casts,
  constants,
  shaping,
  slicing,
  products,
  reductions,
  normalization,
  softmax,
  convolution,
  pooling,
  indexing,
  ordering,
  recurrent,
  attention,
  training,
  control,
  quantization,
  image,
  signal,
  random,
];

/** Every operator that can be imported, by `operatorKey`. */
export const operators: ReadonlyMap<string, Operator> = new Map(
  families.flat().map((row) => [operatorKey(row.domain, row.name), row]),
);
