import type { IfKernel, Kernel, ScanKernel, StepCopy } from "@adjoint/compiler";
import { dtypeInfo } from "@adjoint/ir";
import { type Body, type Local, type Value, i32, memory } from "../emit/index.ts";
import type { Place } from "../scalar/graph.ts";

/** Writes a kernel's call. */
export type Invocation = (body: Body) => void;
/** Writes a kernel's functions, and gives its call. */
export type KernelCompiler = (kernel: Kernel) => Invocation;

/** The steps one after another, with the copies between them. */
export function scanKernel(kernel: ScanKernel, place: Place, compile: KernelCompiler): Invocation {
  const { length, reverse, slices, outputs, feedback } = kernel;
  const inner = kernel.body.map(compile);
  return (body) => {
    const step = body.let(i32.const(0));
    body.for(step, i32.const(length), 1, () => {
      const at = reverse ? body.let(i32.sub(i32.const(length - 1), step)) : step;
      for (const copy of slices) body.run(copied(copy, place, "from", at));
      for (const invoke of inner) invoke(body);
      for (const copy of outputs) body.run(copied(copy, place, "to", at));
      for (const copy of feedback) body.run(copied(copy, place));
    });
  };
}

/** Copies between buffers; a stacked side is addressed by the step. */
function copied(
  { from, to, elements }: StepCopy,
  place: Place,
  stacked?: "from" | "to",
  step?: Local<"i32">,
): Value<"void"> {
  const bytes = elements * dtypeInfo[place.dtype(from)].bytes;
  const at = (buffer: number, side: "from" | "to"): Value<"i32"> => {
    const start = i32.const(place.address(buffer));
    return step === undefined || stacked !== side ? start : i32.add(start, i32.mul(step, i32.const(bytes)));
  };
  return memory.copy(at(to, "to"), at(from, "from"), i32.const(bytes));
}

export function ifKernel(kernel: IfKernel, place: Place, compile: KernelCompiler): Invocation {
  const [yes, no] = [kernel.branches[0].map(compile), kernel.branches[1].map(compile)];
  return (body) =>
    body.if(
      i32.load8U(i32.const(place.address(kernel.condition))),
      () => {
        for (const invoke of yes) invoke(body);
      },
      () => {
        for (const invoke of no) invoke(body);
      },
    );
}
