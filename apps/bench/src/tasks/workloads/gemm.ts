import { matMul, program, register } from "@adjoint/ir";
import { floats, samplePlaces } from "../arrays.ts";
import { uniform } from "../random.ts";
import type { GemmTask } from "../task.ts";
import type { Kind } from "./kind.ts";

export const gemm: Kind<GemmTask> = {
  data: ({ size }, random) => ({
    a: uniform(random, size * size, -1, 1),
    b: uniform(random, size * size, -1, 1),
  }),
  graph: ({ size }, arrays) => {
    const shape = [size, size];
    const next = matMul(register("a", "f32", shape), register("b", "f32", shape));
    return {
      graph: program({ inputs: {}, outputs: {}, updates: [{ register: register("c", "f32", shape), next }] }),
      state: {
        a: { dtype: "f32", shape, data: arrays("a") },
        b: { dtype: "f32", shape, data: arrays("b") },
      },
      result: "c",
    };
  },
  reference: ({ size }, arrays) => {
    const [a, b] = [floats(arrays, "a"), floats(arrays, "b")];
    return samplePlaces(size * size).map((place) => {
      const [row, column] = [Math.floor(place / size), place % size];
      let sum = 0;
      for (let k = 0; k < size; k++) sum += (a[row * size + k] ?? 0) * (b[k * size + column] ?? 0);
      return sum;
    });
  },
  tolerance: 1e-5,
  operations: ({ size }) => 2 * size ** 3,
};
