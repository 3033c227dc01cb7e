import {
  type State,
  type Tensor,
  attention,
  conv,
  gather,
  maxPool,
  register,
  relu,
  scan,
  scatter,
  sigmoid,
  softmaxCrossEntropy,
  squaredError,
  tanh,
} from "@adjoint/ir";
import * as ir from "@adjoint/ir";
import type { Draw } from "./draw.ts";

/** A network to be trained: what it is fed, and its loss from that. */
export interface Network {
  /** Its sizes, for messages. */
  readonly sizes: string;
  readonly feeds: State;
  readonly loss: (inputs: { readonly [name: string]: Tensor }) => Tensor;
}

/** A parameter that starts at random, small enough that nothing saturates. */
const weight = (name: string, shape: readonly number[]): Tensor => {
  const inner = shape.slice(0, -1).reduce((product, size) => product * size, 1);
  return register(name, "f32", shape, {
    initial: { kind: "normal", mean: 0, standardDeviation: 1 / Math.sqrt(inner) },
  });
};
const bias = (name: string, size: number): Tensor =>
  register(name, "f32", [size], { initial: { kind: "uniform", low: -0.1, high: 0.1 } });

const the = (tensor: Tensor | undefined): Tensor => {
  if (tensor === undefined) throw new Error("an input is missing");
  return tensor;
};

/** Classes by logits; gradients of labels are the usual ones. */
const classified = (logits: Tensor, labels: Tensor | undefined): Tensor =>
  softmaxCrossEntropy(logits, the(labels)).reduceMean();

/** Each network at sizes that are drawn. */
export const networks: { readonly [name: string]: (draw: Draw) => Network } = {
  mlp(draw) {
    const [batch, features, hidden, second, classes] = [
      draw.size(129),
      draw.size(65),
      draw.size(129),
      draw.size(65),
      draw.whole(2, 12),
    ];
    return {
      sizes: `batch ${batch}, ${features}-${hidden}-${second}-${classes}`,
      feeds: {
        x: draw.tensor("f32", [batch, features]),
        labels: draw.wholes("i32", [batch], 0, classes - 1),
      },
      loss({ x, labels }) {
        const first = relu(
          the(x)
            .matMul(weight("w1", [features, hidden]))
            .add(bias("b1", hidden)),
        );
        const next = tanh(first.matMul(weight("w2", [hidden, second])).add(bias("b2", second)));
        return classified(next.matMul(weight("w3", [second, classes])).add(bias("b3", classes)), labels);
      },
    };
  },

  cnn(draw) {
    const [batch, channels, size, filters, kernel, classes] = [
      draw.size(17),
      draw.whole(1, 4),
      draw.whole(6, 17),
      draw.size(17),
      draw.whole(1, 4),
      draw.whole(2, 10),
    ];
    const stride = draw.whole(1, 2);
    const pad = draw.whole(0, kernel - 1);
    return {
      sizes: `batch ${batch}, ${channels}×${size}×${size + 1}, ${filters} filters of ${kernel}, stride ${stride}, padding ${pad}, ${classes} classes`,
      feeds: {
        x: draw.tensor("f32", [batch, channels, size, size + 1]),
        labels: draw.wholes("i32", [batch], 0, classes - 1),
      },
      loss({ x, labels }) {
        const kernels = register("kernels", "f32", [filters, channels, kernel, kernel], {
          initial: { kind: "normal", mean: 0, standardDeviation: 1 / Math.sqrt(channels * kernel * kernel) },
        });
        const convolved = conv(the(x), kernels, {
          strides: [stride, stride],
          padLow: [pad, pad],
          padHigh: [pad, 0],
        }).add(bias("b1", filters).reshape([filters, 1, 1]));
        const pooled = maxPool(tanh(convolved), { kernel: [2, 2], strides: [1, 2] });
        const flat = pooled.shape.slice(1).reduce<number>((product, extent) => product * Number(extent), 1);
        const logits = pooled.reshape([batch, flat]).matMul(weight("w", [flat, classes]));
        return classified(logits.add(bias("b2", classes)), labels);
      },
    };
  },

  lstm(draw) {
    const [batch, steps, features, hidden, classes] = [
      draw.size(17),
      draw.size(9),
      draw.size(17),
      draw.size(33),
      draw.whole(2, 6),
    ];
    return {
      sizes: `batch ${batch}, ${steps} steps, ${features} features, ${hidden} units, ${classes} classes`,
      feeds: {
        x: draw.tensor("f32", [steps, batch, features]),
        labels: draw.wholes("i32", [batch], 0, classes - 1),
      },
      loss({ x, labels }) {
        const [input, recurrent, shift] = [
          weight("input", [features, 4 * hidden]),
          weight("recurrent", [hidden, 4 * hidden]),
          bias("shift", 4 * hidden),
        ];
        const zero = ir.filled(0, "f32", [batch, hidden]);
        const { carry } = scan({ carry: [zero, zero], sequences: [the(x)] }, ([h, c], [slice]) => {
          const gates = the(slice).matMul(input).add(the(h).matMul(recurrent)).add(shift);
          const part = (index: number): Tensor =>
            gates.slice([undefined, { start: index * hidden, end: (index + 1) * hidden }]);
          const cell = sigmoid(part(1))
            .mul(the(c))
            .add(sigmoid(part(0)).mul(tanh(part(2))));
          return { carry: [sigmoid(part(3)).mul(tanh(cell)), cell] };
        });
        return classified(the(carry[0]).matMul(weight("w", [hidden, classes])), labels);
      },
    };
  },

  attention(draw) {
    const [batch, length, heads, width] = [draw.whole(1, 5), draw.size(17), draw.whole(1, 4), draw.size(17)];
    const model = heads * width;
    const [causal, pooled] = [draw.of(true, false), draw.of(true, false)];
    return {
      sizes: `batch ${batch}, length ${length}, ${heads} heads of ${width}, causal ${causal}, pooled ${pooled}`,
      feeds: {
        x: draw.tensor("f32", [batch, length, model]),
        y: draw.tensor("f32", pooled ? [batch, model] : [batch, length, model]),
      },
      loss({ x, y }) {
        const split = (name: string): Tensor =>
          the(x)
            .matMul(weight(name, [model, model]))
            .reshape([batch, length, heads, width])
            .transpose([0, 2, 1, 3]);
        const attended = attention(split("query"), split("key"), split("value"), { causal })
          .transpose([0, 2, 1, 3])
          .reshape([batch, length, model]);
        const normal = ir.layerNormalization(
          the(x).add(attended.matMul(weight("output", [model, model]))),
          register("scale", "f32", [model], { initial: { kind: "constant", value: 1 } }),
          bias("shift", model),
          { axis: 2, epsilon: 1e-3 },
        );
        // A dense layer, then the mean over positions: its gradient is stretched along an axis.
        const result = normal.matMul(weight("last", [model, model]));
        return squaredError(pooled ? result.reduceMean({ axes: [1] }) : result, the(y)).reduceMean();
      },
    };
  },

  graph(draw) {
    const [nodes, edges, features, hidden, classes] = [
      draw.size(65),
      draw.size(129),
      draw.size(33),
      draw.size(33),
      draw.whole(2, 7),
    ];
    return {
      sizes: `${nodes} nodes, ${edges} edges, ${features}-${hidden}-${classes}`,
      feeds: {
        x: draw.tensor("f32", [nodes, features]),
        from: draw.wholes("i32", [edges, 1], 0, nodes - 1),
        to: draw.wholes("i32", [edges, 1], 0, nodes - 1),
        labels: draw.wholes("i32", [nodes], 0, classes - 1),
      },
      loss({ x, from, to, labels }) {
        const pass = (state: Tensor, size: number): Tensor =>
          scatter(ir.filled(0, "f32", [nodes, size]), the(to), gather(state, the(from)), "add").add(state);
        const first = tanh(pass(the(x).matMul(weight("w1", [features, hidden])), hidden).mul(0.5));
        return classified(pass(first.matMul(weight("w2", [hidden, classes])), classes).mul(0.5), labels);
      },
    };
  },
};
