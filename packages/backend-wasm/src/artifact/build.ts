import { type Entries, compileProgram, sharedRegisters } from "@adjoint/compiler";
import {
  AdjointError,
  type Bindings,
  type Graph,
  type Initial,
  type Pass,
  type RegisterAttributes,
  type TypedArray,
  dimSymbols,
  dtypeInfo,
  elementCount,
  initialValue,
  optimize,
  runPasses,
  specialize,
} from "@adjoint/ir";
import {
  array,
  checked,
  int,
  minimum,
  minLength,
  problemsOf,
  record,
  safeParse,
  string,
} from "@adjoint/ir/schema";
import { type Site, assemble, extentOf } from "../assemble.ts";
import type { EngineOptions } from "../compile.ts";
import { PAGE, SLACK, aligned } from "../memory-layout.ts";
import { CONTROL_END } from "../threads/control.ts";
import { SHARE_FROM, checkThreads } from "../threads/options.ts";
import { families } from "../wasm.ts";
import { type ArtifactProgram, type ArtifactRegister, type Section, writeArtifact } from "./format.ts";

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

/** Pages that a memory can have: the one that the code gets is smaller. */
const ALL_PAGES = 65536;

const sizesSchema = checked(array(record(string(), checked(int(), minimum(0)))), minLength(1));

/**
 * Compiles programs that share registers into one file, which `openArtifact` runs without a compiler: with the code of
 * these programs and no other.
 * @throws AdjointError where a size is missing, and as `compile` does.
 * @example await writeFile("mlp.adjoint", buildArtifact({ train }, { sizes: [{ batch: 100 }] }));
 */
export function buildArtifact(entries: Entries, options: ArtifactOptions = {}): Uint8Array<ArrayBuffer> {
  const { sizes = [{}], passes = optimize, fused = false, threads = 1, shareFrom = SHARE_FROM } = options;
  checkThreads("buildArtifact", threads);
  checkSizes(entries, sizes);
  const engine: EngineOptions = { fused, wide: false, threads, families };
  let memory = CONTROL_END;
  const take = (bytes: number): number => {
    const address = aligned(memory);
    memory = address + bytes;
    return address;
  };
  const data = new Data();
  const registers = [...sharedRegisters(entries).values()].map((register): ArtifactRegister => {
    const { name, dtype, shape, trainable } = register;
    const address = take(elementCount(shape) * dtypeInfo[dtype].bytes);
    return { name, dtype, shape, trainable, address, start: startOf(register, data) };
  });
  const registerAddresses = new Map(registers.map(({ name, address }) => [name, address]));
  const programOf = (graph: Graph): ArtifactProgram => {
    const program = compileProgram(runPasses(graph, passes));
    const extent = extentOf(program, engine);
    const site: Site = {
      memory: threads > 1 ? { initial: 1, maximum: ALL_PAGES, shared: true } : { initial: 1 },
      base: take(extent.bytes),
      // The program's registers are among those of all entries.
      registerAddress: (name) => registerAddresses.get(name) ?? 0,
    };
    const { bytes, places, constants, isShared } = assemble(program, extent, site, {
      ...engine,
      shareFrom,
      separate: false,
    });
    return {
      shapes: program.inputs.map(({ shape }) => shape),
      isShared,
      inputs: places.inputs.map((span) => span?.address ?? null),
      outputs: program.outputs.map(({ name, dtype, shape }, index) => ({
        name,
        dtype,
        shape,
        address: places.outputs[index]?.address ?? 0,
      })),
      code: data.add(bytes),
      constants: constants.map(({ span, value }) => ({
        address: span.address,
        data: data.add(value.data),
      })),
      fault: places.fault,
      lookups: places.lookups,
      workspaceBytes: extent.workspaceBytes,
    };
  };
  const written = Object.entries(entries).map(([name, graph]) => ({
    name,
    inputs: Object.entries(graph.inputs).map(([input, { dtype, shape }]) => ({
      name: input,
      dtype,
      shape: shape.map((size) => (typeof size === "number" ? size : size.text)),
    })),
    programs: specializations(name, graph, sizes).map(programOf),
  }));
  const pages = Math.ceil((memory + SLACK) / PAGE);
  return writeArtifact({
    header: { format: "adjoint-wasm", version: 1, fused, threads, pages, registers, entries: written },
    data: data.finish(),
  });
}

/** Data of a file, in the order in which they were added; one array is stored once. */
class Data {
  readonly #parts: Uint8Array[] = [];
  readonly #known = new Map<TypedArray, Section>();
  #bytes = 0;

  add(elements: TypedArray): Section {
    const known = this.#known.get(elements);
    if (known !== undefined) return known;
    const section = { offset: this.#bytes, bytes: elements.byteLength };
    this.#known.set(elements, section);
    this.#parts.push(new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength));
    this.#bytes += elements.byteLength;
    return section;
  }

  finish(): Uint8Array<ArrayBuffer> {
    const all = new Uint8Array(this.#bytes);
    let at = 0;
    for (const part of this.#parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }
}

/** How a register starts: as it was declared, or as data where JSON can't say it. */
function startOf(register: RegisterAttributes, data: Data): Initial | Section {
  const { initial } = register;
  const isPlain =
    initial.kind !== "data" &&
    Object.values(initial).every((value) => typeof value !== "number" || isJsonNumber(value));
  // A start as data is the same for every seed.
  return isPlain ? initial : data.add(initialValue(register, 0).data);
}

const isJsonNumber = (value: number): boolean => Number.isFinite(value) && !Object.is(value, -0);

const symbolsOf = (graph: Graph): ReadonlySet<string> =>
  new Set(Object.values(graph.inputs).flatMap(({ shape }) => shape.flatMap((size) => dimSymbols(size))));

/** A graph with each set of sizes, each of its own symbols once. @throws AdjointError where a symbol has no size. */
function specializations(entry: string, graph: Graph, sizes: readonly Bindings[]): readonly Graph[] {
  const symbols = [...symbolsOf(graph)];
  const distinct = new Map<string, Bindings>();
  for (const bindings of sizes) {
    const missing = symbols.filter((symbol) => bindings[symbol] === undefined);
    if (missing.length > 0)
      throw new AdjointError(
        "attribute",
        "buildArtifact",
        `entry "${entry}" has no size for ${missing.join(", ")}`,
        `Give { sizes: [{ ${missing.map((symbol) => `${symbol}: 1`).join(", ")} }] }.`,
      );
    const own = Object.fromEntries(symbols.map((symbol) => [symbol, bindings[symbol] ?? 0]));
    distinct.set(JSON.stringify(own), own);
  }
  return [...distinct.values()].map((bindings) => specialize(graph, bindings));
}

/** @throws AdjointError for sizes that are none, and symbols that no entry has. */
function checkSizes(entries: Entries, sizes: readonly Bindings[]): void {
  const parsed = safeParse(sizesSchema, sizes);
  if (!parsed.success)
    throw new AdjointError("attribute", "buildArtifact", `sizes: ${problemsOf(parsed.issues)}`);
  const symbols = new Set(Object.values(entries).flatMap((graph) => [...symbolsOf(graph)]));
  for (const symbol of sizes.flatMap((bindings) => Object.keys(bindings)))
    if (!symbols.has(symbol))
      throw new AdjointError(
        "attribute",
        "buildArtifact",
        `no entry has the symbol "${symbol}"`,
        `The symbols are ${[...symbols].join(", ") || "none"}.`,
      );
}
