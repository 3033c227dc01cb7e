import {
  AdjointError,
  type DType,
  type Graph,
  type Tensor,
  type Update,
  dim,
  input,
  program,
} from "@adjoint/ir";

/** A column of the data as one example has it; its name is that of the data set's field. */
export interface Field<N extends string = string> {
  readonly name: N;
  readonly dtype: DType;
  /** Without the axis of examples. */
  readonly shape: readonly number[];
}

/** A function of one tensor that may behave otherwise in training: a layer, or any function over operations. */
export type Model = (x: Tensor, options: { readonly training: boolean }) => Tensor;

/** A function that computes a loss or a metric: a scalar that is a mean over examples. */
export type Measure = (output: Tensor, target: Tensor) => Tensor;

/** A model and what it predicts from. */
export interface ModelDeclaration<I extends string = string> {
  readonly model: Model;
  readonly input: Field<I>;
}

/** A model and how it learns. */
export interface Declaration<
  I extends string = string,
  T extends string = never,
  M extends string = never,
> extends ModelDeclaration<I> {
  /** The values to predict; the input itself (an autoencoder) if it is left out. */
  readonly target?: Field<T>;
  /** A float scalar that is a mean over the batch, so that batches average to the whole. */
  readonly loss: Measure;
  /** The updates that make the loss smaller, such as `adam()`. */
  readonly optimizer: (loss: Tensor) => readonly Update[];
  /** Scalars by name, means over the batch as the loss. */
  readonly metrics?: { readonly [metric in M]: Measure };
}

/** The three programs of a training, over one set of registers. */
export interface Programs<
  I extends string = string,
  T extends string = never,
  M extends string = never,
  O extends string = string,
> {
  /** One step: outputs the loss and the metrics, and updates the registers. */
  readonly train: Graph<I | T, "loss" | M>;
  /** The same outputs as the model behaves outside training; without updates. */
  readonly evaluate: Graph<I | T, "loss" | M>;
  readonly predict: Graph<I, O>;
}

const batch = dim("batch");
const tensorOf = ({ name, dtype, shape }: Field): Tensor => input(name, dtype, [batch, ...shape]);

/** The program that predicts: the input with its axis of examples → `output`. */
export function predictionProgram<I extends string>({
  model,
  input: field,
}: ModelDeclaration<I>): Graph<I, "output"> {
  const x = tensorOf(field);
  return program({ inputs: named(field.name, x), outputs: { output: model(x, { training: false }) } });
}

/**
 * The programs of a declared training, for any batch size.
 * @throws AdjointError when input and target have one name, a metric is named `loss`, or the loss is not a float scalar.
 */
export function trainingPrograms<I extends string, T extends string = never, M extends string = never>(
  declaration: Declaration<I, T, M>,
): Programs<I, T, M, "output"> {
  const { model, input: field, target: targetField, loss: lossOf, optimizer, metrics } = declaration;
  if (targetField?.name === (field.name as string)) {
    throw new AdjointError(
      "graph",
      "trainer",
      `input and target are both named "${field.name}"`,
      "Leave the target out where it is the input.",
    );
  }
  if (metrics !== undefined && Object.hasOwn(metrics, "loss")) {
    throw new AdjointError(
      "graph",
      "trainer",
      'a metric is named "loss"',
      "Give it another name: the loss is measured anyway.",
    );
  }
  const x = tensorOf(field);
  const target = targetField === undefined ? x : tensorOf(targetField);
  // The names are those of the two fields.
  const inputs = { [field.name]: x, ...(targetField && { [targetField.name]: target }) } as {
    [name in I | T]: Tensor;
  };
  const outputsOf = (training: boolean): { readonly [name in "loss" | M]: Tensor } => {
    const output = model(x, { training });
    const measured = Object.entries<Measure>(metrics ?? {}).map(([name, metric]) => [
      name,
      metric(output, target),
    ]);
    // The names are `loss` and those of the metrics.
    return { loss: lossOf(output, target), ...Object.fromEntries(measured) } as {
      readonly [name in "loss" | M]: Tensor;
    };
  };
  const outputs = outputsOf(true);
  return {
    train: program({ inputs, outputs, updates: optimizer(outputs.loss) }),
    evaluate: program({ inputs, outputs: outputsOf(false) }),
    predict: predictionProgram(declaration),
  };
}

/** One entry under a name that the compiler knows. */
const named = <N extends string>(name: N, tensor: Tensor): { readonly [name in N]: Tensor } =>
  // A computed key widens to string.
  ({ [name]: tensor }) as { readonly [name in N]: Tensor };

/**
 * Refuses programs whose measures a trainer can't average.
 * @throws AdjointError naming the program and its output.
 */
export function checkPrograms({
  train,
  evaluate,
  predict,
}: {
  readonly train: Graph;
  readonly evaluate: Graph;
  readonly predict: Graph;
}): void {
  for (const [entry, { updates }] of Object.entries({ evaluate, predict })) {
    if (updates.length === 0) continue;
    throw new AdjointError(
      "graph",
      "trainer",
      `program "${entry}" updates registers, which would change what is measured while it is measured`,
      "Only `train` may have updates.",
    );
  }
  for (const [entry, graph] of Object.entries({ train, evaluate })) {
    if (!Object.hasOwn(graph.outputs, "loss"))
      throw new AdjointError("graph", "trainer", `program "${entry}" has no output "loss"`);
    for (const [name, output] of Object.entries(graph.outputs)) {
      if (output.rank === 0) continue;
      throw new AdjointError(
        "graph",
        "trainer",
        `output "${name}" of program "${entry}" is ${output}, and must be a scalar`,
        "Reduce it by its mean over examples.",
      );
    }
  }
  const [trained, evaluated] = [train, evaluate].map((graph) =>
    Object.keys(graph.outputs).toSorted().join(", "),
  );
  if (trained !== evaluated) {
    throw new AdjointError(
      "graph",
      "trainer",
      `program "train" puts out ${trained}, and "evaluate" ${evaluated}`,
      "Let both put out the same measures.",
    );
  }
}
