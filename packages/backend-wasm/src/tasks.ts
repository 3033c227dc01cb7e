import { type Kernel, type Program, buffersOf } from "@adjoint/compiler";
import { shareOf } from "./share.ts";
import { type Callee, type Value, call, i32 } from "./emit/index.ts";
import { familyOf } from "./family-of.ts";
import { type ContractOptions, contractKernel } from "./kernels/contract.ts";
import type { KernelEnvironment } from "./kernels/environment.ts";
import { mapKernel } from "./kernels/map.ts";
import type { Ranged } from "./kernels/ranged.ts";
import { reduceKernel } from "./kernels/reduce.ts";
import { Sequence, type Task, type Team } from "./sequence.ts";
import { workspaceOf } from "./workspace.ts";

export interface TaskOptions extends ContractOptions {
  /** Address of the word that faults are reported in. */
  readonly fault: number;
  readonly workspace: number;
  /** Scalar operations from which on a kernel is shared among threads. */
  readonly shareFrom: number;
  /** How many places of the code so far report a fault. */
  readonly reports: () => number;
}

/** Makes tasks of a program's kernels; their functions are written into the module at once. */
export function taskMaker(
  program: Program,
  environment: KernelEnvironment,
  options: TaskOptions,
): (kernel: Kernel) => Task {
  const { module, families, place } = environment;
  const { workspace, threads, fault, shareFrom, reports } = options;
  const placeOf = (buffer: number): string => {
    const location = program.buffers[buffer]?.location;
    if (location?.kind === "slot") return `slot ${location.slot}`;
    return location?.kind === "register" ? `register ${location.name}` : `buffer ${buffer}`;
  };
  const places = (buffers: ReadonlySet<number>): ReadonlySet<string> => new Set([...buffers].map(placeOf));

  const touched = (kernel: Kernel): Pick<Task, "reads" | "writes"> => {
    const { reads, writes } = buffersOf(kernel);
    const scratch = workspaceOf(environment, kernel, options) > 0 ? ["workspace"] : [];
    return { reads: places(reads), writes: new Set([...places(writes), ...scratch]) };
  };

  const alone = (callee: Callee<readonly [], "void">): Pick<Task, "isShared" | "write"> => ({
    isShared: false,
    write: ({ body }) => body.run(call(callee)),
  });

  const ranged = (whole: Ranged): Pick<Task, "isShared" | "write"> => {
    const isShared = whole.units > 1 && whole.cost >= shareFrom;
    const write = (sequence: Sequence, { callee, units, joins }: Ranged): void => {
      const { body, team } = sequence;
      const [first, last] =
        isShared && team !== undefined
          ? shareOf(body, units, team.thread, team.threads)
          : [i32.const(0), i32.const(units)];
      body.run(call(callee, first, last));
      if (joins === undefined) return;
      if (isShared) sequence.meet();
      write(sequence, joins);
    };
    return { isShared, write: (sequence) => write(sequence, whole) };
  };

  const contract = (
    kernel: Extract<Kernel, { readonly form: "contract" }>,
  ): Pick<Task, "isShared" | "write"> => {
    const callee = contractKernel(environment, kernel, options);
    const product = [kernel.batch, kernel.rows, kernel.columns, kernel.inner]
      .flat()
      .reduce((all, size) => all * size, 1);
    const isShared = product >= shareFrom;
    return {
      isShared,
      write: ({ body, team }) => {
        const [thread, all] =
          isShared && team !== undefined ? [team.thread, team.threads] : [i32.const(0), i32.const(1)];
        body.run(call(callee, thread, all));
      },
    };
  };

  /** Kernels around others: shared where one of those is, else a function of the first thread's. */
  const control = (inner: readonly Task[], write: Task["write"]): Pick<Task, "isShared" | "write"> => {
    if (threads === 1) return { isShared: false, write };
    if (inner.some((task) => task.isShared)) return { isShared: true, write };
    const callee = module.function([], "i32", (body) => {
      write(new Sequence(body, fault));
      return i32.const(0);
    });
    return { isShared: false, write: ({ body }) => body.run(call(callee)) };
  };

  const written = (kernel: Kernel): Pick<Task, "isShared" | "write"> => {
    switch (kernel.form) {
      case "map":
        return ranged(mapKernel(environment, kernel));
      case "reduce":
        return ranged(reduceKernel(environment, kernel, workspace));
      case "cumulative":
        return ranged(familyOf(families, "ordered").cumulativeKernel(environment, kernel));
      case "contract":
        return contract(kernel);
      case "scatter":
        return alone(familyOf(families, "ordered").scatterKernel(environment, kernel));
      case "sort":
        return alone(familyOf(families, "ordered").sortKernel(environment, kernel, workspace));
      case "scan": {
        const { writeScan } = familyOf(families, "ordered");
        const tasks = kernel.body.map(make);
        return control(tasks, (sequence) => writeScan(sequence, kernel, place, tasks));
      }
      case "if": {
        const { writeIf } = familyOf(families, "ordered");
        const [yes, no] = [kernel.branches[0].map(make), kernel.branches[1].map(make)];
        return control([...yes, ...no], (sequence) => writeIf(sequence, kernel, place, [yes, no]));
      }
    }
  };

  const make = (kernel: Kernel): Task => {
    const before = reports();
    const task = written(kernel);
    return { ...task, ...touched(kernel), canFail: reports() > before };
  };
  return make;
}

/** Writes tasks as a function of a thread's number and how many there are. */
export function writeStep(
  { module }: KernelEnvironment,
  tasks: readonly Task[],
  fault: number,
  barrier: Team["barrier"] | undefined,
): Callee<["i32", "i32"], "i32"> {
  return module.function(["i32", "i32"], "i32", (body, thread, threads): Value<"i32"> => {
    const sequence = new Sequence(body, fault, barrier && { thread, threads, barrier });
    for (const task of tasks) sequence.add(task);
    sequence.meet();
    return i32.const(0);
  });
}
