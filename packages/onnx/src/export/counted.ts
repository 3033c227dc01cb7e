import type { Dim } from "@adjoint/ir";
import type { Value } from "./draft.ts";
import type { Writer } from "./writer.ts";

/** 0 … size − 1. Range counts in 64 bits, which every type is cast from. */
export const counted = (writer: Writer, size: Dim): Value =>
  writer.one("Range", [writer.scalar(0n, "i64"), writer.size(size), writer.scalar(1n, "i64")]);
