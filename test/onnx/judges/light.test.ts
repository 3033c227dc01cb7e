import { cpu } from "@adjoint/backend-cpu";
import { wasm } from "@adjoint/backend-wasm";
import { type Backend, compile } from "@adjoint/compiler";
import { fromOnnx } from "@adjoint/onnx";
import { describe, expect, test } from "vitest";
import { missing, officialTests } from "../official-data.ts";
import { load, runtimes } from "../runtime.ts";
import { inFull } from "../../in-full.ts";
import { Draw, seed } from "./draw.ts";
import { openLight } from "./light.ts";

/** Of a tensor's largest element: rounding that grew through all layers before. */
const TOLERANCE = 2e-5;

const networks = officialTests.filter(({ folder }) => folder === "light");
/** Small enough for a share of `npm test`; all of them by `pnpm test:full`. */
const QUICK = ["light_shufflenet"];
/** Those of few operations run on the CPU backend too, which computes in doubles. */
const ON_CPU = ["light_shufflenet", "light_squeezenet", "light_bvlc_alexnet"];

const chosen = networks.filter(({ test: name }) => inFull || QUICK.includes(name));

/** The largest difference, of the largest element. */
function distance(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Infinity;
  let [largest, scale] = [0, 1e-30];
  for (let index = 0; index < expected.length; index++) {
    const value = expected[index] ?? Number.NaN;
    const difference = Math.abs(value - (actual[index] ?? Number.NaN));
    if (!(difference <= largest)) largest = difference;
    if (!(Math.abs(value) <= scale)) scale = Math.abs(value);
  }
  return largest / scale;
}

describe.skipIf(missing !== "")(
  `the published networks with random weights are ONNX Runtime's, node by node (seed ${seed}; N2, S19)${missing}`,
  () => {
    test("there are nine", () => {
      expect(networks).toHaveLength(9);
    });

    test.for(chosen)("$test", { timeout: 120_000 }, async ({ test: name, model }, context) => {
      const { bytes, feeds, operators } = openLight(model, new Draw(seed), true);
      const { run, session: foreign } = await load(bytes, await runtimes.node());
      const expected = await run(feeds);
      await foreign.release();
      expect(Object.keys(expected)).toHaveLength(operators.size);
      const backends: readonly Backend[] = [
        await wasm({ threads: 1 }),
        ...(inFull && ON_CPU.includes(name) ? [cpu()] : []),
      ];
      let worst = 0;
      for (const backend of backends) {
        const off = async (from: Uint8Array): Promise<readonly string[]> => {
          await using session = await compile({ main: fromOnnx(from) }, { backend });
          const outputs = await session.run("main", feeds);
          return Object.entries(outputs).flatMap(([output, { data }]) => {
            // Every tensor of these networks is of f32.
            const far = distance(data as Float32Array, expected[output]?.data as Float32Array);
            if (far <= TOLERANCE) {
              worst = Math.max(worst, far);
              return [];
            }
            return [
              `${backend.name}: ${operators.get(output)} "${output}" is off by ${far.toExponential(1)}`,
            ];
          });
        };
        expect((await off(bytes)).slice(0, 3)).toEqual([]);
        // The network as it is, whose layers become one kernel where they can.
        expect(await off(openLight(model, new Draw(seed), false).bytes)).toEqual([]);
      }
      await context.annotate(`${operators.size} nodes, off by ${worst.toExponential(1)} at most`);
      // If all elements are one number, nothing is proven.
      const uniform = Object.entries(expected).filter(([, { data }]) =>
        data.every((value) => value === data[0]),
      );
      expect(uniform.map(([output]) => `${operators.get(output)} "${output}"`)).toEqual([]);
    });
  },
);
