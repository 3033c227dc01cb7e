/** The backend of a page. */
export type BackendName = "cpu" | "wasm" | "wasmPlain" | "webgpu";

/** The tasks of a page, with their answers. */
export interface Works {
  /** Runs the conformance suite. */
  readonly conformance: {
    readonly ask: { readonly backend: BackendName };
    readonly answer: {
      readonly passed: number;
      /** The number of cases that were left out, by reason. */
      readonly skipped: { readonly [reason: string]: number };
      /** Subject, case and problem. */
      readonly failed: readonly string[];
    };
  };
  /** Runs the conformance cases; the answer is a digest of the results of each. */
  readonly digests: {
    readonly ask: { readonly backend: BackendName };
    readonly answer: { readonly [item: string]: number };
  };
  /** Trains the MLP on MNIST; the answer is the loss of each step. */
  readonly training: {
    readonly ask: { readonly backend: BackendName; readonly steps: number };
    readonly answer: readonly number[];
  };
}

/** The task as a page reads it from its address. */
export interface Task<W extends keyof Works> {
  readonly work: W;
  readonly ask: Works[W]["ask"];
}

/** The answer of a page. */
export interface Report<W extends keyof Works> {
  /** Whether the page is isolated from other origins, and so has shared memory. */
  readonly isolated: boolean;
  /** Whether its policy lets it make functions from text. */
  readonly evaluates: boolean;
  /** Threads that the backend ran on. */
  readonly threads: number;
  readonly milliseconds: number;
  readonly answer: Works[W]["answer"];
}

export interface Failure {
  readonly error: string;
}
