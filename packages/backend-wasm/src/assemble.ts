import { type CompileOptions, type Executable, type Program, memoryError } from "@adjoint/compiler";
import { AdjointError, type TensorValue, copyInto } from "@adjoint/ir";
import {
  type CompiledModule,
  type EngineOptions,
  type MemoryType,
  compileModule,
  exportsOf,
  programWorkspace,
} from "./compile.ts";
import { type Places, type Span, WasmExecutable, viewOf } from "./executable.ts";
import type { FamilySource } from "./families.ts";
import { type Arena, type Layout, aligned, layoutOf } from "./memory-layout.ts";
import { familiesOf } from "./needs.ts";
import { start } from "./instance.ts";
import type { Pool } from "./threads/pool.ts";
import { hasWideVectors } from "./wide.ts";

/** How much memory a program takes, registers aside. */
export interface Extent {
  readonly layout: Layout;
  readonly workspaceBytes: number;
  readonly bytes: number;
}

export function extentOf(program: Program, engine: EngineOptions): Extent {
  const layout = layoutOf(program);
  const workspaceBytes = programWorkspace(program, engine);
  return { layout, workspaceBytes, bytes: layout.bytes + aligned(workspaceBytes) };
}

/** Where in a memory a program is to lie. */
export interface Site {
  readonly memory: MemoryType;
  /** Address of the program's part. */
  readonly base: number;
  readonly registerAddress: (name: string) => number;
}

/** A program's code for one place in a memory. */
export interface Assembly extends CompiledModule {
  readonly places: Places;
  /** What has to lie in the memory before the first run. */
  readonly constants: readonly { readonly span: Span; readonly value: TensorValue }[];
}

/** Lays a program out in its part of a memory, and writes its code for there. */
export function assemble(
  program: Program,
  { layout }: Extent,
  { memory, base, registerAddress }: Site,
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
  const code = compileModule(program, {
    ...options,
    addresses: {
      buffer: (buffer) => spanOf(buffer).address,
      fault: base,
      workspace: base + layout.bytes,
    },
    memory,
  });
  return {
    ...code,
    places: {
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

/** What programs of one backend have in common. */
export interface Host {
  readonly arena: Arena;
  readonly fused: boolean;
  /** The workers, where there are several threads. */
  readonly pool: Pool | undefined;
  /** Scalar operations from which on a kernel is shared among threads. */
  readonly shareFrom: number;
  readonly families: FamilySource;
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
  program: Program,
  { arena, fused, pool, shareFrom, families: source }: Host,
  registerAddress: (name: string) => number,
  { profile }: CompileOptions,
): Promise<Executable> {
  const { memory } = arena;
  const threads = pool?.size ?? 1;
  const families = await source(() => familiesOf(program, threads));
  const engine = { fused, wide: hasWideVectors(), threads, families };
  const extent = extentOf(program, engine);
  const base = arena.allocate(extent.bytes, (problem) => memoryError("wasm", program, problem));
  const site = { memory: arena.type, base, registerAddress };
  const { bytes, places, constants, isShared } = assemble(program, extent, site, {
    ...engine,
    shareFrom,
    separate: profile,
  });
  for (const { span, value } of constants) copyInto(viewOf(memory, span), value.data);
  const module = await compiled(bytes);
  const names = exportsOf(program, profile);
  const { run, failure, release } = await start(module, memory, names, isShared ? pool : undefined);
  return new WasmExecutable({
    memory,
    places,
    workspaceBytes: extent.workspaceBytes,
    measured: profile ? names.length : undefined,
    run,
    failure,
    release: () => {
      release();
      arena.release(base, extent.bytes);
    },
  });
}
