import type {
  Backend,
  CompileOptions,
  Device,
  Executable,
  Kernel,
  CompiledProgram,
  StepCopy,
} from "@adjoint/compiler/kernel";
import type { State } from "@adjoint/ir";
import { type TypedArray, copyInto } from "@adjoint/ir/values";
import { closures } from "./closures.ts";
import { Workspace, contraction } from "./contraction.ts";
import type { ExpressionCompiler, Run } from "./executor.ts";
import { Memory, Registers } from "./memory.ts";
import { ordering } from "./ordering.ts";
import { canPrint, printed } from "./printed.ts";

export interface CpuOptions {
  /**
   * The form in which kernels run: printed as JavaScript, or as closures, which need no `new Function` and are slower. By default
   * printed if the page's content security policy allows it. The numbers are the same.
   */
  readonly kernels?: "printed" | "closures";
}

/** Plain JavaScript over typed arrays: runs everywhere, and is the simplest example of a backend. */
export function cpu(options: CpuOptions = {}): Backend {
  const kernels = options.kernels ?? (canPrint() ? "printed" : "closures");
  const compiler = kernels === "printed" ? printed : closures;
  return {
    name: "cpu",
    open: () => Promise.resolve(new CpuDevice(compiler)),
    // It has started nothing: memory is its devices'.
    [Symbol.dispose]: () => undefined,
  };
}

class CpuDevice implements Device {
  readonly #registers = new Registers();
  readonly #compiler: ExpressionCompiler;

  constructor(compiler: ExpressionCompiler) {
    this.#compiler = compiler;
  }

  writeState(state: State): Promise<void> {
    for (const [name, value] of Object.entries(state)) this.#registers.write(name, value);
    return Promise.resolve();
  }

  readState(names: readonly string[]): Promise<State> {
    return Promise.resolve(Object.fromEntries(names.map((name) => [name, this.#registers.read(name)])));
  }

  compile(program: CompiledProgram, options: CompileOptions): Promise<Executable> {
    return Promise.resolve(new CpuExecutable(program, this.#registers, this.#compiler, options));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}

class CpuExecutable implements Executable {
  readonly #runs: readonly Run[];
  readonly #inputs: readonly (TypedArray | undefined)[];
  readonly #outputs: readonly TypedArray[];
  readonly workspaceBytes: number;
  readonly #profile: { runs: number; kernels: number[] } | undefined;

  constructor(
    program: CompiledProgram,
    registers: Registers,
    compiler: ExpressionCompiler,
    { profile }: CompileOptions,
  ) {
    const memory = new Memory(program, registers);
    const workspace = program.kernels.some(contracts) ? new Workspace() : undefined;
    this.workspaceBytes = workspace?.bytes ?? 0;
    this.#runs = program.kernels.map((kernel) => compileKernel(kernel, memory, compiler, workspace));
    this.#inputs = program.inputs.map((port) => memory.find(port.buffer));
    this.#outputs = program.outputs.map((port) => memory.array(port.buffer));
    this.#profile = profile ? { runs: 0, kernels: program.kernels.map(() => 0) } : undefined;
  }

  get profile(): { readonly runs: number; readonly kernels: readonly number[] } {
    return this.#profile ?? { runs: 0, kernels: [] };
  }

  run(feeds: readonly TypedArray[]): Promise<readonly TypedArray[]> {
    for (let index = 0; index < this.#inputs.length; index++) {
      const [target, source] = [this.#inputs[index], feeds[index]];
      // An input that no kernel reads has no memory.
      if (target !== undefined && source !== undefined) copyInto(target, source);
    }
    if (this.#profile === undefined) for (const run of this.#runs) run();
    else this.#measured(this.#profile);
    return Promise.resolve(this.#outputs);
  }

  #measured(profile: { runs: number; kernels: number[] }): void {
    this.#runs.forEach((run, index) => {
      const started = performance.now();
      run();
      profile.kernels[index] = (profile.kernels[index] ?? 0) + performance.now() - started;
    });
    profile.runs++;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}

/** True for a contraction or a kernel with one inside. */
function contracts(kernel: Kernel): boolean {
  if (kernel.form === "scan") return kernel.body.some(contracts);
  return kernel.form === "if" ? kernel.branches.flat().some(contracts) : kernel.form === "contract";
}

function compileKernel(
  kernel: Kernel,
  memory: Memory,
  compiler: ExpressionCompiler,
  workspace: Workspace | undefined,
): Run {
  switch (kernel.form) {
    case "map":
      return compiler.map(kernel, memory);
    case "reduce":
      return compiler.reduce(kernel, memory);
    case "cumulative":
      return compiler.cumulative(kernel, memory);
    case "scatter":
      return compiler.scatter(kernel, memory);
    case "contract":
      return contraction(kernel, memory, compiler.epilogue(kernel, memory), workspace ?? new Workspace());
    case "sort":
      return ordering(kernel, memory);
    case "scan": {
      const compile = (inner: Kernel): Run => compileKernel(inner, memory, compiler, workspace);
      const slices = kernel.slices.map((copy) => stackedCopy(copy, "from", memory));
      const outputs = kernel.outputs.map((copy) => stackedCopy(copy, "to", memory));
      const feedback = kernel.feedback.map(
        ({ from, to }) =>
          () =>
            copyInto(memory.array(to), memory.array(from)),
      );
      const body = kernel.body.map(compile);
      const { length, reverse } = kernel;
      return () => {
        for (let step = 0; step < length; step++) {
          const at = reverse ? length - 1 - step : step;
          for (const slice of slices) slice(at);
          for (const run of body) run();
          for (const output of outputs) output(at);
          for (const next of feedback) next();
        }
      };
    }
    case "if": {
      const [yes, no] = kernel.branches.map((branch) =>
        branch.map((inner) => compileKernel(inner, memory, compiler, workspace)),
      );
      const condition = memory.array(kernel.condition);
      return () => {
        for (const run of (condition[0] ? yes : no) ?? []) run();
      };
    }
  }
}

/** Copies a step's part between a stack and a buffer. */
function stackedCopy(
  { from, to, elements }: StepCopy,
  stacked: "from" | "to",
  memory: Memory,
): (step: number) => void {
  const [source, target] = [memory.array(from), memory.array(to)];
  return (step) => {
    const sourceAt = stacked === "from" ? step * elements : 0;
    const targetAt = stacked === "to" ? step * elements : 0;
    for (let index = 0; index < elements; index++) {
      const element = source[sourceAt + index];
      if (element !== undefined) target[targetAt + index] = element;
    }
  };
}
