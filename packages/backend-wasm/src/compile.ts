import type { DynamicIndex, Kernel, Program } from "@adjoint/compiler";
import type { DType } from "@adjoint/ir";
import { type Body, type Callee, ModuleBuilder, type Value, call, i32, i64 } from "./emit/index.ts";
import { contractKernel, contractWorkspace } from "./kernels/contract.ts";
import { type Invocation, ifKernel, scanKernel } from "./kernels/control.ts";
import { cumulativeKernel } from "./kernels/cumulative.ts";
import { type KernelEnvironment, mapKernel } from "./kernels/map.ts";
import type { Ranged } from "./kernels/ranged.ts";
import { reduceKernel } from "./kernels/reduce.ts";
import { scatterKernel } from "./kernels/scatter.ts";
import { sortKernel, sortWorkspace } from "./kernels/sort.ts";
import { MathLibrary } from "./math/library.ts";
import { Helpers } from "./scalar/context.ts";
import { as } from "./scalar/element.ts";

/** Where the compiled code finds things. */
interface Addresses {
  readonly buffer: (buffer: number) => number;
  /** Number of the failed lookup, plus 1, in a word; the index in 8 bytes after 8. */
  readonly fault: number;
  readonly workspace: number;
}

export interface ModuleOptions {
  readonly addresses: Addresses;
  /** Fused multiply-add. */
  readonly fused: boolean;
  /** One export for each kernel instead of one for all. */
  readonly separate: boolean;
}

export interface CompiledModule {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Lookups by data: a fault's number is a place in this list, plus 1. */
  readonly lookups: readonly DynamicIndex[];
}

/** Names of the exported functions; each runs kernels in order and returns 0, or the number of a fault. */
export const exportsOf = (program: Program, separate: boolean): readonly string[] =>
  separate ? program.kernels.map((_, index) => `kernel${index}`) : ["run"];

/** Bytes of the largest workspace of a kernel. */
export function workspaceOf(program: Program, fused: boolean): number {
  const environment = environmentOf(program, () => 0, {
    outOfRange: () => {},
    module: new ModuleBuilder(),
    fused,
  });
  const of = (kernel: Kernel): number => {
    switch (kernel.form) {
      case "contract":
        return contractWorkspace(environment, kernel, fused);
      case "sort":
        return sortWorkspace(kernel);
      case "scan":
        return Math.max(0, ...kernel.body.map(of));
      case "if":
        return Math.max(0, ...kernel.branches.flat().map(of));
      default:
        return 0;
    }
  };
  return Math.max(0, ...program.kernels.map(of));
}

interface Emission {
  readonly module: ModuleBuilder;
  readonly fused: boolean;
  readonly outOfRange: KernelEnvironment["place"]["outOfRange"];
}

function environmentOf(
  program: Program,
  address: (buffer: number) => number,
  { module, fused, outOfRange }: Emission,
): KernelEnvironment {
  const dtype = (buffer: number): DType => program.buffers[buffer]?.dtype ?? "f32";
  return {
    module,
    math: new MathLibrary(module, fused),
    helpers: new Helpers(module),
    place: { address, dtype, outOfRange },
  };
}

/** Writes all kernels as one module over the memory that it imports. */
export function compileModule(
  program: Program,
  { addresses, fused, separate }: ModuleOptions,
): CompiledModule {
  const module = new ModuleBuilder();
  module.importMemory("adjoint", "memory", { initial: 1 });
  const lookups: DynamicIndex[] = [];
  const environment = environmentOf(program, addresses.buffer, {
    module,
    fused,
    outOfRange: ({ body }, term, value) => {
      lookups.push(term);
      const index = value.type === "i64" ? as("i64", value) : i64.extendI32S(as("i32", value));
      body.run(i64.store(i32.const(addresses.fault), index, 8));
      body.run(i32.store(i32.const(addresses.fault), i32.const(lookups.length)));
      body.return();
    },
  });
  const compile = (kernel: Kernel): Invocation => {
    if (kernel.form === "scan") return scanKernel(kernel, environment.place, compile);
    if (kernel.form === "if") return ifKernel(kernel, environment.place, compile);
    const before = lookups.length;
    const invoke = functionOf(kernel, environment, fused, addresses.workspace);
    if (lookups.length === before) return invoke;
    return (body) => {
      invoke(body);
      const fault = body.let(i32.load(i32.const(addresses.fault)));
      body.if(fault, () => body.return(fault));
    };
  };
  const invocations = program.kernels.map(compile);
  const exported = (name: string, parts: readonly Invocation[]): void =>
    module.export(
      name,
      module.function([], "i32", (body): Value<"i32"> => {
        for (const invoke of parts) invoke(body);
        return i32.const(0);
      }),
    );
  const names = exportsOf(program, separate);
  names.forEach((name, index) =>
    exported(name, separate ? invocations.slice(index, index + 1) : invocations),
  );
  return { bytes: module.finish(), lookups };
}

function functionOf(
  kernel: Exclude<Kernel, { readonly form: "scan" | "if" }>,
  environment: KernelEnvironment,
  fused: boolean,
  workspace: number,
): Invocation {
  const ranged =
    ({ callee, units }: Ranged): Invocation =>
    (body: Body) =>
      body.run(call(callee, i32.const(0), i32.const(units)));
  const plain =
    (callee: Callee<readonly [], "void">): Invocation =>
    (body: Body) =>
      body.run(call(callee));
  switch (kernel.form) {
    case "map":
      return ranged(mapKernel(environment, kernel));
    case "reduce":
      return ranged(reduceKernel(environment, kernel));
    case "contract":
      return ranged({
        callee: contractKernel(environment, kernel, { fused, workspace }),
        units: 1,
        grain: 1,
      });
    case "cumulative":
      return ranged(cumulativeKernel(environment, kernel));
    case "scatter":
      return plain(scatterKernel(environment, kernel));
    case "sort":
      return plain(sortKernel(environment, kernel, workspace));
  }
}
