import type { LayerKind } from "./layer.ts";
import { activationKinds } from "./kinds/activations.ts";
import { parallelKind, residualKind, sequentialKind } from "./kinds/containers.ts";
import { conv1dKind, conv2dKind } from "./kinds/conv.ts";
import { denseKind } from "./kinds/dense.ts";
import { embeddingKind } from "./kinds/embedding.ts";
import { preluKind, rreluKind } from "./kinds/learned-activations.ts";
import { batchNormKind, layerNormKind } from "./kinds/normalization.ts";
import { averagePoolKind, globalAveragePoolKind, globalMaxPoolKind, maxPoolKind } from "./kinds/pooling.ts";
import { dropoutKind, gaussianNoiseKind } from "./kinds/regularization.ts";
import { flattenKind, reshapeKind } from "./kinds/shape.ts";

const rows: readonly LayerKind[] = [
  sequentialKind,
  residualKind,
  parallelKind,
  denseKind,
  conv1dKind,
  conv2dKind,
  maxPoolKind,
  averagePoolKind,
  globalAveragePoolKind,
  globalMaxPoolKind,
  flattenKind,
  reshapeKind,
  dropoutKind,
  gaussianNoiseKind,
  batchNormKind,
  layerNormKind,
  embeddingKind,
  preluKind,
  rreluKind,
  ...activationKinds,
];

/** Every kind of layer by name: what JSON can hold. Adding a kind is a row above and a file in `kinds/`. */
export const layerKinds: ReadonlyMap<string, LayerKind> = new Map(rows.map((row) => [row.kind, row]));
