import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Tensor, constant, evaluate, flip, input, pad, program, window } from "@adjoint/ir";
import { toNumbers } from "@adjoint/ir/values";
import { type Access, identity } from "../src/kernel/affine.ts";
import { sizesOf } from "../src/lowering/sizes.ts";
import { baseOf, belowReshape, belowReshapes, isView, padsZero, through } from "../src/lowering/views.ts";
import { at, counting, holds, linear, points } from "./support.ts";

const FILLER = -1;

/** A view of a tensor, by a number that decides which. */
function view(x: Tensor, choice: number): Tensor {
  const shape = sizesOf(x);
  const axis = (choice >> 4) % Math.max(1, x.rank);
  const size = shape[axis] ?? 1;
  const only = <T>(value: T, other: T): T[] => shape.map((_, index) => (index === axis ? value : other));
  switch (choice % 8) {
    case 0:
      return x.rank < 2 ? x : x.transpose([...shape.keys()].map((index) => (index + 1 + axis) % x.rank));
    case 1:
      return x.reshape(size % 2 === 0 && x.rank > 0 ? shape.toSpliced(axis, 1, 2, size / 2) : [-1]);
    case 2:
      return x.reshape(
        x.rank > 1 && axis > 0 ? shape.toSpliced(axis - 1, 2, (shape[axis - 1] ?? 1) * size) : [1, ...shape],
      );
    case 3:
      return x.rank === 0 || size < 2 ? x : x.slice(only({ start: choice % 2, step: 1 + (choice % 3) }, {}));
    case 4:
      return x.rank === 0 ? x : flip(x, [axis]);
    case 5:
      return x.rank === 0
        ? x
        : pad(x, {
            low: only(choice % 3, 0),
            high: only(1, 0),
            interior: only(0, 0),
            value: constant(FILLER),
          });
    case 6:
      return x.broadcast([2, ...shape]);
    default:
      return x.rank === 0 || size < 2
        ? x
        : window(x, { axes: [axis], sizes: [2], strides: [1 + (choice % 2)], dilations: [1] });
  }
}

const chains = fc
  .record({
    shape: fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 3 }),
    choices: fc.array(fc.nat(0xfff), { minLength: 1, maxLength: 4 }),
  })
  .map(({ shape, choices }) => {
    const x = input("x", "f32", shape);
    let y: Tensor = x;
    for (const choice of choices) if (sizesOf(y).reduce((a, b) => a * b, 1) <= 48) y = view(y, choice);
    return { x, y, toString: () => `${choices.join()} of ${shape.join("×")}` };
  });

/** The access of `x` through which `y` is seen from the identity. */
function accessOf(y: Tensor): Access | undefined {
  let [tensor, access]: [Tensor, Access] = [y, identity(sizesOf(y))];
  while (isView(tensor.node)) {
    const step = through(tensor, access);
    if (step === undefined) return undefined;
    [tensor, access] = [step.input, step.access];
  }
  return access;
}

describe("views", () => {
  it("composed as changes of coordinates read what evaluating them gives", () => {
    let affine = 0;
    fc.assert(
      fc.property(chains, ({ x, y }) => {
        const access = accessOf(y);
        if (access === undefined) return;
        affine++;
        const shape = sizesOf(x);
        const seen = points(sizesOf(y)).map((point) => {
          if (!holds(access.guards, point)) return FILLER;
          const coordinates = access.coordinates.map((coordinate) => at(coordinate, point));
          coordinates.forEach((coordinate, axis) => {
            expect(coordinate).toBeGreaterThanOrEqual(0);
            expect(coordinate).toBeLessThan(shape[axis] ?? 1);
          });
          return linear(coordinates, shape);
        });
        const { outputs } = evaluate(program({ inputs: { x }, outputs: { y } }), { x: counting(shape) });
        expect(seen).toEqual(toNumbers(outputs.y));
      }),
      { numRuns: 400 },
    );
    expect(affine).toBeGreaterThan(150);
  });

  it("are undefined where the reshape of what they show is not affine", () => {
    const x = input("x", "f32", [2, 3]);
    expect(accessOf(x.transpose([1, 0]).reshape([2, 3]))).toBeUndefined();
    expect(accessOf(x.transpose([1, 0]).reshape([3, 2, 1]))).toBeDefined();
  });

  it("drop the guards that always hold", () => {
    const x = input("x", "f32", [4]);
    const inner = pad(x, { low: [1], high: [1], interior: [0] }).slice([{ start: 1, end: 5 }]);
    expect(accessOf(inner)?.guards).toEqual([]);
    expect(accessOf(pad(x, { low: [1], high: [0], interior: [0] }))?.guards).toHaveLength(1);
  });

  it("don't count what spreads or joins elements", () => {
    const x = input("x", "f32", [4]);
    expect(isView(pad(x, { low: [0], high: [0], interior: [1] }).node)).toBe(false);
    expect(isView(pad(x, { low: [1], high: [0], interior: [0] }).node)).toBe(true);
    expect(isView(x.add(1).node)).toBe(false);
  });

  it("know what they show, and what reshapes show", () => {
    const x = input("x", "f32", [2, 3]);
    const t = x.transpose([1, 0]);
    const y = t.reshape([6]).reshape([1, 6]);
    expect(baseOf(y)).toBe(x);
    expect(belowReshapes(y)).toBe(t);
    expect(belowReshape(t)).toBeUndefined();
    // A broadcast that adds axes of size 1 keeps elements in order.
    expect(belowReshapes(x.broadcast([1, 2, 3]))).toBe(x);
    expect(belowReshape(x.broadcast([2, 2, 3]))).toBeUndefined();
  });

  it("tell a padding with zeros", () => {
    const x = input("x", "f32", [4]);
    const padded = (value: Tensor | number): boolean =>
      padsZero(pad(x, { low: [1], high: [0], interior: [0], value }).node);
    expect([padded(0), padded(1), padded(input("z", "f32", []))]).toEqual([true, false, false]);
  });
});
