import { activations } from "./activations.ts";
import { algebra } from "./algebra.ts";
import { attention } from "./attention.ts";
import { casts } from "./casts.ts";
import { constants } from "./constants.ts";
import { control } from "./control.ts";
import { convolution } from "./convolution.ts";
import { image } from "./image.ts";
import { indexing } from "./indexing.ts";
import { logic } from "./logic.ts";
import { losses } from "./losses.ts";
import { math } from "./math.ts";
import { normalization } from "./normalization.ts";
import { ordering } from "./ordering.ts";
import { pooling } from "./pooling.ts";
import { products } from "./products.ts";
import { quantization } from "./quantization.ts";
import { random } from "./random.ts";
import { recurrent } from "./recurrent.ts";
import { reductions } from "./reductions.ts";
import { sequences } from "./sequences.ts";
import { shaping } from "./shaping.ts";
import { signal } from "./signal.ts";
import { slicing } from "./slicing.ts";
import { softmax } from "./softmax.ts";
import { streaming } from "./streaming.ts";
import { training } from "./training.ts";
import { unique } from "./unique.ts";
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
  algebra,
  reductions,
  normalization,
  softmax,
  losses,
  convolution,
  pooling,
  indexing,
  ordering,
  unique,
  recurrent,
  attention,
  streaming,
  training,
  control,
  sequences,
  quantization,
  image,
  signal,
  random,
];

/** Every operator that can be imported, by `operatorKey`. */
export const operators: ReadonlyMap<string, Operator> = new Map(
  families.flat().map((row) => [operatorKey(row.domain, row.name), row]),
);
