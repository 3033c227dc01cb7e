declare global {
  interface ErrorConstructor {
    /** Frames that V8 and JavaScriptCore keep; absent in other engines. */
    stackTraceLimit?: number;
  }
}

/**
 * The named scopes (layers) that a node was made in and the user's source line. Nodes hold it so that errors can point at
 * the user's code, and so that exports have readable names.
 */
export class Origin {
  /** Slash-joined scopes, such as `encoder/dense_1`; empty outside any. */
  readonly scope: string;
  readonly #trace: Error | undefined;

  constructor(scope: string, trace?: Error) {
    this.scope = scope;
    this.#trace = trace;
  }

  /** The same place in the source, in a scope of this name within the origin's own. */
  within(name: string): Origin {
    return new Origin(this.scope === "" ? name : `${this.scope}/${name}`, this.#trace);
  }

  /** The layer and the source line, for messages; empty if neither is known. */
  get place(): string {
    return [this.scope === "" ? "" : `layer "${this.scope}"`, this.site ?? ""]
      .filter((part) => part !== "")
      .join(", ");
  }

  /** `file:line:column` of the first frame outside Adjoint, if the engine gives stacks. */
  get site(): string | undefined {
    for (const frame of this.#trace?.stack?.split("\n").slice(1) ?? []) {
      if (OWN_FRAME.test(frame) || frame.includes("node:internal")) continue;
      const match = /((?:file:\/\/|https?:\/\/|\/|[A-Za-z]:[\\/])[^\s()]+:\d+:\d+)\)?$/.exec(frame);
      if (match?.[1] !== undefined) return match[1].replace(/^file:\/\//, "");
    }
    return undefined;
  }
}

/** A frame inside one of the packages, from sources or as installed. */
const OWN_FRAME =
  /(?:packages|@adjoint)[/\\](?:ir|compiler|layers|optimizers|onnx|trainer|datasets|backend-\w+)[/\\](?:src|dist)[/\\]/;

/** Layers nest, so the user's frame can be far up. */
const STACK_DEPTH = 40;

let scope = "";
let inherited: Origin | undefined;

/** The origin for a node that is being made now. */
export function currentOrigin(): Origin {
  if (inherited !== undefined) return inherited;
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = STACK_DEPTH;
  const trace = new Error("made here");
  if (limit !== undefined) Error.stackTraceLimit = limit;
  return new Origin(scope, trace);
}

/** Runs `build`; the nodes it makes carry `name` as their innermost scope. */
export function withScope<T>(name: string, build: () => T): T {
  const outer = scope;
  scope = outer === "" ? name : `${outer}/${name}`;
  try {
    return build();
  } finally {
    scope = outer;
  }
}

/** Runs `build`; the nodes it makes inherit `origin`: what passes and gradients derive points at the source it came from. */
export function withOrigin<T>(origin: Origin, build: () => T): T {
  const outer = inherited;
  inherited = origin;
  try {
    return build();
  } finally {
    inherited = outer;
  }
}
