import { type Graph, type State, Tensor, type TensorValue, input, program } from "@adjoint/ir";

/**
 * A trait that a case needs beyond ordinary arithmetic, so that a device that does not promise it can say which cases it leaves out:
 * `nonFinite` NaN and infinities, `signedZero` the sign of zero (compared then, and only then), `subnormal` numbers
 * below the smallest normal one.
 */
type Trait = "nonFinite" | "signedZero" | "subnormal";

/** The largest distance of floats from the oracle's. Integers, bools and shapes are always exact. */
interface Tolerance {
  /** Times the dtype's own tolerance (see `suite.ts`); for results of several rounded steps. */
  readonly times?: number;
  /** Errors are measured against the mean magnitude of the output at least: for sums whose terms cancel. */
  readonly ofMean?: boolean;
}

/** A graph and what it is fed. What it should give comes from the reference evaluator. */
export interface Case {
  readonly name: string;
  readonly graph: () => Graph;
  readonly feeds: { readonly [input: string]: TensorValue };
  /** Registers that start elsewhere than at their initial value. */
  readonly state?: State;
  readonly tolerance?: Tolerance;
  readonly traits?: readonly Trait[];
}

export type CaseOptions = Pick<Case, "state" | "tolerance" | "traits">;

type Feeds = { readonly [input: string]: TensorValue };
type Results = { readonly [output: string]: Tensor };

/** A case whose inputs have the types of what they are fed. */
export function make<F extends Feeds>(
  name: string,
  feeds: F,
  // The record's names are those of the feeds.
  build: (inputs: { readonly [K in keyof F]: Tensor }) => Tensor | Results,
  options: CaseOptions = {},
): Case {
  return {
    name,
    feeds,
    ...options,
    graph: () => {
      const inputs = declared(feeds);
      // `declared` makes one tensor for each feed.
      const results = build(inputs as { readonly [K in keyof F]: Tensor });
      return program({ inputs, outputs: isTensor(results) ? { y: results } : results });
    },
  };
}

const isTensor = (results: Tensor | Results): results is Tensor => results instanceof Tensor;

/** Inputs of the types of their feeds. */
export const declared = (feeds: Feeds): { readonly [name: string]: Tensor } =>
  Object.fromEntries(
    Object.entries(feeds).map(([name, { dtype, shape }]) => [name, input(name, dtype, shape)]),
  );

/** A tensor that the case knows to be there. */
export function the(tensor: Tensor | undefined): Tensor {
  if (tensor === undefined) throw new Error("a case asks for a tensor that is not there");
  return tensor;
}

export const at = (tensors: readonly Tensor[], index: number): Tensor => the(tensors[index]);
