import { describe } from "vitest";
import { constant, iota, randomBits, valueOf } from "@adjoint/ir";
import { fold } from "@adjoint/ir/graph";
import { foldRules } from "../src/passes/fold.ts";
import { x, full, zero, concatNode, testRules } from "./rule-cases.ts";

describe("fold", () => {
  testRules(fold, foldRules, {
    examples: {
      "nothing to compute → empty constant": [zero.exp(), zero.add(zero), x.slice([{ end: 0 }]).transpose()],
      "constant of one element everywhere → broadcast scalar": [
        constant([
          [2, 2],
          [2, 2],
        ]),
        constant([NaN, NaN]),
        constant([-0, -0]),
      ],
      "f(broadcast constants) → broadcast constant": [
        full(2).exp(),
        full(2).add(full(-2)),
        full(2, "i32").cast("f32"),
      ],
      "f(constants) → constant": [
        constant([1, 2]).add(constant([3, NaN])),
        constant([
          [1, 2],
          [3, 4],
        ]).matMul(
          constant([
            [1, 0],
            [2, 1],
          ]),
        ),
        constant([3, 1, 2]).reduceSum(),
        iota("f32", [4]).mul(2),
        concatNode([constant([1, 2]), constant([3])], 0),
        constant([1, 2, 3]).take(constant([2, 0], "i32")),
      ],
      "random bits of a known key → constant": [randomBits(constant([1, 2], "u32"), [4])],
    },
    kept: {
      "a broadcast scalar": full(2),
      "a long result of short operands": constant([[1], [2]]).add(iota("f32", [2, 2000], 1)),
      "much work": constant(
        valueOf(
          "f32",
          [200, 200],
          Array.from({ length: 40_000 }, (_, k) => k),
        ),
      ).matMul(
        constant(
          valueOf(
            "f32",
            [200, 200],
            Array.from({ length: 40_000 }, (_, k) => -k),
          ),
        ),
      ),
      "long random bits": randomBits(constant([1, 2], "u32"), [2000]),
      "an index outside its axis, which the run reports": constant([1, 2]).gather(
        constant([[7], [8]], "i32"),
      ),
    },
  });
});
