import type { IfKernel, ScanKernel, StepCopy } from "@adjoint/compiler/kernel";
import { dtypeInfo } from "@adjoint/ir/values";
import { type Local, type Value, i32, memory } from "../emit/index.ts";
import type { Addressing } from "../scalar/graph.ts";
import type { Sequence, Task } from "../sequence.ts";

/** The steps one after another, with the copies between them. */
export function writeScan(
  sequence: Sequence,
  { length, reverse, slices, outputs, feedback }: ScanKernel,
  addressing: Addressing,
  tasks: readonly Task[],
): void {
  const { body } = sequence;
  const step = body.let(i32.const(0));
  body.for(step, i32.const(length), 1, () => {
    const at = reverse ? body.let(i32.sub(i32.const(length - 1), step)) : step;
    for (const copy of slices) body.run(copied(copy, addressing, "from", at));
    for (const task of tasks) sequence.add(task);
    for (const copy of outputs) body.run(copied(copy, addressing, "to", at));
    for (const copy of feedback) body.run(copied(copy, addressing));
  });
}

/** Copies between buffers; a stacked side is addressed by the step. */
function copied(
  { from, to, elements }: StepCopy,
  addressing: Addressing,
  stacked?: "from" | "to",
  step?: Local<"i32">,
): Value<"void"> {
  const bytes = elements * dtypeInfo[addressing.dtype(from)].bytes;
  const at = (buffer: number, side: "from" | "to"): Value<"i32"> => {
    const start = i32.const(addressing.address(buffer));
    return step === undefined || stacked !== side ? start : i32.add(start, i32.mul(step, i32.const(bytes)));
  };
  return memory.copy(at(to, "to"), at(from, "from"), i32.const(bytes));
}

/** One of two lists of tasks. */
export function writeIf(
  sequence: Sequence,
  { condition }: IfKernel,
  addressing: Addressing,
  [yes, no]: readonly [readonly Task[], readonly Task[]],
): void {
  const { body } = sequence;
  const chosen = body.let(i32.load8U(i32.const(addressing.address(condition))));
  const branch = (tasks: readonly Task[]) => (): void => {
    for (const task of tasks) sequence.add(task);
  };
  body.if(chosen, branch(yes), branch(no));
}
