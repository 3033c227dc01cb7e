import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { AdjointError, toNumbers } from "@adjoint/ir";
import { fromOnnx, tensorFromOnnx } from "@adjoint/onnx";
import { readOnnx } from "@adjoint/onnx/node";
import { modelBytes, node, tensorBytes } from "./model.ts";

const read = (tensor: Parameters<typeof tensorBytes>[0]): number[] =>
  toNumbers(tensorFromOnnx(tensorBytes(tensor)));

describe("tensors", () => {
  it("reads raw data and typed fields of each width", () => {
    const raw = new Uint8Array(new Float32Array([1.5, -2]).buffer);
    expect(read({ dataType: 1, dims: [2], rawData: raw })).toEqual([1.5, -2]);
    expect(read({ dataType: 1, dims: [2], floatData: [1.5, -2] })).toEqual([1.5, -2]);
    expect(read({ dataType: 11, dims: [1], doubleData: [0.1] })).toEqual([0.1]);
    expect(read({ dataType: 7, dims: [2], int64Data: [-5, 2 ** 40] })).toEqual([-5, 2 ** 40]);
    expect(read({ dataType: 13, dims: [1], uint64Data: [7] })).toEqual([7]);
    expect(read({ dataType: 12, dims: [1], uint64Data: [4294967295] })).toEqual([4294967295]);
    expect(read({ dataType: 3, dims: [1], int32Data: [-3] })).toEqual([-3]);
    expect(read({ dataType: 9, dims: [2], int32Data: [1, 0] })).toEqual([1, 0]);
    expect(read({ dataType: 10, dims: [1], int32Data: [0x3e00] })).toEqual([1.5]);
    expect(read({ dataType: 16, dims: [1], int32Data: [0x3fc0] })).toEqual([1.5]);
  });

  it("reads narrow elements from packed bytes of either field", () => {
    expect(read({ dataType: 22, dims: [3], rawData: Uint8Array.of(0x7f, 0x08) })).toEqual([-1, 7, -8]);
    expect(read({ dataType: 25, dims: [5], int32Data: [0b11100100, 2] })).toEqual([0, 1, 2, 3, 2]);
    expect(read({ dataType: 17, dims: [2], int32Data: [0x38, 0xff] })).toEqual([0x38, 0xff]);
  });

  it("refuses strings, newer types, and counts that do not fit", () => {
    expect(() => read({ dataType: 8, dims: [1] })).toThrow(/element type STRING/);
    expect(() => read({ dataType: 22, dims: [3], int32Data: [0] })).toThrow(
      /INT4\[3\] \(2 bytes\) and has 1/,
    );
    expect(() => read({ dataType: 99, dims: [1] })).toThrow(/unknown element type 99/);
    expect(() => read({ dataType: 1, dims: [2], floatData: [1] })).toThrow(/has 1 of 2 elements/);
    expect(() => read({ dataType: 1, dims: [2], rawData: new Uint8Array(7) })).toThrow(/8 bytes\) and has 7/);
    expect(() => read({ dataType: 1, dims: [-1] })).toThrow(/is -1/);
    expect(() => read({ dataType: 1, dims: [2 ** 30, 2 ** 30] })).toThrow(/claims/);
  });
});

describe("external data", () => {
  const root = mkdtempSync(join(tmpdir(), "adjoint-onnx-"));
  afterAll(() => rmSync(root, { recursive: true }));
  const folder = join(root, "model");
  mkdirSync(folder);
  const weights = new Uint8Array(new Float32Array([9, 1, 2]).buffer);
  writeFileSync(join(folder, "weights.bin"), weights);
  writeFileSync(join(root, "secret.bin"), weights);
  symlinkSync(join(root, "secret.bin"), join(folder, "link.bin"));

  const bytesWith = (location: string, offset = "4"): Uint8Array =>
    modelBytes({
      inputs: {},
      outputs: { y: [2] },
      initializers: [
        {
          name: "w",
          dataType: 1,
          dims: [2],
          dataLocation: 1,
          externalData: [
            { key: "location", value: location },
            { key: "offset", value: offset },
          ],
        },
      ],
      nodes: [node("Identity", ["w"], ["y"])],
    });
  const readFile = (location: string, offset?: string): unknown => {
    writeFileSync(join(folder, "m.onnx"), bytesWith(location, offset));
    return readOnnx(join(folder, "m.onnx")).outputs["y"]?.node.attributes;
  };

  it("reads files beside the model, from an offset", () => {
    expect(readFile("weights.bin")).toMatchObject({ value: { data: new Float32Array([1, 2]) } });
    expect(() => readFile("weights.bin", "8")).toThrow(/4 bytes|has 4|lies outside/);
    expect(() => readFile("weights.bin", "-4")).toThrow(/offset is "-4"/);
  });

  it("never reads outside the model's folder", () => {
    expect(() => readFile("../secret.bin")).toThrow(/outside the model's folder/);
    expect(() => readFile(join(root, "secret.bin"))).toThrow(/an absolute path/);
    expect(() => readFile("link.bin")).toThrow(/outside the model's folder/);
    expect(() => readFile("absent.bin")).toThrow(/not there/);
  });

  it("never waits for what is no file, and says so shortly", () => {
    mkdirSync(join(folder, "deep"), { recursive: true });
    execFileSync("mkfifo", [join(folder, "pipe")]);
    for (const location of [".", "deep", "deep/..", "pipe", ""]) {
      expect(() => readFile(location)).toThrow(/which is no file/);
    }
    const long = "w".repeat(2 ** 20);
    const readLong = (): unknown => readFile(long);
    expect(readLong).toThrow(/not there/);
    expect(readLong).toThrow(/^.{1,400}$/s);
    expect(() => readOnnx(folder)).toThrow(/can't read/);
    expect(() => readOnnx(join(folder, "absent.onnx"))).toThrow(AdjointError);
  });

  it("says how to give them where there are no files", () => {
    expect(() => fromOnnx(bytesWith("weights.bin"))).toThrow(/externalData/);
    const graph = fromOnnx(bytesWith("weights.bin"), { externalData: () => weights });
    expect(graph.outputs["y"]?.shape).toEqual([2]);
  });
});
