import { program, register, relu, sigmoid, tanh } from "@adjoint/ir";
import { floats, samplePlaces } from "../arrays.ts";
import { uniform } from "../random.ts";
import { CHAIN, type ElementwiseTask } from "../task.ts";
import type { Kind } from "./kind.ts";

export const elementwise: Kind<ElementwiseTask> = {
  data: ({ elements }, random) => ({ x: uniform(random, elements, -4, 4) }),
  graph: ({ elements }, arrays) => {
    const shape = [elements];
    const x = register("x", "f32", shape);
    const next = tanh(x.mul(CHAIN.a).add(CHAIN.b)).mul(sigmoid(x)).add(relu(x));
    return {
      graph: program({ inputs: {}, outputs: {}, updates: [{ register: register("y", "f32", shape), next }] }),
      state: { x: { dtype: "f32", shape, data: arrays("x") } },
      result: "y",
    };
  },
  reference: ({ elements }, arrays) => {
    const data = floats(arrays, "x");
    return samplePlaces(elements).map((place) => {
      const x = data[place] ?? 0;
      return Math.tanh(CHAIN.a * x + CHAIN.b) / (1 + Math.exp(-x)) + Math.max(x, 0);
    });
  },
  tolerance: 1e-5,
};
