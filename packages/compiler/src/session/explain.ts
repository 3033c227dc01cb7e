import { type Graph, print } from "@adjoint/ir";
import { graphNodes } from "@adjoint/ir/graph";
import { dtypeInfo, typeText } from "@adjoint/ir/values";
import type { Executable } from "../kernel/backend.ts";
import { describeKernel } from "../kernel/describe.ts";
import type { KernelForm } from "../kernel/kernel.ts";
import { buffersOf } from "../kernel/kernel-buffers.ts";
import type { CompiledProgram } from "../kernel/program.ts";

/** One entry for one set of sizes. */
export interface CompiledEntry {
  readonly entry: string;
  /** The graph after each pass, the first being the one that was declared (with its sizes bound). */
  readonly stages: readonly { readonly pass: string; readonly graph: Graph; readonly milliseconds: number }[];
  readonly program: CompiledProgram;
  readonly executable: Executable;
  readonly milliseconds: number;
}

/** The compilation of one entry for one set of sizes, as data; `text` says the same to a reader. */
export interface Explanation {
  readonly entry: string;
  readonly inputs: readonly string[];
  readonly passes: readonly {
    readonly name: string;
    readonly nodes: number;
    readonly milliseconds: number;
    readonly graph: string;
  }[];
  readonly kernels: readonly KernelExplanation[];
  /** Bytes of each slot. */
  readonly slots: readonly number[];
  /** Slots, registers and constants: known before the program runs. */
  readonly peakBytes: number;
  readonly workspaceBytes: number;
  readonly compileMilliseconds: number;
  readonly text: string;
}

export interface KernelExplanation {
  readonly form: KernelForm;
  readonly description: string;
  /** Bytes read and written once. */
  readonly bytes: number;
  /** Bytes of the slots that hold something needed while it runs or after it: memory over time. */
  readonly liveBytes: number;
  /** Mean milliseconds a run, if the session profiles. */
  readonly milliseconds?: number;
}

/**
 * An account of each compiled program of a session: passes, kernels, memory, and times if the session profiles. Entries
 * with symbolic sizes appear once they ran. A function of its own, so that pages without it don't load it.
 */
export const explain = (session: { readonly compiled: readonly CompiledEntry[] }): readonly Explanation[] =>
  session.compiled.map(explainCompiled);

function explainCompiled(compiled: CompiledEntry): Explanation {
  const { program, executable, entry, stages } = compiled;
  const { profile } = executable;
  const bytesOf = (buffer: number): number => {
    const info = program.buffers[buffer];
    return info === undefined ? 0 : info.elements * dtypeInfo[info.dtype].bytes;
  };
  const live = liveBytes(program);
  const kernels = program.kernels.map((kernel, index): KernelExplanation => {
    const { reads, writes } = buffersOf(kernel);
    const spent = profile?.kernels[index];
    return {
      form: kernel.form,
      description: describeKernel(kernel),
      bytes: [...reads, ...writes].reduce((sum, buffer) => sum + bytesOf(buffer), 0),
      liveBytes: live[index] ?? 0,
      ...(profile === undefined || spent === undefined
        ? {}
        : { milliseconds: spent / Math.max(1, profile.runs) }),
    };
  });
  const passes = stages.map(({ pass, graph, milliseconds }) => ({
    name: pass,
    nodes: graphNodes(graph).length,
    milliseconds,
    // Printing is for readers; a getter keeps it out of callers that only want numbers.
    get graph(): string {
      return print(graph);
    },
  }));
  const explanation = {
    entry,
    inputs: program.inputs.map((port) => `${port.name}: ${typeText(port)}`),
    passes,
    kernels,
    slots: program.slots,
    peakBytes: program.peakBytes,
    workspaceBytes: executable.workspaceBytes,
    compileMilliseconds: compiled.milliseconds,
  };
  return {
    ...explanation,
    get text(): string {
      return textOf(explanation);
    },
  };
}

/** For each kernel, the bytes of slots with a buffer between its first and its last use. */
function liveBytes({ kernels, buffers, slots, inputs, outputs }: CompiledProgram): readonly number[] {
  const first = new Map(inputs.map(({ buffer }) => [buffer, 0]));
  const last = new Map<number, number>();
  kernels.forEach((kernel, index) => {
    const { reads, writes } = buffersOf(kernel);
    for (const buffer of [...reads, ...writes]) {
      if (!first.has(buffer)) first.set(buffer, index);
      last.set(buffer, index);
    }
  });
  for (const { buffer } of outputs) last.set(buffer, kernels.length);
  return kernels.map((_, index) => {
    const live = new Set<number>();
    buffers.forEach(({ location }, buffer) => {
      const isLive = (first.get(buffer) ?? Infinity) <= index && index <= (last.get(buffer) ?? -1);
      if (isLive && location.kind === "slot") live.add(location.slot);
    });
    return [...live].reduce((sum, slot) => sum + (slots[slot] ?? 0), 0);
  });
}

function textOf(explanation: Omit<Explanation, "text">): string {
  const { entry, inputs, passes, kernels, slots, peakBytes, workspaceBytes, compileMilliseconds } =
    explanation;
  const lines = [
    `entry "${entry}" (${inputs.join(", ")}), compiled in ${compileMilliseconds.toFixed(1)} ms`,
    `passes: ${passes.map((pass) => `${pass.name} ${pass.nodes} nodes`).join(" → ")}`,
    `kernels: ${kernels.length}`,
    ...kernels.map(
      (kernel, index) =>
        `  ${String(index).padStart(3)}  ${kernel.milliseconds === undefined ? "" : `${kernel.milliseconds.toFixed(3)} ms  `}${kernel.description}`,
    ),
    `memory: ${peakBytes} bytes at peak, ${slots.length} slots${slots.length === 0 ? "" : ` of ${slots.join(", ")} bytes`}, workspace ${workspaceBytes} bytes`,
  ];
  return lines.join("\n");
}
