import { type Graph, type Tensor, constant, evaluate, gradients, input, jvp, vjp } from "@adjoint/ir";
import { type TensorValue, isFloat, toNumbers, typeText, valueOf } from "@adjoint/ir/values";

/** A function of tensors under test; it may have several outputs, of which the floats are differentiated. */
export type Build = (...inputs: Tensor[]) => Tensor | readonly Tensor[];

export interface GradientOptions {
  /** Step of the differences, relative to max(1, |x|). Inputs within two steps of a kink have no derivative to compare. */
  readonly step?: number;
  /** Largest difference, relative to max(1, |derivative|). */
  readonly tolerance?: number;
}

const STEP = 5e-4;
const TOLERANCE = 1e-7;

/** An f64 value. */
export const f64 = (shape: readonly number[], elements: readonly number[]): TensorValue =>
  valueOf("f64", shape, elements);

/** Numbers in [low, high) that repeat for one seed: weights and points that tests needn't spell out. */
export function numbers(count: number, seed = 1, low = -1, high = 1): number[] {
  let state = (seed * 2654435761) >>> 0;
  return Array.from({ length: count }, () => {
    // Mulberry32: small, and good enough to keep test points in general position.
    state = (state + 0x6d2b79f5) >>> 0;
    let word = Math.imul(state ^ (state >>> 15), state | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return low + ((high - low) * ((word ^ (word >>> 14)) >>> 0)) / 2 ** 32;
  });
}

/** An f64 value of repeatable numbers. */
export const someF64 = (shape: readonly number[], seed = 1, low = -1, high = 1): TensorValue =>
  f64(
    shape,
    numbers(
      shape.reduce((product, size) => product * size, 1),
      seed,
      low,
      high,
    ),
  );

const listed = (result: Tensor | readonly Tensor[]): readonly Tensor[] =>
  "node" in result ? [result] : result;

interface Traced {
  readonly parameters: readonly Tensor[];
  /** The float outputs. */
  readonly outputs: readonly Tensor[];
  /** One constant cotangent for each output, in general position. */
  readonly weights: readonly Tensor[];
  /** Places of the f64 inputs. */
  readonly places: readonly number[];
}

const names = (tensors: readonly Tensor[]): { readonly [name: string]: Tensor } =>
  Object.fromEntries(tensors.map((tensor, index) => [`${index}`, tensor]));

function trace(build: Build, inputs: readonly TensorValue[]): Traced {
  const parameters = inputs.map((value, index) => input(`x${index}`, value.dtype, value.shape));
  const outputs = listed(build(...parameters)).filter((output) => isFloat(output.dtype));
  const weights = outputs.map((output, index) => {
    const shape = output.shape.map(Number);
    return constant(someF64(shape, 7 + index, 0.5, 1.5));
  });
  return {
    parameters,
    outputs,
    weights,
    places: inputs.flatMap((value, index) => (value.dtype === "f64" ? [index] : [])),
  };
}

/** The values of `outputs` as functions of the inputs' values. */
function runner(
  parameters: readonly Tensor[],
  outputs: readonly Tensor[],
): (inputs: readonly TensorValue[]) => readonly TensorValue[] {
  const graph: Graph = { inputs: names(parameters), outputs: names(outputs), updates: [] };
  return (inputs) =>
    Object.values(
      evaluate(graph, Object.fromEntries(inputs.map((value, index) => [`${index}`, value]))).outputs,
    );
}

const replaced = (value: TensorValue, place: number, element: number): TensorValue => {
  const elements = toNumbers(value);
  elements[place] = element;
  return valueOf(value.dtype, value.shape, elements);
};

/** Σ weights·(upper − lower), element by element so that what a step does not touch cancels exactly. */
function weightedDifference(
  weights: readonly (readonly number[])[],
  upper: readonly TensorValue[],
  lower: readonly TensorValue[],
): number {
  let sum = 0;
  upper.forEach((value, index) => {
    const [above, below, weight] = [toNumbers(value), toNumbers(lower[index] ?? value), weights[index] ?? []];
    above.forEach((element, at) => (sum += (weight[at] ?? 0) * (element - (below[at] ?? 0))));
  });
  return sum;
}

/**
 * The derivatives of Σ weights·outputs by every f64 input, by central differences of order 4:
 * f′(x) ≈ (8·(f(x+h) − f(x−h)) − (f(x+2h) − f(x−2h))) / 12h. Other inputs stay fixed.
 * The weights are fixed numbers in [0.5, 1.5).
 */
export function numericGradient(
  build: Build,
  inputs: readonly TensorValue[],
  options: GradientOptions = {},
): readonly TensorValue[] {
  const { parameters, outputs, weights, places } = trace(build, inputs);
  const run = runner(parameters, outputs);
  const scale = weights.map((weight) =>
    toNumbers(Object.values(runner([], [weight])([]))[0] ?? f64([0], [])),
  );
  return places.map((place) => {
    const value = inputs[place] ?? f64([], [0]);
    const derivative = toNumbers(value).map((x, at) => {
      const h = (options.step ?? STEP) * Math.max(1, Math.abs(x));
      const move = (by: number): readonly TensorValue[] =>
        run(inputs.map((given, index) => (index === place ? replaced(given, at, x + by) : given)));
      const near = weightedDifference(scale, move(h), move(-h));
      const far = weightedDifference(scale, move(2 * h), move(-2 * h));
      return (8 * near - far) / (12 * h);
    });
    return f64(value.shape, derivative);
  });
}

/** Refuses values that differ by more than the tolerance; the message names the input, the element, and both numbers. */
function checkClose(
  what: string,
  symbolic: readonly TensorValue[],
  numeric: readonly TensorValue[],
  tolerance: number,
): void {
  symbolic.forEach((value, index) => {
    const other = numeric[index];
    if (other === undefined || typeText(other) !== typeText(value))
      throw new Error(`${what} ${index} is ${typeText(value)} and should be ${other && typeText(other)}`);
    const expected = toNumbers(other);
    toNumbers(value).forEach((element, at) => {
      const wanted = expected[at] ?? NaN;
      // A NaN on either side fails the comparison.
      if (!(Math.abs(element - wanted) <= tolerance * Math.max(1, Math.abs(wanted)))) {
        throw new Error(`${what} ${index}, element ${at}: ${element} and by differences ${wanted}`);
      }
    });
  });
}

/**
 * Compares symbolic gradients by every f64 input with central differences.
 * @throws Error naming the input and the element that differ most plainly: the first.
 */
export function checkGradient(
  build: Build,
  inputs: readonly TensorValue[],
  options: GradientOptions = {},
): void {
  const { parameters, outputs, weights, places } = trace(build, inputs);
  const wrt = places.flatMap((place) => parameters[place] ?? []);
  const pulled = vjp(outputs, weights, wrt).map(
    (cotangent, index) => cotangent ?? constant(f64([], [0])).broadcast(wrt[index]?.shape ?? []),
  );
  const symbolic = runner(parameters, pulled)(inputs);
  checkClose("gradient", symbolic, numericGradient(build, inputs, options), options.tolerance ?? TOLERANCE);
}

/** The gradient of Σ weights·outputs by the f64 inputs as a function of its own, to be differentiated again. */
export const gradientOf =
  (build: Build): Build =>
  (...inputs) => {
    const outputs = listed(build(...inputs)).filter((output) => isFloat(output.dtype));
    const terms = outputs.map((output, index) =>
      output.mul(constant(someF64(output.shape.map(Number), 17 + index, 0.5, 1.5))).reduceSum(),
    );
    const [first, ...rest] = terms;
    if (first === undefined) return [];
    return gradients(
      rest.reduce((sum, term) => sum.add(term), first),
      inputs.filter((tensor) => tensor.dtype === "f64"),
    );
  };

/** Compares second derivatives (each a Hessian-vector product) with differences of the symbolic gradients. */
export const checkSecondDerivative = (
  build: Build,
  inputs: readonly TensorValue[],
  options: GradientOptions = {},
): void => checkGradient(gradientOf(build), inputs, options);

const dot = (a: readonly TensorValue[], b: readonly TensorValue[]): number =>
  a.reduce((sum, value, index) => {
    const other = toNumbers(b[index] ?? value);
    return toNumbers(value).reduce((inner, element, at) => inner + element * (other[at] ?? 0), sum);
  }, 0);

/** Checks ⟨u, Jv⟩ = ⟨Jᵀu, v⟩, and Jv against the difference of the outputs along v. */
export function checkJvp(build: Build, inputs: readonly TensorValue[], options: GradientOptions = {}): void {
  const { parameters, outputs, weights, places } = trace(build, inputs);
  const wrt = places.flatMap((place) => parameters[place] ?? []);
  const directions = places.map((place) => someF64(inputs[place]?.shape ?? [], 31 + place));
  const pushed = runner(
    parameters,
    jvp(
      outputs,
      wrt,
      directions.map((value) => constant(value)),
    ),
  )(inputs);
  const pulled = runner(
    parameters,
    vjp(outputs, weights, wrt).map(
      (cotangent, index) => cotangent ?? constant(f64([], [0])).broadcast(wrt[index]?.shape ?? []),
    ),
  )(inputs);
  const [left, right] = [dot(runner([], weights)([]), pushed), dot(pulled, directions)];
  const bound = (options.tolerance ?? 1e-10) * (1 + Math.abs(right));
  if (!(Math.abs(left - right) <= bound)) throw new Error(`⟨u, Jv⟩ = ${left} and ⟨Jᵀu, v⟩ = ${right}`);

  const run = runner(parameters, outputs);
  const h = options.step ?? STEP;
  const move = (by: number): readonly TensorValue[] =>
    run(
      inputs.map((value, index) => {
        const direction = toNumbers(directions[places.indexOf(index)] ?? f64([0], []));
        const elements = toNumbers(value).map((x, at) => x + by * (direction[at] ?? 0));
        return places.includes(index) ? f64(value.shape, elements) : value;
      }),
    );
  const [up, down, farUp, farDown] = [move(h), move(-h), move(2 * h), move(-2 * h)];
  const along = up.map((value, index) => {
    const at = (values: readonly TensorValue[]): number[] => toNumbers(values[index] ?? value);
    const [a, b, c, d] = [at(up), at(down), at(farUp), at(farDown)];
    return f64(
      value.shape,
      a.map((element, k) => (8 * (element - (b[k] ?? 0)) - ((c[k] ?? 0) - (d[k] ?? 0))) / (12 * h)),
    );
  });
  checkClose("derivative along v of output", pushed, along, options.tolerance ?? TOLERANCE);
}
