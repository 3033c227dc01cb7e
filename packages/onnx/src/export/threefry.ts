import { type Shape, shapeSize, valueOf } from "@adjoint/ir/values";
import type { Value } from "./draft.ts";
import { bitwise } from "./primitives/bits.ts";
import { counted } from "./counted.ts";
import type { Writer } from "./writer.ts";

const PARITY = 0x1bd11bda;
const ROTATIONS = [
  [13, 15, 26, 6],
  [17, 29, 16, 24],
] as const;

/**
 * Threefry-2x32-20 of the key (u32[2]) and each element's index, its first word. Sums are of 64 bits, where they have room,
 * and wrap when they become words again. Source: Salmon et al. (SC 2011); `threefry2x32` is the reference.
 */
export function threefry(writer: Writer, key: Value, shape: Shape): Value {
  const word = (value: Value): Value => writer.cast(value, "u32");
  const wide = (value: Value): Value => writer.cast(value, "i64");
  const sum = (a: Value, b: Value): Value => writer.one("Add", [a, b]);
  const xor = (a: Value, b: Value): Value => bitwise(writer, "Xor", a, b);
  const part = (index: number): Value => writer.one("Gather", [key, writer.scalar(BigInt(index), "i64")]);
  const u32 = (value: number): Value => writer.constant(valueOf("u32", [], [value]));
  const rotated = (value: Value, count: number): Value => {
    const move = (by: number, direction: "LEFT" | "RIGHT"): Value =>
      writer.one("BitShift", [value, u32(by)], { attributes: { direction } });
    // The two parts share no bit: their sum is their union.
    return word(sum(wide(move(count, "LEFT")), wide(move(32 - count, "RIGHT"))));
  };
  const [first, second] = [part(0), part(1)];
  const schedule = [first, second, xor(xor(first, second), u32(PARITY))].map(wide);
  const at = (index: number): Value => schedule[index % 3] ?? key;
  // The counter's second word is 0.
  let x0 = sum(counted(writer, shapeSize(shape)), at(0));
  let x1 = word(at(1));
  for (let group = 1; group <= 5; group++) {
    for (const rotation of ROTATIONS[(group + 1) % 2] ?? []) {
      x0 = sum(x0, wide(x1));
      x1 = xor(rotated(x1, rotation), word(x0));
    }
    x0 = sum(x0, at(group));
    x1 = word(sum(sum(wide(x1), at(group + 1)), writer.scalar(BigInt(group), "i64")));
  }
  return writer.one("Reshape", [word(x0), writer.shape(shape)]);
}
