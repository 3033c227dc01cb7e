import type { DynamicIndex, Kernel, CompiledProgram } from "@adjoint/compiler/kernel";
import { type DType, at } from "@adjoint/ir/values";
import { type Body, ModuleBuilder, i32, i64 } from "./emit/index.ts";
import type { ContractOptions } from "./kernels/contract/kernel.ts";
import type { KernelEnvironment } from "./kernels/environment.ts";
import { MathLibrary } from "./math/library.ts";
import type { Lookup } from "./executable.ts";
import { FAULT } from "./fault.ts";
import { as } from "./scalar/element.ts";
import { Helpers } from "./scalar/helpers.ts";
import { taskMaker, writeStep } from "./tasks.ts";
import { WORK } from "./threads/control.ts";
import { type Workspace, workspaceBytes, workspaceOf } from "./workspace.ts";
import { Team } from "./threads/team.ts";
import type { Guards } from "./checked/guards.ts";

/** The addresses that the compiled code uses. */
export interface Addresses {
  readonly buffer: (buffer: number) => number;
  /** Address of the report of an index out of range. */
  readonly fault: number;
  readonly workspace: number;
}

/** The memory that the module imports. */
export interface MemoryType {
  readonly initial: number;
  readonly maximum?: number;
  readonly shared?: boolean;
}

/** The engine that code is written for. */
export interface EngineOptions extends ContractOptions {}

export interface ModuleOptions extends EngineOptions {
  readonly addresses: Addresses;
  readonly memory: MemoryType;
  /** Scalar operations from which on a kernel is shared among threads. */
  readonly shareFrom: number;
  /** One export for each kernel instead of one for all. */
  readonly separate: boolean;
  /** Makes guards of every access to memory; one thread then plays all of them. */
  readonly guard?: (module: ModuleBuilder, workspaceOf: (kernel: Kernel) => Workspace) => Guards;
}

export interface CompiledModule {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Lookups by data: a fault's number is an index in this list, plus 1. */
  readonly lookups: readonly Lookup[];
  /** True if any kernel is worth the work of several threads. */
  readonly isShared: boolean;
  /** Kernels under guard, in the order of their numbers. */
  readonly guarded: Guards["kernels"];
}

/**
 * Names of the exported functions; each runs kernels in order, with the help of the workers that may, and returns 0, the
 * number of a fault, or −1 where a worker has failed.
 */
export const exportsOf = (program: CompiledProgram, separate: boolean): readonly string[] =>
  separate ? program.kernels.map((_, index) => `kernel${index}`) : ["run"];

/** Bytes of the largest workspace of a kernel. */
export function programWorkspace(program: CompiledProgram, options: EngineOptions): number {
  const environment = environmentOf(program, new ModuleBuilder(), options, {
    address: () => 0,
    outOfRange: () => {},
  });
  return Math.max(0, ...program.kernels.map((kernel) => workspaceBytes(environment, kernel, options)));
}

function environmentOf(
  program: CompiledProgram,
  module: ModuleBuilder,
  { fused }: Pick<ModuleOptions, "fused">,
  addressing: Pick<KernelEnvironment["addressing"], "address" | "outOfRange">,
): KernelEnvironment {
  const dtype = (buffer: number): DType => at(program.buffers, buffer).dtype;
  return {
    module,
    math: new MathLibrary(module, fused),
    helpers: new Helpers(module),
    addressing: { ...addressing, dtype },
  };
}

/** Writes all kernels as one module over the memory that it imports. */
export function compileModule(program: CompiledProgram, options: ModuleOptions): CompiledModule {
  const { addresses, threads, separate, guard } = options;
  const module = new ModuleBuilder();
  module.importMemory("adjoint", "memory", options.memory);
  const guards = guard?.(module, (kernel) => workspaceOf(environment, kernel, options));
  const team = threads > 1 && guards === undefined ? new Team(module) : undefined;
  const lookups: Lookup[] = [];
  const numberOf = ({ operation, size }: DynamicIndex): number => {
    const known = lookups.findIndex((lookup) => lookup.operation === operation && lookup.size === size);
    return known === -1 ? lookups.push({ operation, size }) : known + 1;
  };
  let reports = 0;
  const report = (body: Body, write: () => void): void => {
    if (threads === 1) return write();
    // The first thread to fail reports.
    const lock = i32.atomicRmw.xchg(i32.const(addresses.fault), i32.const(1), FAULT.lock);
    body.if(i32.eqz(lock), write);
  };
  const environment = environmentOf(program, module, options, {
    address: addresses.buffer,
    outOfRange: (body, term, value) => {
      reports++;
      const index = value.type === "i64" ? as("i64", value) : i64.extendI32S(as("i32", value));
      report(body, () => {
        body.run(i64.store(i32.const(addresses.fault), index, FAULT.index));
        body.run(i32.store(i32.const(addresses.fault), i32.const(numberOf(term)), FAULT.lookup));
      });
      body.return();
    },
  });
  const { fault, workspace } = addresses;
  const sharing = threads > 1 ? (team ?? guards) : undefined;
  const make = taskMaker(environment, {
    ...options,
    fault,
    workspace,
    sharing,
    reports: () => reports,
    ...(guards && { guards }),
  });
  const tasks = program.kernels.map(make);
  exportsOf(program, separate).forEach((name, index) => {
    const own = separate ? tasks.slice(index, index + 1) : tasks;
    module.export(name, writeStep(environment, own, { fault, sharing, shareFrom: options.shareFrom }));
  });
  if (team !== undefined) module.export(WORK, team.finish());
  return {
    bytes: module.finish(),
    lookups,
    isShared: tasks.some((task) => task.shared > 0),
    guarded: guards?.kernels ?? [],
  };
}
