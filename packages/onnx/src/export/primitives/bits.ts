import { type Node, uniformConstant } from "@adjoint/ir/graph";
import { type DType, dtypeInfo, valueOf } from "@adjoint/ir/values";
import type { Value } from "../draft.ts";
import { operands } from "../operands.ts";
import type { ExportRow, ExportRows } from "../row.ts";
import type { Writer } from "../writer.ts";

type Bitwise = "bitwiseNot" | "bitwiseAnd" | "bitwiseOr" | "bitwiseXor" | "shiftLeft" | "shiftRight";

/** The operator set that brought the bitwise operators. */
const BITWISE = 18;

/** Functions of two bytes. */
const onBytes = {
  And: (a: number, b: number): number => a & b,
  Or: (a: number, b: number): number => a | b,
  Xor: (a: number, b: number): number => a ^ b,
} as const;

/** Unsigned words of 64 bits with the same low bits. */
const bitsOf = (writer: Writer, value: Value): Value => writer.cast(writer.cast(value, "i64"), "u64");

const u64 = (writer: Writer, value: number): Value => writer.scalar(BigInt(value), "u64");

const shifted = (writer: Writer, value: Value, count: Value, direction: "LEFT" | "RIGHT"): Value =>
  writer.one("BitShift", [value, count], { attributes: { direction } });

/** The k-th byte as an i64. */
function byteAt(writer: Writer, bits: Value, k: number): Value {
  const low = k === 0 ? bits : shifted(writer, bits, u64(writer, 8 * k), "RIGHT");
  return writer.cast(writer.cast(low, "u8"), "i64");
}

/** A bitwise function: an operator from opset 18 on, before that looked up byte by byte. */
export function bitwise(writer: Writer, name: keyof typeof onBytes, a: Value, b: Value): Value {
  if (writer.opset >= BITWISE) return writer.one(`Bitwise${name}`, [a, b]);
  const table = Array.from({ length: 65536 }, (_, index) => onBytes[name](index >> 8, index & 255));
  const values = writer.within("bits", () => writer.constant(valueOf("u8", [65536], table)));
  const [x, y] = [bitsOf(writer, a), bitsOf(writer, b)];
  const parts = Array.from({ length: dtypeInfo[a.dtype].bytes }, (_, k) => {
    const row = writer.one("Mul", [byteAt(writer, x, k), writer.scalar(256n, "i64")]);
    const index = writer.one("Add", [row, byteAt(writer, y, k)]);
    const byte = writer.cast(writer.one("Gather", [values, index]), "i64");
    return k === 0 ? byte : writer.one("Mul", [byte, writer.scalar(256n ** BigInt(k), "i64")]);
  });
  return writer.cast(
    parts.reduce((sum, part) => writer.one("Add", [sum, part])),
    a.dtype,
  );
}

const two =
  (name: keyof typeof onBytes): ExportRow<"bitwiseAnd" | "bitwiseOr" | "bitwiseXor"> =>
  (node, writer) => {
    const [a, b] = operands(node, writer);
    return a === undefined || b === undefined ? [] : bitwise(writer, name, a, b);
  };

/** −1 − x: what flipping all bits comes to. */
const flipped = (writer: Writer, value: Value): Value => {
  const allOnes = valueOf(value.dtype, [], [-1n]);
  return writer.one("Sub", [writer.constant(allOnes), value]);
};

const bitwiseNot: ExportRow<"bitwiseNot"> = (node, writer) => {
  const [x] = operands(node, writer);
  if (x === undefined) return [];
  return writer.opset >= BITWISE ? writer.one("BitwiseNot", [x]) : flipped(writer, x);
};

const unsigned: { readonly [D in DType]?: DType } = { i8: "u8", i16: "u16", i32: "u32", i64: "u64" };

/** Shifts words of 64 bits; a count of the type's width or more pushes every bit out. */
function shift(node: Node, writer: Writer, direction: "LEFT" | "RIGHT", x: Value, count: Value): Value {
  const width = 8 * dtypeInfo[node.output.dtype].bytes;
  const known = node.inputs[1] && uniformConstant(node.inputs[1]);
  if (known !== undefined && known >= 0 && known < width) return shifted(writer, x, count, direction);
  const isFar = writer.one("Not", [
    writer.one("Less", [writer.cast(count, "i64"), writer.scalar(BigInt(width), "i64")], { result: "bool" }),
  ]);
  const isNegative = writer.one("Less", [writer.cast(count, "i64"), writer.scalar(0n, "i64")], {
    result: "bool",
  });
  const isOut = writer.one("Or", [isFar, isNegative]);
  const zero = u64(writer, 0);
  const inside = shifted(writer, x, writer.one("Where", [isOut, zero, count]), direction);
  return writer.one("Where", [isOut, zero, inside]);
}

/** An unsigned value as 64 bits, its high bits zero. */
const zeroExtended = (writer: Writer, value: Value): Value =>
  writer.cast(writer.cast(value, unsigned[value.dtype] ?? value.dtype), "u64");

const shiftLeft: ExportRow<"shiftLeft"> = (node, writer) => {
  const [x, count] = operands(node, writer);
  if (x === undefined || count === undefined) return [];
  return writer.cast(shift(node, writer, "LEFT", zeroExtended(writer, x), bitsOf(writer, count)), x.dtype);
};

/** Of negative numbers the flipped bits are shifted, so that ones come in from the left. */
const shiftRight: ExportRow<"shiftRight"> = (node, writer) => {
  const [x, count] = operands(node, writer);
  if (x === undefined || count === undefined) return [];
  const move = (value: Value): Value =>
    writer.cast(shift(node, writer, "RIGHT", zeroExtended(writer, value), bitsOf(writer, count)), x.dtype);
  if (dtypeInfo[x.dtype].class === "uint") return move(x);
  const zero = writer.constant(valueOf(x.dtype, [], [0]));
  const isNegative = writer.one("Less", [x, zero], { result: "bool" });
  const moved = move(writer.one("Where", [isNegative, flipped(writer, x), x]));
  return writer.one("Where", [isNegative, flipped(writer, moved), moved]);
};

/** Functions of bits. */
export const bitRows: ExportRows<Bitwise> = {
  bitwiseNot,
  bitwiseAnd: two("And"),
  bitwiseOr: two("Or"),
  bitwiseXor: two("Xor"),
  shiftLeft,
  shiftRight,
};
