import { i32 } from "./operations.ts";
import { ATOMIC, BULK, Local, type ResultType, Value } from "./value.ts";

/** Code in front of each access to memory. */
export interface Guard {
  /** The address `start + offset` of an access of that many bytes; does not come back from one that is not allowed. */
  readonly allowed: (
    how: "read" | "write",
    start: Value<"i32">,
    offset: number,
    bytes: Value<"i32">,
  ) => Value<"i32">;
}

/** The expression with each of its accesses guarded. What threads tell each other by atomic operations is let through. */
export function guarded<T extends ResultType>(value: Value<T>, guard: Guard): Value<T> {
  if (value instanceof Local) return value;
  const operands = value.operands.map((operand) => guarded(operand, guard));
  const { type, opcode, immediate } = value;
  const allowed = (how: "read" | "write", index: number, offset: number, bytes: Value<"i32">): void => {
    const start = operands[index];
    // Every access takes its addresses as i32.
    if (start !== undefined) operands[index] = guard.allowed(how, start as Value<"i32">, offset, bytes);
  };
  if (immediate.kind === "memory" && opcode >> 16 !== ATOMIC >> 16) {
    const { align, offset } = immediate;
    // The alignment of an instruction is natural: its logarithm is that of the bytes.
    allowed(type === "void" ? "write" : "read", 0, offset, i32.const(1 << align));
    return new Value(type, opcode, operands, { ...immediate, offset: 0 });
  }
  if (opcode === COPY || opcode === FILL) {
    // The number of bytes, which all callers give as a constant.
    const bytes = operands[2] as Value<"i32">;
    allowed("write", 0, 0, bytes);
    if (opcode === COPY) allowed("read", 1, 0, bytes);
  }
  return operands.every((operand, index) => operand === value.operands[index])
    ? value
    : new Value(type, opcode, operands, immediate);
}

const COPY = BULK | 0x0a;
const FILL = BULK | 0x0b;
