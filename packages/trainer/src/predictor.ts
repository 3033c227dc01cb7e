import { type Session, type SessionOptions, compile } from "@adjoint/compiler";
import { AdjointError, type Graph, type State, type TensorValue } from "@adjoint/ir";
import { registersOf } from "@adjoint/ir/graph";
import { type ModelDeclaration, predictionProgram } from "./declaration.ts";
import { type PredictingEntries, predictAll } from "./evaluate.ts";
import { type PassOptions, parsePass } from "./options.ts";
import type { Examples } from "./trainer.ts";

/** Options of compiling a predictor: the weights in `state` are needed. */
export type PredictorOptions = SessionOptions & { readonly state: State };

/** A model with its weights, for predictions alone. */
export class Predictor<I extends string = string, O extends string = string> implements AsyncDisposable {
  readonly session: Session<PredictingEntries>;
  readonly program: Graph<I, O>;

  private constructor(session: Session<PredictingEntries>, program: Graph<I, O>) {
    this.session = session;
    this.program = program;
  }

  /** Compiles the program. @throws AdjointError naming a register that `state` lacks. */
  static async open<I extends string, O extends string>(
    predict: Graph<I, O>,
    options: PredictorOptions,
  ): Promise<Predictor<I, O>> {
    const names = registersOf(predict);
    const missing = [...names.keys()].find((name) => !Object.hasOwn(options.state, name));
    if (missing !== undefined) {
      throw new AdjointError(
        "state",
        "predictor",
        `the state lacks register "${missing}" of the model`,
        "Was it made by another model? trainer.weights() has all.",
      );
    }
    // A model that was cut, or weights of a whole checkpoint: what this model doesn't read stays out.
    const state = Object.fromEntries(Object.entries(options.state).filter(([name]) => names.has(name)));
    return new Predictor(await compile<PredictingEntries>({ predict }, { ...options, state }), predict);
  }

  /** The program's outputs for all examples, in arrays whose first axis counts them. */
  async predict(
    examples: Examples<I>,
    options: PassOptions = {},
  ): Promise<{ readonly [output in O]: TensorValue }> {
    const results = await predictAll(this.session, this.program, {
      examples,
      batchSize: parsePass("predict", options),
    });
    // The names are the outputs of the program.
    return results as { readonly [output in O]: TensorValue };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.session[Symbol.asyncDispose]();
  }

  /** Releases the session's memory; the same as leaving an `await using` block. */
  close(): Promise<void> {
    return this.session.close();
  }
}

/**
 * A predictor of a model and its weights, such as those of a file. Registers in `state` that the model doesn't read are
 * left out, so that a model cut at an inner layer takes the weights of the whole.
 * @example
 * await using predictor = await createPredictor(
 *   { model: fromJson(json), input: { name: "images", dtype: "f32", shape: [28, 28] } }, { backend: cpu(), state: weights },
 * );
 */
export const createPredictor = <I extends string>(
  declaration: ModelDeclaration<I>,
  options: PredictorOptions,
): Promise<Predictor<I, "output">> => Predictor.open(predictionProgram(declaration), options);
