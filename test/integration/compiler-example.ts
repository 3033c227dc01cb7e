import { cpu } from "@adjoint/backend-cpu";
import { compile, explain } from "@adjoint/compiler";
import { dim, gradients, input, program, register } from "@adjoint/ir";

const x = input("x", "f32", [dim("batch"), 3]);
const target = input("target", "f32", [dim("batch")]);
const weight = register("weight", "f32", [3], { initial: { kind: "normal", mean: 0, standardDeviation: 1 } });

const prediction = x.mul(weight).reduceSum({ axes: [1] });
const loss = prediction.sub(target).pow(2).reduceMean();
const [slope = weight] = gradients(loss, [weight]);

const updates = [{ register: weight, next: weight.sub(slope.mul(0.1)) }];
const train = program({ inputs: { x, target }, outputs: { loss }, updates });
const predict = program({ inputs: { x }, outputs: { prediction } });

await using session = await compile({ train, predict }, { backend: cpu(), seed: 1 });
const feeds = { x: Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1), target: Float32Array.of(1, 2, 3) };
for (let step = 0; step < 200; step++) await session.run("train", feeds);

const result = await session.run("predict", { x: Float32Array.of(1, 1, 1) }); // a batch of one: compiled on its first run
console.log(result.prediction.item()); // 5.99…
console.log((await session.state()).weight); // { dtype: "f32", shape: [3], data: Float32Array(3) }
console.log(
  explain(session)
    .map((explanation) => explanation.text)
    .join("\n"),
);
