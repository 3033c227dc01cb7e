import { describe, expect, it } from "vitest";
import { type TensorValue, input, toNumbers } from "@adjoint/ir";
import {
  activationNames,
  averagePool,
  conv1d,
  conv2d,
  dense,
  embedding,
  flatten,
  globalAveragePool,
  globalMaxPool,
  layerNorm,
  maxPool,
  reshape,
  xavierUniform,
} from "@adjoint/layers";
import { expectClose, ramp, run, value } from "./support.ts";

const at = (of: TensorValue, ...place: readonly number[]): number => {
  const index = place.reduce((sum, step, axis) => sum * (of.shape[axis] ?? 1) + step, 0);
  return toNumbers(of)[index] ?? Number.NaN;
};

/** Cross-correlation [N, C, H, W] ∗ [O, C/g, kh, kw] as nested loops. */
function correlate(
  x: TensorValue,
  w: TensorValue,
  settings: { stride: number; low: number; dilation: number; groups: number; out: readonly [number, number] },
): number[] {
  const { stride, low, dilation, groups, out } = settings;
  const [n = 0, c = 0, height = 0, width = 0] = x.shape;
  const [o = 0, , kh = 0, kw = 0] = w.shape;
  const result: number[] = [];
  for (let b = 0; b < n; b++)
    for (let f = 0; f < o; f++)
      for (let i = 0; i < out[0]; i++)
        for (let j = 0; j < out[1]; j++) {
          let sum = 0;
          for (let k = 0; k < c / groups; k++)
            for (let p = 0; p < kh; p++)
              for (let q = 0; q < kw; q++) {
                const [y, z] = [i * stride + p * dilation - low, j * stride + q * dilation - low];
                if (y < 0 || z < 0 || y >= height || z >= width) continue;
                const channel = Math.floor(f / (o / groups)) * (c / groups) + k;
                sum += at(x, b, channel, y, z) * at(w, f, k, p, q);
              }
          result.push(sum);
        }
  return result;
}

describe("dense", () => {
  it("is activation(x·weight + bias), over any leading axes", () => {
    const x = ramp([2, 2, 3]);
    const [weight, bias] = [ramp([3, 2], 0.3), value([2], [0.25, -0.5])];
    const { value: y } = run(dense({ units: 2, activation: "relu" }), x, {
      state: { "dense_1.weight": weight, "dense_1.bias": bias },
    });
    const expected = [0, 1, 2, 3].flatMap((row) =>
      [0, 1].map((unit) => {
        const net = [0, 1, 2].reduce(
          (sum, k) => sum + (toNumbers(x)[row * 3 + k] ?? 0) * at(weight, k, unit),
          0,
        );
        return Math.max(0, net + at(bias, unit));
      }),
    );
    expect(y.shape).toEqual([2, 2, 2]);
    expectClose(toNumbers(y), expected);
  });

  it("starts from Xavier's uniform and zeros, and can do without a bias", () => {
    const layer = dense({ units: 50, bias: false });
    expect(layer.config.weightInitializer).toEqual(xavierUniform());
    const { state } = run(layer, ramp([1, 100]));
    expect(Object.keys(state)).toEqual(["dense_1.weight"]);
    const largest = Math.max(...toNumbers(state["dense_1.weight"] ?? ramp([1])).map(Math.abs));
    expect(largest).toBeLessThan(Math.sqrt(6 / 150));
    expect(largest).toBeGreaterThan(0.99 * Math.sqrt(6 / 150));
    expect(toNumbers(run(dense({ units: 2 }), ramp([1, 2])).state["dense_1.bias"] ?? ramp([1]))).toEqual([
      0, 0,
    ]);
  });

  it("takes an activation by name", () => {
    for (const activation of activationNames) {
      const x = input("x", "f32", [1, 2]);
      const y = dense({ units: 2, activation })(x);
      const last = y.node.operation.name;
      expect(last).toBe(activation === "identity" ? "add" : activation);
    }
    // @ts-expect-error no activation of that name
    expect(() => dense({ units: 2, activation: "rleu" })).toThrow(
      /activation must be one of identity, relu,.*is "rleu"/,
    );
  });

  it("refuses an input without a batch axis", () => {
    expect(() => dense({ units: 2 })(input("x", "f32", [3]))).toThrow(
      /dense: wants \[batch, …, features\] and got rank 1/,
    );
  });
});

describe("conv", () => {
  const x = ramp([2, 4, 6, 5], 0.01);

  it.each([
    { name: "plain", options: {}, low: 0, stride: 1, dilation: 1, groups: 1, out: [4, 3] },
    {
      name: "strided and padded",
      options: { strides: 2, padding: 1 },
      low: 1,
      stride: 2,
      dilation: 1,
      groups: 1,
      out: [3, 3],
    },
    { name: "same", options: { padding: "same" }, low: 1, stride: 1, dilation: 1, groups: 1, out: [6, 5] },
    { name: "dilated", options: { dilations: 2 }, low: 0, stride: 1, dilation: 2, groups: 1, out: [2, 1] },
    { name: "grouped", options: { groups: 2 }, low: 0, stride: 1, dilation: 1, groups: 2, out: [4, 3] },
  ] as const)(
    "conv2d $name is the sum over channels and taps",
    ({ options, low, stride, dilation, groups, out }) => {
      const weight = ramp([6, 4 / groups, 3, 3], 0.02);
      const bias = value([6], [1, 2, 3, 4, 5, 6]);
      const { value: y } = run(conv2d({ filters: 6, kernel: 3, ...options }), x, {
        state: { "conv2d_1.weight": weight, "conv2d_1.bias": bias },
      });
      expect(y.shape).toEqual([2, 6, ...out]);
      const positions = out[0] * out[1];
      const sums = correlate(x, weight, { stride, low, dilation, groups, out });
      expectClose(
        toNumbers(y),
        sums.map((sum, index) => sum + (Math.floor(index / positions) % 6) + 1),
        1e-5,
      );
    },
  );

  it('"same" with a stride puts the odd zero at the end, as ONNX\'s SAME_UPPER', () => {
    const { value: y } = run(
      conv2d({ filters: 1, kernel: 2, strides: 2, padding: "same", bias: false }),
      ramp([1, 1, 3, 3], 1, 1),
      {
        state: { "conv2d_1.weight": value([1, 1, 2, 2], [1, 1, 1, 1]) },
      },
    );
    expect(toNumbers(y)).toEqual([1 + 2 + 4 + 5, 3 + 6, 7 + 8, 9]);
  });

  it("conv1d runs along one axis, with other numbers for each axis where lists are given", () => {
    const { value: y } = run(
      conv1d({ filters: 1, kernel: [3], padding: [2], bias: false }),
      value([1, 1, 3], [1, 2, 3]),
      {
        state: { "conv1d_1.weight": value([1, 1, 3], [1, 10, 100]) },
      },
    );
    expect(toNumbers(y)).toEqual([100, 210, 321, 32, 3]);
  });

  it("refuses what doesn't fit", () => {
    const image = input("image", "f32", [1, 28, 28]);
    expect(() => conv2d({ filters: 1, kernel: 3 })(image)).toThrow(
      /wants \[batch, channels, height, width\] and got f32\[1, 28, 28\].*reshape\({ shape: \[1, 28, 28\] }\)/,
    );
    const four = input("four", "f32", [1, 4, 8, 8]);
    expect(() => conv2d({ filters: 6, kernel: 3, groups: 4 })(four)).toThrow(
      /4 groups don't divide 4 channels and 6 filters/,
    );
    expect(() => conv2d({ filters: 1, kernel: [3, 3, 3] })(four)).toThrow(
      /kernel \[3, 3, 3\] has 3 numbers for 2 spatial axes/,
    );
    // @ts-expect-error no such padding
    expect(() => conv2d({ filters: 1, kernel: 3, padding: "full" })).toThrow(
      /padding must be "valid", "same", or.*is "full"/,
    );
  });
});

describe("pooling", () => {
  const x = value([1, 1, 4, 4], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);

  it("takes the largest or the mean of windows that don't overlap unless told", () => {
    expect(run(maxPool({ kernel: 2 }), x).numbers).toEqual([6, 8, 14, 16]);
    expect(run(averagePool({ kernel: 2 }), x).numbers).toEqual([3.5, 5.5, 11.5, 13.5]);
    expect(run(maxPool({ kernel: [2, 4], strides: 1 }), x).numbers).toEqual([8, 12, 16]);
    expect(run(maxPool({ kernel: 2, dilations: 2, strides: 1 }), x).numbers).toEqual([11, 12, 15, 16]);
  });

  it("pads so that no padding wins and none counts unless asked", () => {
    expect(run(maxPool({ kernel: 3, strides: 2, padding: "same" }), x).numbers).toEqual([11, 12, 15, 16]);
    expect(run(maxPool({ kernel: 2, padding: 1 }), value([1, 1, 2, 2], [-1, -2, -3, -4])).numbers).toEqual([
      -1, -2, -3, -4,
    ]);
    const corner = averagePool({ kernel: 2, padding: 1 });
    expect(run(corner, value([1, 1, 2, 2], [4, 8, 12, 16])).numbers).toEqual([4, 8, 12, 16]);
    const counted = averagePool({ kernel: 2, padding: 1, countIncludePad: true });
    expect(run(counted, value([1, 1, 2, 2], [4, 8, 12, 16])).numbers).toEqual([1, 2, 3, 4]);
  });

  it("pools whole channels to [N, C]", () => {
    const two = ramp([2, 3, 2, 2], 1, 0);
    expect(run(globalMaxPool(), two).value.shape).toEqual([2, 3]);
    expect(run(globalMaxPool(), two).numbers).toEqual([3, 7, 11, 15, 19, 23]);
    expect(run(globalAveragePool(), two).numbers).toEqual([1.5, 5.5, 9.5, 13.5, 17.5, 21.5]);
  });

  it("refuses inputs without spatial axes", () => {
    expect(() => maxPool({ kernel: 2 })(input("x", "f32", [1, 4]))).toThrow(
      /maxPool: wants \[batch, channels, …\]/,
    );
  });
});

describe("shape", () => {
  it("flatten and reshape keep the batch", () => {
    expect(run(flatten(), ramp([2, 3, 4])).value.shape).toEqual([2, 12]);
    expect(run(flatten(), ramp([5])).value.shape).toEqual([5, 1]);
    expect(run(reshape({ shape: [2, -1] }), ramp([2, 3, 4])).value.shape).toEqual([2, 2, 6]);
    expect(() => reshape({ shape: [-1, -1] })).toThrow(/shape may hold one −1/);
    expect(() => flatten()(input("x", "f32", []))).toThrow(/flatten: wants \[batch, …\]/);
  });
});

describe("embedding", () => {
  it("gives each index its vector", () => {
    const weight = ramp([4, 2], 1, 0);
    const { value: y } = run(embedding({ vocabulary: 4, units: 2 }), value([1, 3], [3, 0, 3], "i32"), {
      state: { "embedding_1.weight": weight },
    });
    expect(y.shape).toEqual([1, 3, 2]);
    expect(toNumbers(y)).toEqual([6, 7, 0, 1, 6, 7]);
  });

  it("refuses indices that are no integers", () => {
    expect(() => embedding({ vocabulary: 4, units: 2 })(input("x", "f32", [1]))).toThrow(
      /wants integer indices and got f32\[1\]/,
    );
  });
});

describe("S8 layer normalization", () => {
  it.each([
    { name: "the last axis", options: {}, group: 4, bias: true },
    {
      name: "two axes without bias",
      options: { axis: -2, bias: false, epsilon: 0.1 },
      group: 12,
      bias: false,
    },
  ])("standardizes each example over $name", ({ options, group, bias }) => {
    const x = ramp([2, 3, 4], 0.3);
    const layer = layerNorm(options);
    const shape = group === 4 ? [4] : [3, 4];
    const [scale, shift] = [ramp(shape, 0.2, 1), ramp(shape, 0.1, 0)];
    const { numbers } = run(layer, x, {
      state: { "layerNorm_1.scale": scale, ...(bias && { "layerNorm_1.bias": shift }) },
    });
    const all = toNumbers(x);
    const expected = all.map((element, index) => {
      const start = Math.floor(index / group) * group;
      const row = all.slice(start, start + group);
      const mean = row.reduce((sum, e) => sum + e, 0) / group;
      const variance = row.reduce((sum, e) => sum + (e - mean) ** 2, 0) / group;
      const standard = (element - mean) / Math.sqrt(variance + layer.config.epsilon);
      return (
        standard * (toNumbers(scale)[index - start] ?? 0) +
        (bias ? (toNumbers(shift)[index - start] ?? 0) : 0)
      );
    });
    expectClose(numbers, expected, 1e-5);
  });

  it("refuses an axis that the input lacks", () => {
    expect(() => layerNorm({ axis: 3 })(input("x", "f32", [2, 3]))).toThrow(/has axis 3 and got f32\[2, 3\]/);
  });
});
