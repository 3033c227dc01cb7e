import { input, program, register } from "@adjoint/ir";
import { adam, cosineDecay, warmUp } from "@adjoint/optimizers";

const [x, target] = [input("x", "f32", [8, 3]), input("target", "f32", [8, 1])];
const weight = register("weight", "f32", [3, 1]);
const error = x.matMul(weight).sub(target);
const loss = error.mul(error).reduceMean();

const learningRate = warmUp(cosineDecay({ initial: 0.1, steps: 200 }), 10);
const optimizer = adam({ learningRate, clipNorm: 1 });
const train = program({ inputs: { x, target }, outputs: { loss }, updates: optimizer(loss) });

export { train };
