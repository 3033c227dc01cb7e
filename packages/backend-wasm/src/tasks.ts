import type { ContractKernel, Kernel } from "@adjoint/compiler/kernel";
import { type Share, shareOf } from "./share.ts";
import { type Body, type Callee, type Value, call, i32 } from "./emit/index.ts";
import { type ContractOptions, contractKernel } from "./kernels/contract/kernel.ts";
import type { KernelEnvironment } from "./kernels/environment.ts";
import { mapKernel } from "./kernels/map.ts";
import type { Ranged } from "./kernels/ranged.ts";
import { reduceKernel } from "./kernels/reduce.ts";
import type { Guards } from "./checked/guards.ts";
import { pointsOf } from "./kernels/units.ts";
import { Sequence, type Task } from "./sequence.ts";
import { MOST_PARTS } from "./threads/control.ts";
import type { Team } from "./threads/team.ts";
import { scatterKernel } from "./kernels/scatter.ts";
import { writeIf, writeScan } from "./kernels/control.ts";
import { cumulativeKernel } from "./kernels/cumulative.ts";
import { sortKernel } from "./kernels/sort.ts";

/** Parts of a kernel of just the work from which on kernels are shared. */
const LEAST_PARTS = 4;
/** Rows or columns of a contraction that are worth packing its other side for. */
const LINES = 32;
/** Workers are woken for this many times the work from which on a kernel is shared: some 250 µs. */
const WAKING = 8;

export interface TaskOptions extends ContractOptions {
  /** Address of the word that faults are reported in. */
  readonly fault: number;
  readonly workspace: number;
  /** Scalar operations from which on a kernel is shared among threads. */
  readonly shareFrom: number;
  /** Shares kernels among threads; undefined for one thread. */
  readonly sharing: Sharing | undefined;
  /** Number of instructions so far that report a fault. */
  readonly reports: () => number;
  /** Code before each access to memory, and around each kernel. */
  readonly guards?: Guards;
}

/** Runs kernels in parts. */
type Sharing = Pick<Team, "share" | "wake">;

type Written = Pick<Task, "shared" | "write">;

/** About how many scalar operations a contraction is worth: two products are one, so is each element that is read or written. */
function contractCost(kernel: ContractKernel): number {
  const batch = pointsOf(kernel.batch);
  const [rows, columns, inner] = [pointsOf(kernel.rows), pointsOf(kernel.columns), pointsOf(kernel.inner)];
  const moved = rows * inner + inner * columns + rows * columns;
  return batch * ((rows * columns * inner) / 2 + moved);
}

/** Work that may be taken in parts. */
interface Divisible {
  /** About how many scalar operations. */
  readonly cost: number;
  /** In how many parts it can be taken, at most. */
  readonly units: number;
  /** Code for a share of it by a thread. */
  readonly run: (body: Body, thread: Value<"i32">, share: Share) => void;
}

/** Work that threads share if it is worth it, else one thread does it whole. */
function divided(
  { cost, units, run }: Divisible,
  { sharing, shareFrom }: Pick<TaskOptions, "sharing" | "shareFrom">,
): Written {
  const [zero, one] = [i32.const(0), i32.const(1)];
  if (sharing === undefined || units < 2 || cost < shareFrom)
    return { shared: 0, write: ({ body }) => run(body, zero, [zero, one, one]) };
  const worth = Math.floor((cost * LEAST_PARTS) / Math.max(1, shareFrom));
  const most = Math.max(2, Math.min(units, MOST_PARTS, worth));
  // Two threads of one speed come to the end together.
  const parts = most - (most % 2);
  const kernel = {
    parts,
    wakes: cost >= WAKING * shareFrom,
    write: (body: Body, thread: Value<"i32">, from: Value<"i32">, to: Value<"i32">) =>
      run(body, thread, [from, to, i32.const(parts)]),
  };
  return {
    shared: cost,
    write: ({ body }) => body.if(sharing.share(kernel), () => body.return(i32.const(-1))),
  };
}

const inOrder = (written: readonly Written[]): Written => ({
  shared: written.reduce((sum, { shared }) => sum + shared, 0),
  write: (sequence) => {
    for (const { write } of written) write(sequence);
  },
});

/** A kernel in units, and the one that joins its partial results. */
function ranged({ callee, units, cost, joins }: Ranged, options: TaskOptions): Written {
  const own = divided(
    { cost, units, run: (body, _, share) => body.run(call(callee, ...shareOf(body, units, share))) },
    options,
  );
  return joins === undefined ? own : inOrder([own, ranged(joins, options)]);
}

/** A kernel that one thread runs. */
const alone = (callee: Callee<readonly [], "void">): Written => ({
  shared: 0,
  write: ({ body }) => body.run(call(callee)),
});

function contraction(environment: KernelEnvironment, kernel: ContractKernel, options: TaskOptions): Written {
  const { run, split } = contractKernel(environment, kernel, options);
  const lines = pointsOf(kernel[split]);
  const worth = split === "batch" || options.shareFrom === 0 ? lines : Math.floor(lines / LINES);
  return divided(
    {
      cost: contractCost(kernel),
      units: Math.min(lines, Math.max(2, worth)),
      run: (body, thread, share) => body.run(call(run, thread, ...share)),
    },
    options,
  );
}

/** Makes tasks of a program's kernels; their functions are written into the module at once. */
export function taskMaker(environment: KernelEnvironment, options: TaskOptions): (kernel: Kernel) => Task {
  const { addressing } = environment;
  const { workspace, reports, gap, guards } = options;

  const written = (kernel: Kernel): Written => {
    switch (kernel.form) {
      case "map":
        return ranged(mapKernel(environment, kernel), options);
      case "reduce":
        return ranged(reduceKernel(environment, kernel, workspace, gap), options);
      case "cumulative":
        return ranged(cumulativeKernel(environment, kernel), options);
      case "contract":
        return contraction(environment, kernel, options);
      case "scatter":
        return alone(scatterKernel(environment, kernel));
      case "sort":
        return alone(sortKernel(environment, kernel, workspace, gap));
      case "scan": {
        const tasks = kernel.body.map(make);
        return {
          shared: kernel.length * inOrder(tasks).shared,
          write: (sequence) => writeScan(sequence, kernel, addressing, tasks),
        };
      }
      case "if": {
        const [yes, no] = [kernel.branches[0].map(make), kernel.branches[1].map(make)];
        return {
          shared: Math.max(inOrder(yes).shared, inOrder(no).shared),
          write: (sequence) => writeIf(sequence, kernel, addressing, [yes, no]),
        };
      }
    }
  };

  const make = (kernel: Kernel): Task => {
    const before = reports();
    const [task, around] =
      guards === undefined ? [written(kernel)] : guards.around(kernel, () => written(kernel));
    const write = (sequence: Sequence): void =>
      around === undefined ? task.write(sequence) : around(sequence.body, () => task.write(sequence));
    return { shared: task.shared, write, canFail: reports() > before };
  };
  return make;
}

/** Writes tasks as a function that the owner of the threads calls: 0, the number of a fault, or −1 where a worker has failed. */
export function writeStep(
  { module }: KernelEnvironment,
  tasks: readonly Task[],
  { fault, sharing, shareFrom }: Pick<TaskOptions, "fault" | "sharing" | "shareFrom">,
): Callee<[], "i32"> {
  return module.function([], "i32", (body): Value<"i32"> => {
    const sequence = new Sequence(body, fault);
    const shared = tasks.reduce((sum, task) => sum + task.shared, 0);
    if (sharing !== undefined && shared > 0 && shared >= WAKING * shareFrom) body.run(sharing.wake());
    for (const task of tasks) sequence.add(task);
    return i32.const(0);
  });
}
