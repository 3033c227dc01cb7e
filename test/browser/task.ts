/** What runs on a page. */
export type BackendName = "cpu" | "wasm" | "webgpu";

/** What a page can be asked for, and what it answers. */
export interface Works {
  /** Runs the conformance suite. */
  readonly conformance: {
    readonly ask: { readonly backend: BackendName };
    readonly answer: {
      readonly passed: number;
      /** How many cases were left out, by reason. */
      readonly skipped: { readonly [reason: string]: number };
      /** Subject, case and problem. */
      readonly failed: readonly string[];
    };
  };
  /** Trains the MLP on MNIST; the answer is the loss of each step. */
  readonly training: {
    readonly ask: { readonly backend: BackendName; readonly steps: number };
    readonly answer: readonly number[];
  };
}

/** What a page reads from its address. */
export interface Task<W extends keyof Works> {
  readonly work: W;
  readonly ask: Works[W]["ask"];
}

/** What a page answers. */
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
