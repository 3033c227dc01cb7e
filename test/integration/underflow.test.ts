import { wasm } from "@adjoint/backend-wasm";
import { type Session, compile } from "@adjoint/compiler";
import { type Graph, type State, input, program } from "@adjoint/ir";
import { crossEntropy, dense, relu, sequential } from "@adjoint/layers";
import { adam, momentum } from "@adjoint/optimizers";
import { expect, it } from "vitest";

const [BATCH, INPUTS] = [50, 64];
const SMALLEST_NORMAL = 2 ** -126;
const images = input("images", "f32", [BATCH, INPUTS]);
const labels = input("labels", "i32", [BATCH]);
const logits = sequential([dense({ units: 128 }), relu(), dense({ units: 10 })])(images);
const loss = crossEntropy(logits, labels);

const feeds = {
  images: Float32Array.from({ length: BATCH * INPUTS }, (_, index) =>
    Math.abs(Math.sin(index * index * 0.37)),
  ),
  labels: Int32Array.from({ length: BATCH }, (_, example) => example % 10),
};
/** Without light: the gradients of the first layer's weights are 0, so that its moments decay step by step. */
const dark = { ...feeds, images: new Float32Array(BATCH * INPUTS) };

/** The fastest of some steps, in milliseconds: what the machine does besides only makes steps slower. */
async function fastest(
  session: Session<{ train: Graph }>,
  own: typeof feeds,
  steps: number,
): Promise<number> {
  let best = Infinity;
  for (let step = 0; step < steps; step++) {
    const started = performance.now();
    await session.run("train", own);
    best = Math.min(best, performance.now() - started);
  }
  return best;
}

/** The number of elements of the state that are neither 0 nor normal. */
const subnormals = (state: State): number =>
  Object.values(state)
    .flatMap(({ data }) => Array.from(data, Number))
    .filter((x) => x !== 0 && Math.abs(x) < SMALLEST_NORMAL).length;

it("a step takes no longer once training has converged", { timeout: 30_000 }, async () => {
  const train = program({
    inputs: { images, labels },
    outputs: { loss },
    updates: adam({ learningRate: 3e-2 })(loss),
  });
  using backend = await wasm({ threads: 1 });
  await using session = await compile({ train }, { backend, seed: 1 });
  await fastest(session, feeds, 500);
  const early = await fastest(session, feeds, 500);
  await fastest(session, feeds, 10_000);
  const late = await fastest(session, feeds, 500);
  expect((await session.run("train", feeds)).loss.item()).toBeLessThan(1e-6);
  expect(late / early).toBeLessThan(1.5);
});

it.for([
  ["momentum", momentum({ learningRate: 0.1, momentum: 0.9 })],
  ["adam", adam({ learningRate: 1e-3, beta1: 0.9, beta2: 0.9 })],
] as const)(
  "%s: a step takes no longer once moments have underflowed",
  { timeout: 30_000 },
  async ([, rule]) => {
    const train = program({ inputs: { images, labels }, outputs: { loss }, updates: rule(loss) });
    using backend = await wasm({ threads: 1 });
    await using session = await compile({ train }, { backend, seed: 1 });
    await fastest(session, feeds, 100);
    const early = await fastest(session, dark, 300);
    // 0.9ⁿ passes the smallest normal number after 830 steps, and would come to rest at the smallest number of all.
    await fastest(session, dark, 900);
    const late = await fastest(session, dark, 300);
    expect(subnormals(await session.state())).toBe(0);
    expect(late / early).toBeLessThan(1.5);
  },
);
