import { type Graph, type State, evaluate } from "@adjoint/ir";
import { type TensorValue, isFloat, toNumbers, typeText } from "@adjoint/ir/values";
import {
  type ExportOptions,
  REGISTERS_KEY,
  fromOnnx,
  inspectOnnx,
  registerPairs,
  toOnnx,
} from "@adjoint/onnx";
import { load, runtimes } from "./runtime.ts";

/** Relative to the largest element of a tensor. */
const tolerances: { readonly [dtype: string]: number } = { f16: 4e-3, bf16: 3e-2, f32: 1e-5, f64: 1e-5 };

/** The difference of a value from the expected one; undefined if there is none. Integers, bools, NaN and infinities are exact. */
export function difference(actual: TensorValue | undefined, expected: TensorValue): string | undefined {
  if (actual === undefined) return "is missing";
  if (typeText(actual) !== typeText(expected))
    return `is ${typeText(actual)} and should be ${typeText(expected)}`;
  const [x, y] = [toNumbers(actual), toNumbers(expected)];
  const scale = Math.max(0, ...y.filter(Number.isFinite).map(Math.abs));
  const bound = isFloat(expected.dtype) ? (tolerances[expected.dtype] ?? 0) * scale : 0;
  const wrong = y.findIndex((value, index) => {
    const other = x[index] ?? Number.NaN;
    if (Number.isFinite(value)) return !(Math.abs(value - other) <= bound);
    return !Object.is(value, other);
  });
  return wrong < 0 ? undefined : `[${wrong}] is ${x[wrong]} and should be ${y[wrong]} (scale ${scale})`;
}

/** Whether the graph exported, imported and exported again is the same file. */
export function returns(graph: Graph, state: State, options: ExportOptions = {}): boolean {
  const bytes = toOnnx(graph, state, options);
  return Buffer.compare(toOnnx(fromOnnx(bytes), {}, options), bytes) === 0;
}

/** Runs an exported graph once. @returns outputs and registers by our names. */
export async function runExported(
  graph: Graph,
  feeds: State,
  state: State,
  { runtime = "node", ...options }: ExportOptions & { readonly runtime?: keyof typeof runtimes } = {},
): Promise<{ readonly outputs: State; readonly state: State }> {
  const bytes = toOnnx(graph, state, options);
  const { metadata } = inspectOnnx(bytes);
  const pairs = Object.hasOwn(metadata, REGISTERS_KEY) ? registerPairs(metadata) : [];
  const model = await load(bytes, await runtimes[runtime]());
  const registers = pairs.flatMap(({ input }) => {
    const value = state[input];
    return value === undefined ? [] : [[input, value] as const];
  });
  const results = await model.run({ ...feeds, ...Object.fromEntries(registers) });
  await model.session.release();
  const named = (names: readonly (readonly [ours: string, theirs: string])[]): State =>
    Object.fromEntries(
      names.flatMap(([ours, theirs]) => {
        const value = results[theirs];
        return value === undefined ? [] : [[ours, value]];
      }),
    );
  return {
    // An output that has the name of an input gets another.
    outputs: named(
      Object.keys(graph.outputs).map((name) => [
        name,
        Object.hasOwn(results, name) ? name : `${name}_output`,
      ]),
    ),
    state: named(pairs.map(({ input, output }) => [input, output])),
  };
}

/**
 * The differences between an exported graph's run and the reference evaluator's.
 * @param expected the evaluator's results, if they are there already.
 */
export async function problemsOf(
  graph: Graph,
  feeds: State,
  state: State = {},
  options: Parameters<typeof runExported>[3] = {},
  expected: { readonly outputs: State; readonly state: State } = evaluate(graph, feeds, { state }),
): Promise<readonly string[]> {
  const actual = await runExported(graph, feeds, state, options);
  const compare = (given: State, wanted: State, names: readonly string[]): string[] =>
    names.flatMap((name) => {
      const value = wanted[name];
      const problem = value && difference(given[name], value);
      return problem === undefined ? [] : [`"${name}" ${problem}`];
    });
  const updated = graph.updates.map(({ register }) => register.node.attributes as { readonly name: string });
  return [
    ...compare(actual.outputs, expected.outputs, Object.keys(expected.outputs)),
    ...compare(
      actual.state,
      expected.state,
      updated.map(({ name }) => name),
    ),
  ];
}
