import {
  type CompileOptions,
  type Executable,
  type Kernel,
  type CompiledProgram,
  memoryError,
} from "@adjoint/compiler/kernel";
import { AdjointError, type TensorValue, copyInto } from "@adjoint/ir/values";
import {
  type Addresses,
  type CompiledModule,
  type EngineOptions,
  type MemoryType,
  compileModule,
  exportsOf,
  programWorkspace,
} from "./compile.ts";
import { type HostAddresses, type Span, WasmExecutable, viewOf } from "./executable.ts";
import { type Arena, GAP, type Layout, aligned, layoutOf } from "./memory-layout.ts";
import { start } from "./instance.ts";
import type { Pool } from "./threads/pool.ts";
import { hasWideVectors } from "./wide.ts";
import type { Workspace } from "./workspace.ts";
import type { Guards } from "./checked/guards.ts";
import type { ModuleBuilder } from "./emit/index.ts";

/** The memory of a program, without registers. */
export interface Extent {
  readonly layout: Layout;
  readonly workspaceBytes: number;
  readonly bytes: number;
}

export function extentOf(program: CompiledProgram, engine: EngineOptions): Extent {
  const layout = layoutOf(program, engine.gap);
  const workspaceBytes = programWorkspace(program, engine);
  return { layout, workspaceBytes, bytes: layout.bytes + aligned(workspaceBytes) };
}

/** The part of a memory that a program gets. */
export interface Site {
  readonly memory: MemoryType;
  /** Address of the program's part. */
  readonly base: number;
  readonly registerAddress: (name: string) => number;
  /** Makes guards of every access to memory, where they are checked. */
  readonly guard?: (
    addresses: Addresses,
    module: ModuleBuilder,
    workspaceOf: (kernel: Kernel) => Workspace,
  ) => Guards;
}

/** A program's code for one address in a memory. */
export interface Assembly extends CompiledModule {
  readonly addresses: Addresses;
  readonly hostAddresses: HostAddresses;
  /** Constants, to be written before the first run. */
  readonly constants: readonly { readonly span: Span; readonly value: TensorValue }[];
}

/** Lays a program out in its part of a memory, and writes its code for there. */
export function assemble(
  program: CompiledProgram,
  { layout }: Extent,
  { memory, base, registerAddress, guard }: Site,
  options: EngineOptions & { readonly shareFrom: number; readonly separate: boolean },
): Assembly {
  const spans = program.buffers.map(({ dtype, elements, location }, id): Span | undefined => {
    if (location.kind === "register") return { dtype, elements, address: registerAddress(location.name) };
    const offset = layout.offsets[id];
    return offset === undefined ? undefined : { dtype, elements, address: base + offset };
  });
  const spanOf = (buffer: number): Span => {
    const span = spans[buffer];
    if (span === undefined) throw new AdjointError("backend", "wasm", `buffer ${buffer} has no memory`);
    return span;
  };
  const addresses: Addresses = {
    buffer: (buffer) => spanOf(buffer).address,
    fault: base,
    workspace: base + layout.bytes,
  };
  const code = compileModule(program, {
    ...options,
    addresses,
    memory,
    ...(guard && { guard: (module, regionsOf) => guard(addresses, module, regionsOf) }),
  });
  return {
    ...code,
    addresses,
    hostAddresses: {
      inputs: program.inputs.map(({ buffer }) => spans[buffer]),
      outputs: program.outputs.map(({ buffer }) => spanOf(buffer)),
      fault: base,
      lookups: code.lookups,
    },
    constants: program.buffers.flatMap(({ owner }, id) => {
      const span = spans[id];
      return owner.kind === "constant" && span !== undefined ? [{ span, value: owner.value }] : [];
    }),
  };
}

/** Shared by all programs of one backend. */
export interface Host {
  readonly arena: Arena;
  readonly fused: boolean;
  /** The workers, where there are several threads. */
  readonly pool: Pool | undefined;
  /** Scalar operations from which on a kernel is shared among threads. */
  readonly shareFrom: number;
  /** The threads that one plays, where all accesses are checked. */
  readonly played: number | undefined;
}

/** Engines bound the bytes, functions and locals of a module. */
async function compiled(bytes: Uint8Array<ArrayBuffer>): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(bytes);
  } catch (error) {
    throw new AdjointError(
      "backend",
      "wasm",
      `the engine takes no code of ${bytes.length} bytes such as this program's (${String(error)})`,
      "Repeat parts of it in a scan, or make several programs of it.",
    );
  }
}

/** Compiles a program into the backend's memory. */
export async function compileExecutable(
  program: CompiledProgram,
  host: Host,
  registerAddress: (name: string) => number,
  { profile }: CompileOptions,
): Promise<Executable> {
  const { arena, fused, pool, shareFrom, played } = host;
  const { memory } = arena;
  const threads = played ?? pool?.size ?? 1;
  const engine: EngineOptions = {
    fused,
    wide: hasWideVectors(),
    threads,
    ...(played !== undefined && { gap: GAP }),
  };
  const extent = extentOf(program, engine);
  // Only tests of the backend need this code.
  const checking = played === undefined ? undefined : await import("./checked/checks.ts");
  const checks = checking && new checking.Checks(program, extent, { arena, threads });
  const bytes = checks?.bytes ?? extent.bytes;
  const base = arena.allocate(bytes, "a program", (problem) => memoryError("wasm", program, problem));
  const site: Site = {
    memory: arena.type,
    base,
    registerAddress,
    ...(checks && { guard: checks.guard(base) }),
  };
  const assembly = assemble(program, extent, site, { ...engine, shareFrom, separate: profile });
  const monitor = checks?.monitor(base, assembly);
  for (const { span, value } of assembly.constants) copyInto(viewOf(memory, span), value.data);
  const module = await compiled(assembly.bytes);
  const names = exportsOf(program, profile);
  const { run, failure, release } = await start(
    module,
    memory,
    names,
    assembly.isShared && played === undefined ? pool : undefined,
    monitor?.imports,
  );
  return new WasmExecutable({
    memory,
    hostAddresses: assembly.hostAddresses,
    workspaceBytes: extent.workspaceBytes,
    measured: profile ? names.length : undefined,
    run: (index) => {
      monitor?.begin();
      return untrapped(() => run(index));
    },
    failure,
    release: () => {
      release();
      arena.release(base, bytes);
    },
  });
}

/** A trap says neither where it happened nor what to do. */
function untrapped<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof WebAssembly.RuntimeError)) throw error;
    throw new AdjointError(
      "backend",
      "wasm",
      `a kernel was stopped by the engine (${error.message})`,
      "This is a fault of the backend: wasm({ checked: true }) names the kernel. With threads, open a new backend and go on from the last checkpoint.",
    );
  }
}
