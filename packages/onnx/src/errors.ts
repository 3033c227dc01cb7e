import { AdjointError } from "@adjoint/ir";

/** Broken or hostile bytes: what was read, what is wrong with it. */
export const malformed = (problem: string, remedy = ""): AdjointError =>
  new AdjointError("text", "fromOnnx", problem, remedy);

/** A model that uses what can't be imported: all of it, with how often each occurs. */
export class UnsupportedError extends AdjointError {
  /** Something unsupported, for example `ai.onnx.ml.TreeEnsemble`, and how often the model uses it. */
  readonly features: ReadonlyMap<string, number>;

  constructor(features: ReadonlyMap<string, number>, problem = "the model uses what can't be imported") {
    const list = [...features].map(([name, count]) => (count === 1 ? name : `${name} (${count} times)`));
    super("graph", "fromOnnx", `${problem}: ${list.join(", ")}`);
    this.features = features;
  }
}

/** One thing that can't be imported. */
export const unsupported = (feature: string, problem?: string): UnsupportedError =>
  new UnsupportedError(new Map([[feature, 1]]), problem);

/** A value must be known before compiling, and rests on inputs: bind one of them as a constant. */
export class UnboundInputError extends AdjointError {
  /** The inputs that the value rests on. */
  readonly inputs: readonly string[];

  constructor(operation: string, what: string, inputs: readonly string[]) {
    const binding = inputs.map((name) => JSON.stringify(name)).join(", ");
    super(
      "graph",
      operation,
      `${what} decides a shape and rests on the input${inputs.length === 1 ? "" : "s"} ${binding}`,
      `Bind ${inputs.length === 1 ? "it" : "them"}: fromOnnx(bytes, { constants: { ${binding}: value } }).`,
    );
    this.inputs = inputs;
  }
}

/** The feature that an `UnsupportedError` names where data of the run decide a shape. */
export const SHAPES_AT_RUN = "shapes known only at the run";
