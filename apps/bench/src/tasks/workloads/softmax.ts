import { program, register, softmax } from "@adjoint/ir";
import { floats, samplePlaces } from "../arrays.ts";
import { uniform } from "../random.ts";
import type { SoftmaxTask } from "../task.ts";
import type { Kind } from "./kind.ts";

export const softmaxRows: Kind<SoftmaxTask> = {
  data: ({ rows, columns }, random) => ({ x: uniform(random, rows * columns, -4, 4) }),
  graph: ({ rows, columns }, arrays) => {
    const shape = [rows, columns];
    const next = softmax(register("x", "f32", shape));
    return {
      graph: program({ inputs: {}, outputs: {}, updates: [{ register: register("y", "f32", shape), next }] }),
      state: { x: { dtype: "f32", shape, data: arrays("x") } },
      result: "y",
    };
  },
  reference: ({ rows, columns }, arrays) => {
    const x = floats(arrays, "x");
    return samplePlaces(rows * columns).map((place) => {
      const start = Math.floor(place / columns) * columns;
      let sum = 0;
      for (let i = start; i < start + columns; i++) sum += Math.exp(x[i] ?? 0);
      return Math.exp(x[place] ?? 0) / sum;
    });
  },
  tolerance: 1e-5,
};
