import { gzipSync } from "node:zlib";
import { buildArtifact } from "@adjoint/backend-wasm";
import { openArtifact } from "@adjoint/backend-wasm/artifact";
import { csv, idx } from "@adjoint/datasets";
import {
  AdjointError,
  deserialize,
  dim,
  evaluate,
  input,
  parse,
  print,
  program,
  serialize,
} from "@adjoint/ir";
import { composites } from "@adjoint/ir/graph";
import { batchNorm, conv2d, dense, flatten, fromJson, relu, sequential, toJson } from "@adjoint/layers";
import { fromOnnx, toOnnx } from "@adjoint/onnx";
import { adam } from "@adjoint/optimizers";
import { decodeSafetensors, encodeSafetensors } from "@adjoint/trainer";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

const x = input("x", "f32", [dim("batch"), 1, 6, 6]);
const model = sequential([
  conv2d({ filters: 2, kernel: 3 }),
  batchNorm(),
  relu(),
  flatten(),
  dense({ units: 3 }),
]);
const loss = model(x, { training: true }).mul(2).reduceMean();
const graph = program({ inputs: { x }, outputs: { loss }, updates: adam({ learningRate: 0.01 })(loss) });
const { state } = evaluate(
  program({
    inputs: {},
    outputs: {},
    updates: graph.updates.map(({ register }) => ({ register, next: register })),
  }),
);

const idxFile = Uint8Array.of(
  0,
  0,
  0x0c,
  2,
  0,
  0,
  0,
  2,
  0,
  0,
  0,
  3,
  ...Array.from({ length: 24 }, (_, i) => i),
);
const table = `a,b,"c, d"\n${Array.from({ length: 20 }, (_, row) => `${row},${row / 7},"x"\n`).join("")}`;

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** JSON as readers get it; other text is not theirs to read. */
function readJson(bytes: Uint8Array, read: (json: unknown) => unknown): unknown {
  let json: unknown;
  try {
    json = JSON.parse(textOf(bytes));
  } catch {
    return undefined;
  }
  return read(json);
}

interface Reader {
  readonly file: Uint8Array;
  readonly read: (bytes: Uint8Array) => unknown;
}

const readers: { readonly [name: string]: Reader } = {
  "a graph's JSON": {
    file: bytesOf(JSON.stringify(serialize(graph))),
    read: (bytes) => readJson(bytes, (json) => deserialize(json, { composites })),
  },
  "a graph's text": {
    file: bytesOf(print(graph, { constants: "full" })),
    read: (bytes) => parse(textOf(bytes), { composites }),
  },
  "a model's JSON": {
    file: bytesOf(JSON.stringify(toJson(model))),
    read: (bytes) => readJson(bytes, (json) => fromJson(json)),
  },
  "an ONNX training step": { file: toOnnx(graph, state), read: (bytes) => fromOnnx(bytes) },
  "an artifact": {
    file: buildArtifact({ graph }, { sizes: [{ batch: 2 }] }),
    read: async (bytes) => {
      await using session = await openArtifact(bytes);
      return session.backend;
    },
  },
  safetensors: { file: encodeSafetensors(state), read: (bytes) => decodeSafetensors(bytes) },
  IDX: { file: idxFile, read: (bytes) => idx(bytes) },
  gzip: { file: new Uint8Array(gzipSync(idxFile)), read: (bytes) => idx(bytes) },
  CSV: { file: bytesOf(table), read: (bytes) => csv(textOf(bytes), { fields: { a: "a", b: ["b"] } }) },
};

/** One change of a file: bits, lengths, sections, or what a field claims. */
type Change = (file: Uint8Array) => Uint8Array;

const spliced = (file: Uint8Array, from: number, to: number, middle: Uint8Array): Uint8Array =>
  Uint8Array.from([...file.subarray(0, from), ...middle, ...file.subarray(to)]);

const place = fc.nat(2 ** 20);
const changes: fc.Arbitrary<Change> = fc.oneof(
  fc.array(fc.tuple(place, fc.nat(7)), { minLength: 1, maxLength: 4 }).map((bits): Change => (file) => {
    const other = file.slice();
    for (const [at, bit] of bits) other[at % file.length] = (other[at % file.length] ?? 0) ^ (1 << bit);
    return other;
  }),
  place.map(
    (at): Change =>
      (file) =>
        file.subarray(0, at % file.length),
  ),
  fc.tuple(place, fc.integer({ min: 1, max: 64 }), place).map(([at, length, to]): Change => (file) => {
    const from = at % file.length;
    // A section once more, somewhere else.
    return spliced(file, to % file.length, to % file.length, file.subarray(from, from + length));
  }),
  fc.tuple(place, fc.integer({ min: 1, max: 64 })).map(
    ([at, length]): Change =>
      (file) =>
        spliced(file, at % file.length, Math.min(file.length, (at % file.length) + length), new Uint8Array()),
  ),
  // Numbers and lengths of four bytes in each other's place, and of what is largest.
  fc.tuple(place, place).map(([a, b]): Change => (file) => {
    const other = file.slice();
    const [from, to] = [a % file.length, b % file.length];
    other.set(file.subarray(from, from + 4), Math.min(to, Math.max(0, file.length - 4)));
    return other;
  }),
  // Changes that keep the form of a text: another number, another letter.
  fc
    .tuple(place, fc.constantFrom("0", "7", "99999999999", "e", "-1", "Z", "1.5"))
    .map(([at, text]): Change => (file) => {
      const from = at % file.length;
      const next = file.subarray(from).findIndex((byte) => byte >= 0x30 && byte <= 0x39);
      return next < 0 ? file : spliced(file, from + next, from + next + 1, bytesOf(text));
    }),
  fc.tuple(place, fc.constantFrom(0, 0x7f, 0xff, 0x39), fc.integer({ min: 1, max: 8 })).map(
    ([at, byte, count]): Change =>
      (file) =>
        file.slice().fill(byte, at % file.length, (at % file.length) + count),
  ),
);

/** Whether a file is read or refused. @throws what is neither. */
async function outcomeOf(read: Reader["read"], file: Uint8Array): Promise<"read" | "refused"> {
  try {
    await read(file);
    return "read";
  } catch (error) {
    if (!(error instanceof AdjointError)) throw error;
    if (error.message.length > 10_000) throw new Error("a message of any length", { cause: error });
    return "refused";
  }
}

describe.for(Object.entries(readers))("%s", ([, { file, read }]) => {
  test("is read as it was written", async () => {
    expect(await outcomeOf(read, file)).toBe("read");
  });

  test("changed anywhere: a value or a typed error", async () => {
    const outcomes = { read: 0, refused: 0 };
    await fc.assert(
      fc.asyncProperty(fc.array(changes, { minLength: 1, maxLength: 3 }), async (list) => {
        const other = list.reduce((given, change) => (given.length === 0 ? given : change(given)), file);
        outcomes[await outcomeOf(read, other)]++;
      }),
      { numRuns: 150 },
    );
    expect(outcomes.refused).toBeGreaterThan(0);
  });
});
