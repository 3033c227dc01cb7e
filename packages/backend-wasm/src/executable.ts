import type { CompileOptions, Executable, Program } from "@adjoint/compiler";
import { AdjointError, type TypedArray, dtypeInfo } from "@adjoint/ir";
import { type CompiledModule, compileModule, exportsOf, programWorkspace } from "./compile.ts";
import type { FamilySource } from "./families.ts";
import { type Arena, FAULT, FAULT_BYTES, aligned, layoutOf } from "./memory-layout.ts";
import { familiesOf } from "./needs.ts";
import type { Code, Pool } from "./threads/pool.ts";
import { hasWideVectors } from "./wide.ts";

/** Copies between arrays of one class. */
export function copyInto(target: TypedArray, source: TypedArray): void {
  if (target instanceof BigInt64Array || target instanceof BigUint64Array) {
    if (source instanceof BigInt64Array || source instanceof BigUint64Array) target.set(source);
  } else if (!(source instanceof BigInt64Array || source instanceof BigUint64Array)) {
    target.set(source);
  }
}

/** Arrays over the memory as it is now; those of before are dead once it has grown. */
interface Views {
  readonly buffer: ArrayBufferLike;
  readonly inputs: readonly (TypedArray | undefined)[];
  readonly outputs: readonly TypedArray[];
  readonly fault: DataView;
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

/** Lays a program out in the backend's memory and compiles it. */
export async function compileExecutable(
  program: Program,
  { arena, fused, pool, shareFrom, families: source }: Host,
  registerAddress: (name: string) => number,
  { profile }: CompileOptions,
): Promise<Executable> {
  const { memory } = arena;
  const layout = layoutOf(program);
  const threads = pool?.size ?? 1;
  const families = await source(() => familiesOf(program, threads));
  const engine = { fused, wide: hasWideVectors(), threads, families };
  const workspaceBytes = programWorkspace(program, engine);
  const bytes = layout.bytes + aligned(workspaceBytes);
  const base = arena.allocate(bytes);
  const places = program.buffers.map(({ location }, id) => {
    if (location.kind === "register") return registerAddress(location.name);
    const offset = layout.offsets[id];
    return offset === undefined ? undefined : base + offset;
  });
  const address = (buffer: number): number => {
    const place = places[buffer];
    if (place === undefined) throw new AdjointError("backend", "wasm", `buffer ${buffer} has no memory`);
    return place;
  };
  // What another program left there is no fault.
  new Uint8Array(memory.buffer, base, FAULT_BYTES).fill(0);
  program.buffers.forEach(({ dtype, elements, owner }, id) => {
    if (owner.kind === "constant" && places[id] !== undefined)
      copyInto(new dtypeInfo[dtype].array(memory.buffer, places[id], elements), owner.value.data);
  });
  const compiled = compileModule(program, {
    ...engine,
    shareFrom,
    addresses: { buffer: address, fault: base, workspace: base + layout.bytes },
    memory: arena.type,
    separate: profile,
  });
  const module = await WebAssembly.compile(compiled.bytes);
  const imports = { memory, now: () => performance.now() };
  const instance = await WebAssembly.instantiate(module, { adjoint: imports });
  const names = exportsOf(program, profile);
  // The exports are the functions that `compileModule` wrote.
  const codes = names.map((name) => instance.exports[name] as Code);
  const shared = compiled.isShared ? pool : undefined;
  const pooled = shared?.add(module, names);
  if (pooled !== undefined) await shared?.settle(pooled);
  const run: Run = (index) => {
    const code = codes[index];
    if (code === undefined) return 0;
    return shared === undefined || pooled === undefined ? code(0, 1) : shared.run(pooled, index, code);
  };
  const release = (): void => {
    if (pooled !== undefined) shared?.remove(pooled);
    arena.release(base, bytes);
  };
  return new WasmExecutable(program, compiled, {
    arena,
    base,
    workspaceBytes,
    places,
    profile,
    run,
    release,
  });
}

/** Runs one of the exported functions on all threads. */
type Run = (index: number) => number;

interface Place {
  readonly arena: Arena;
  readonly base: number;
  readonly workspaceBytes: number;
  readonly places: readonly (number | undefined)[];
  readonly profile: boolean;
  readonly run: Run;
  readonly release: () => void;
}

class WasmExecutable implements Executable {
  readonly #program: Program;
  readonly #compiled: CompiledModule;
  readonly #place: Place;
  readonly #profile: { runs: number; kernels: number[] } | undefined;
  #views: Views;
  #isOpen = true;

  constructor(program: Program, compiled: CompiledModule, place: Place) {
    this.#program = program;
    this.#compiled = compiled;
    this.#place = place;
    this.#profile = place.profile ? { runs: 0, kernels: program.kernels.map(() => 0) } : undefined;
    this.#views = this.#look();
  }

  get workspaceBytes(): number {
    return this.#place.workspaceBytes;
  }

  get profile(): { readonly runs: number; readonly kernels: readonly number[] } {
    return this.#profile ?? { runs: 0, kernels: [] };
  }

  #look(): Views {
    const { arena, base, places } = this.#place;
    const { buffer } = arena.memory;
    const view = (id: number): TypedArray | undefined => {
      const [info, at] = [this.#program.buffers[id], places[id]];
      if (info === undefined || at === undefined) return undefined;
      return new dtypeInfo[info.dtype].array(buffer, at, info.elements);
    };
    return {
      buffer,
      inputs: this.#program.inputs.map((port) => view(port.buffer)),
      outputs: this.#program.outputs.map((port) => {
        const array = view(port.buffer);
        if (array === undefined)
          throw new AdjointError("backend", "wasm", `output "${port.name}" has no memory`);
        return array;
      }),
      fault: new DataView(buffer, base, 16),
    };
  }

  // Asynchronous so that whatever is thrown becomes a rejection.
  async run(feeds: readonly TypedArray[]): Promise<readonly TypedArray[]> {
    if (this.#views.buffer !== this.#place.arena.memory.buffer) this.#views = this.#look();
    const { inputs, outputs } = this.#views;
    for (let index = 0; index < inputs.length; index++) {
      const [target, source] = [inputs[index], feeds[index]];
      // An input that no kernel reads has no memory.
      if (target !== undefined && source !== undefined) copyInto(target, source);
    }
    const fault = this.#profile === undefined ? this.#place.run(0) : this.#measured(this.#profile);
    if (fault !== 0) throw this.#failure(fault);
    return outputs;
  }

  #measured(profile: { runs: number; kernels: number[] }): number {
    let fault = 0;
    for (let index = 0; index < profile.kernels.length && fault === 0; index++) {
      const started = performance.now();
      fault = this.#place.run(index);
      profile.kernels[index] = (profile.kernels[index] ?? 0) + performance.now() - started;
    }
    profile.runs++;
    return fault;
  }

  #failure(fault: number): AdjointError {
    const { fault: view } = this.#views;
    view.setUint32(FAULT.lookup, 0, true);
    view.setUint32(FAULT.lock, 0, true);
    const lookup = this.#compiled.lookups[fault - 1];
    return new AdjointError(
      "index",
      lookup?.operation ?? "take",
      `index ${view.getBigInt64(FAULT.index, true)} lies outside an axis of size ${lookup?.size}`,
      "Indices go from 0 to the axis's size − 1.",
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    if (this.#isOpen) this.#place.release();
    this.#isOpen = false;
    return Promise.resolve();
  }
}
