import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type HostValue, type ValueSource, tensorFromOnnx, valueFromOnnx } from "@adjoint/onnx";
import { type TensorValue, elementCount, valueOf } from "@adjoint/ir/values";

/** The folders of the official data. */
const folders = ["light", "node", "pytorch-converted", "pytorch-operator", "simple"];

/** A test: a model, and sets of inputs and outputs. */
export interface TestCase {
  readonly folder: string;
  readonly test: string;
  readonly model: string;
  /** Folders of the sets; the light models have none. */
  readonly sets: readonly string[];
  /** The file of the output of a light model. */
  readonly lightOutput?: string;
}

/** All tests of the data, by folder and name. */
export function findTests(data: string): readonly TestCase[] {
  return folders.flatMap((folder) => {
    const path = join(data, folder);
    if (!existsSync(path)) return [];
    const names = readdirSync(path).toSorted();
    return names.flatMap((name) => caseOf(folder, path, name));
  });
}

function caseOf(folder: string, path: string, name: string): readonly TestCase[] {
  if (name.endsWith(".onnx")) {
    const test = name.slice(0, -".onnx".length);
    return [
      { folder, test, model: join(path, name), sets: [], lightOutput: join(path, `${test}_output_0.pb`) },
    ];
  }
  const model = join(path, name, "model.onnx");
  if (!existsSync(model)) return [];
  const sets = readdirSync(join(path, name)).filter((set) => set.startsWith("test_data_set_"));
  return [{ folder, test: name, model, sets: sets.toSorted().map((set) => join(path, name, set)) }];
}

/** The feeds and the expected outputs of a set, in the order of the model's inputs and outputs. */
export interface TestSet {
  readonly inputs: readonly HostValue[];
  readonly outputs: readonly HostValue[];
}

/** The inputs and outputs that a model declares. */
export interface Signature {
  readonly inputs: readonly ValueSource[];
  readonly outputs: readonly ValueSource[];
}

/** The sets of a test; reading is left to the caller, one after another. */
export function readSets(test: TestCase, { inputs, outputs }: Signature): readonly (() => TestSet)[] {
  const { lightOutput } = test;
  if (lightOutput !== undefined)
    return [() => ({ inputs: inputs.map(ramp), outputs: [tensorFromOnnx(readFileSync(lightOutput))] })];
  return test.sets.map((set) => () => ({
    inputs: readNumbered(set, "input", inputs),
    outputs: readNumbered(set, "output", outputs),
  }));
}

function readNumbered(set: string, kind: string, declared: readonly ValueSource[]): readonly HostValue[] {
  const values: HostValue[] = [];
  for (
    let path = join(set, `${kind}_0.pb`);
    existsSync(path);
    path = join(set, `${kind}_${values.length}.pb`)
  )
    values.push(valueFromOnnx(readFileSync(path), declared[values.length]?.type));
  return values;
}

/** The input that the light models were run with: n elements i / n. */
function ramp({ name, type }: ValueSource): TensorValue {
  if (type?.kind !== "tensor" || type.shape === undefined) throw new Error(`input "${name}" has no shape`);
  const shape = type.shape.map((size) => (typeof size === "number" ? size : 1));
  const count = elementCount(shape);
  return valueOf(
    "f32",
    shape,
    Float64Array.from({ length: count }, (_, index) => index / count),
  );
}
