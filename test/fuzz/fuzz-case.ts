import type { Graph, TensorValue } from "@adjoint/ir";

export type Feeds = { readonly [input: string]: TensorValue };

/** Programs that share registers, and what is run of them. */
export interface FuzzCase {
  readonly entries: { readonly [name: string]: Graph };
  readonly runs: readonly { readonly entry: string; readonly feeds: Feeds }[];
}
