import { type Entries, type CompiledProgram, compileProgram, sharedRegisters } from "@adjoint/compiler";
import type { Graph } from "@adjoint/ir";
import { type Pass, type RegisterAttributes, optimize, runPasses } from "@adjoint/ir/graph";
import {
  AdjointError,
  type Bindings,
  type Initial,
  dtypeInfo,
  elementCount,
  initialValue,
} from "@adjoint/ir/values";
import { type Site, assemble, extentOf } from "../assemble.ts";
import type { EngineOptions } from "../compile.ts";
import { ALL_PAGES, PAGE, SLACK, aligned } from "../memory-layout.ts";
import { CONTROL_END } from "../threads/control.ts";
import { SHARE_FROM, checkThreads } from "../threads/options.ts";
import { ArtifactData } from "./data.ts";
import {
  type ArtifactEntry,
  type ArtifactProgram,
  type ArtifactRegister,
  type PlacedTensor,
  type Section,
  writeArtifact,
} from "./format.ts";
import { checkSizes, specializations } from "./sizes.ts";

export interface ArtifactOptions {
  /** Sizes of the symbols in the inputs' shapes, a set of them for each that the artifact is to run with. */
  readonly sizes?: readonly Bindings[];
  /** Passes over each entry before it is lowered; the default pipeline when absent. */
  readonly passes?: readonly Pass[];
  /** Fused multiply-add: faster, for engines with relaxed SIMD only. Without it all engines give the same numbers. */
  readonly fused?: boolean;
  /** Threads that may share the work, 1 to 64, 1 by default; the code opens where there are fewer, too. */
  readonly threads?: number;
  /** As for `wasm`. */
  readonly shareFrom?: number;
}

/**
 * Compiles programs that share registers into one file, which `openArtifact` runs without a compiler: with the code of
 * these programs and no other.
 * @throws AdjointError where a size is missing, and as `compile` does.
 * @example await writeFile("mlp.adjoint", buildArtifact({ train }, { sizes: [{ batch: 100 }] }));
 */
export function buildArtifact(entries: Entries, options: ArtifactOptions = {}): Uint8Array<ArrayBuffer> {
  const { sizes = [{}], threads = 1 } = options;
  checkThreads("buildArtifact", threads);
  checkSizes(entries, sizes);
  const builder = new Builder(options);
  for (const register of sharedRegisters(entries).values()) builder.addRegister(register);
  for (const [name, graph] of Object.entries(entries))
    builder.addEntry(name, graph, specializations(name, graph, sizes));
  return builder.finish();
}

/** Lays registers and programs out one after another in a memory of their own. */
class Builder {
  readonly #passes: readonly Pass[];
  readonly #engine: EngineOptions & { readonly shareFrom: number; readonly separate: boolean };
  readonly #registers: ArtifactRegister[] = [];
  readonly #entries: ArtifactEntry[] = [];
  readonly #data = new ArtifactData();
  /** The first free address. */
  #end: number = CONTROL_END;

  constructor({ passes = optimize, fused = false, threads = 1, shareFrom = SHARE_FROM }: ArtifactOptions) {
    this.#passes = passes;
    this.#engine = { fused, wide: false, threads, shareFrom, separate: false };
  }

  addRegister(register: RegisterAttributes): void {
    const { name, dtype, shape, trainable } = register;
    const address = this.#take(elementCount(shape) * dtypeInfo[dtype].bytes);
    const start = startOf(register, this.#data);
    this.#registers.push({ name, dtype, shape, trainable, address, start });
  }

  /** @param bound the entry's graph with each set of sizes. */
  addEntry(name: string, { inputs }: Graph, bound: readonly Graph[]): void {
    this.#entries.push({
      name,
      inputs: Object.entries(inputs).map(([input, { dtype, shape }]) => ({
        name: input,
        dtype,
        shape: shape.map((size) => (typeof size === "number" ? size : size.text)),
      })),
      programs: bound.map((graph) => this.#program(graph)),
    });
  }

  finish(): Uint8Array<ArrayBuffer> {
    const { fused, threads } = this.#engine;
    const pages = Math.ceil((this.#end + SLACK) / PAGE);
    if (pages > ALL_PAGES)
      throw new AdjointError(
        "backend",
        "buildArtifact",
        `takes ${this.#end} bytes of memory, and code reaches 2³²`,
        "Build it for smaller or fewer sizes.",
      );
    const [registers, entries] = [this.#registers, this.#entries];
    return writeArtifact({
      header: { format: "adjoint-wasm", version: 2, fused, threads, pages, registers, entries },
      data: this.#data.finish(),
    });
  }

  #take(bytes: number): number {
    const address = aligned(this.#end);
    this.#end = address + bytes;
    return address;
  }

  #registerAddress(name: string): number {
    const register = this.#registers.find((other) => other.name === name);
    if (register === undefined)
      throw new AdjointError("graph", "buildArtifact", `register "${name}" has no address`);
    return register.address;
  }

  #program(graph: Graph): ArtifactProgram {
    const program = compileProgram(runPasses(graph, this.#passes));
    const extent = extentOf(program, this.#engine);
    const site: Site = {
      // Of a shared memory the code says how large it may become: this one is given in full.
      memory: this.#engine.threads > 1 ? { initial: 1, maximum: ALL_PAGES, shared: true } : { initial: 1 },
      base: this.#take(extent.bytes),
      registerAddress: (name) => this.#registerAddress(name),
    };
    const { bytes, hostAddresses, constants, isShared } = assemble(program, extent, site, this.#engine);
    return {
      shapes: program.inputs.map(({ shape }) => shape),
      isShared,
      inputs: hostAddresses.inputs.map((span) => span?.address ?? null),
      outputs: hostAddresses.outputs.map(({ address }, index) => ({ ...portAt(program, index), address })),
      code: this.#data.add(bytes),
      constants: constants.map(({ span, value }) => ({
        address: span.address,
        data: this.#data.add(value.data),
      })),
      fault: hostAddresses.fault,
      lookups: hostAddresses.lookups,
      workspaceBytes: extent.workspaceBytes,
    };
  }
}

/** The name and type of an output. */
function portAt({ outputs }: CompiledProgram, index: number): Omit<PlacedTensor, "address"> {
  const port = outputs[index];
  if (port === undefined) throw new AdjointError("graph", "buildArtifact", `output ${index} is missing`);
  const { name, dtype, shape } = port;
  return { name, dtype, shape };
}

/** The start of a register: as it was declared, or as data if JSON can't say it. */
function startOf(register: RegisterAttributes, data: ArtifactData): Initial | Section {
  const { initial } = register;
  const isPlain =
    initial.kind !== "data" &&
    Object.values(initial).every((value) => typeof value !== "number" || isJsonNumber(value));
  // A start as data is the same for every seed.
  return isPlain ? initial : data.add(initialValue(register, 0).data);
}

const isJsonNumber = (value: number): boolean => Number.isFinite(value) && !Object.is(value, -0);
