import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import onnxProto from "onnx-proto";
import type { onnx as Proto } from "onnx-proto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const { onnx } = onnxProto;

/** A model as it is made, one part after another: as one message it would take gigabytes. */
class Growing {
  #bytes = new Uint8Array(2 ** 20);
  #length = 0;

  add(part: Uint8Array): this {
    if (this.#length + part.length > this.#bytes.length) {
      const longer = new Uint8Array(2 * (this.#length + part.length));
      longer.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = longer;
    }
    this.#bytes.set(part, this.#length);
    this.#length += part.length;
    return this;
  }

  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }
}

const graphOf = (graph: Proto.IGraphProto): Uint8Array => onnx.GraphProto.encode(graph).finish();
const node = (opType: string, input: string[], output: string, name = ""): Uint8Array =>
  graphOf({ node: [{ opType, input, output: [output], name }] });
const value = (name: string): Proto.IValueInfoProto => ({
  name,
  type: { tensorType: { elemType: 1, shape: { dim: [{ dimValue: 1 }] } } },
});
const rawData = new Uint8Array(Float32Array.of(1.5).buffer);

/** Makes models of so many parts; all have the input x and the output y. */
const kinds: { readonly [kind: string]: (graph: Growing, count: number) => void } = {
  "nodes one after another"(graph, count) {
    for (let i = 0; i < count; i++)
      graph.add(
        node("Neg", [i === 0 ? "x" : `h${i}`], i === count - 1 ? "y" : `h${i + 1}`, `block/${i}/Neg`),
      );
  },
  "nodes side by side and a sum of all"(graph, count) {
    const names = Array.from({ length: count }, (_, i) => `h${i}`);
    for (const name of names) graph.add(node("Neg", ["x"], name));
    graph.add(node("Sum", names, "y"));
  },
  "weights of one element"(graph, count) {
    for (let i = 0; i < count; i++)
      graph.add(graphOf({ initializer: [{ name: `w${i}`, dataType: 1, dims: [1], rawData }] }));
    graph.add(node("Add", ["x", "w0"], "y"));
  },
};

function modelOf(kind: string, count: number): Uint8Array {
  const graph = new Growing();
  kinds[kind]?.(graph, count);
  graph.add(graphOf({ name: "large", input: [value("x")], output: [value("y")] }));
  const head = onnx.ModelProto.encode({ irVersion: 8, opsetImport: [{ domain: "", version: 17 }] }).finish();
  // A message is its fields one after another: field 7 is the graph.
  const { length } = graph.bytes;
  const size = Array.from({ length: 5 }, (_, i) => ((length >>> (7 * i)) & 127) | (i < 4 ? 128 : 0));
  return new Growing()
    .add(head)
    .add(Uint8Array.of((7 << 3) | 2, ...size))
    .add(graph.bytes).bytes;
}

const folder = mkdtempSync(join(tmpdir(), "adjoint-large-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** The time and memory of importing a model in a process of its own. */
function imported(model: Uint8Array): { seconds: number; gigabytes: number; outputs: string[] } {
  const file = join(folder, "model.onnx");
  writeFileSync(file, model);
  const program = ["../../../test/from-sources.mjs", "large-model.ts"].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  );
  const { stdout, stderr } = spawnSync(process.execPath, [...program, file], { encoding: "utf8" });
  const last = stdout.trim().split("\n").at(-1) ?? "";
  if (!last.startsWith("{")) throw new Error(`the import ended: ${stderr}`);
  return JSON.parse(last);
}

describe.each(Object.keys(kinds))("a file of 10⁶ %s", (kind) => {
  const COUNT = 1_000_000;
  let [quarter, whole] = [
    { seconds: 0, gigabytes: 0 },
    { seconds: 0, gigabytes: 0 },
  ];

  beforeAll(() => {
    quarter = imported(modelOf(kind, COUNT / 4));
    whole = imported(modelOf(kind, COUNT));
  }, 180_000);

  test("is read in linear time: within 40 s on any machine, and within 9 times that of a quarter of it", () => {
    expect(whole.seconds).toBeLessThan(40);
    expect(whole.seconds / quarter.seconds).toBeLessThan(9);
  });

  test("takes at most 1.2 GB", () => {
    expect(whole.gigabytes).toBeLessThan(1.2);
  });
});
