import { wasm } from "@adjoint/backend-wasm";
import { compile } from "@adjoint/compiler";
import { input, matMul, program } from "@adjoint/ir";
import { expect, it } from "vitest";
import { relaxed } from "./relaxed.ts";

const [ROWS, TERMS, COLUMNS] = [37, 784, 45];
/** Largest error of one rounding of f32, relative. */
const ROUNDING = 2 ** -24;

const noise = (length: number, seed: number): Float32Array =>
  Float32Array.from({ length }, (_, index) => Math.sin((index + seed) * (index + seed) * 0.731));

async function products(
  deterministic: boolean,
  feeds: { x: Float32Array; w: Float32Array },
): Promise<Float32Array> {
  const x = input("x", "f32", [ROWS, TERMS]);
  const w = input("w", "f32", [TERMS, COLUMNS]);
  const main = program({ inputs: { x, w }, outputs: { y: matMul(x, w) } });
  using backend = await wasm({ deterministic, threads: 1 });
  await using session = await compile({ main }, { backend });
  const { y } = await session.run("main", feeds);
  return Float32Array.from(y.data as Float32Array);
}

it.runIf(relaxed)(
  "sums with and without fused multiply-add differ by no more than their roundings allow",
  async () => {
    const feeds = { x: noise(ROWS * TERMS, 1), w: noise(TERMS * COLUMNS, 5) };
    const [plain, fused] = [await products(true, feeds), await products(false, feeds)];
    expect(fused).not.toEqual(plain);
    for (let row = 0; row < ROWS; row++) {
      for (let column = 0; column < COLUMNS; column++) {
        let size = 0;
        for (let term = 0; term < TERMS; term++)
          size += Math.abs((feeds.x[row * TERMS + term] ?? 0) * (feeds.w[term * COLUMNS + column] ?? 0));
        const at = row * COLUMNS + column;
        const difference = Math.abs((plain[at] ?? Number.NaN) - (fused[at] ?? Number.NaN));
        // A product and a sum round for each term of the one, a sum of the other (Higham, Accuracy and Stability, §3.1).
        expect(difference).toBeLessThanOrEqual(3 * TERMS * ROUNDING * size);
      }
    }
  },
);
