import { type Inputs, sizesKey } from "@adjoint/compiler/session";
import type { RegisterAttributes } from "@adjoint/ir/graph";
import {
  type DType,
  type Initial,
  at,
  dtypeInfo,
  elementCount,
  parseDim,
  tensorValue,
} from "@adjoint/ir/values";
import type { HostAddresses, Span } from "../executable.ts";
import { FAULT_BYTES } from "../fault.ts";
import { PAGE } from "../memory-layout.ts";
import {
  type Artifact,
  type ArtifactEntry,
  type ArtifactProgram,
  type ArtifactRegister,
  type PlacedTensor,
  type Section,
  broken,
} from "./format.ts";

/** A program of an artifact, with its code and all addresses known to lie in the memory. */
export interface StoredProgram {
  readonly shapes: ArtifactProgram["shapes"];
  readonly outputs: readonly PlacedTensor[];
  readonly hostAddresses: HostAddresses;
  readonly code: Uint8Array<ArrayBuffer>;
  readonly isShared: boolean;
  readonly constants: readonly { readonly address: number; readonly bytes: Uint8Array }[];
  readonly workspaceBytes: number;
}

/** The contents of an artifact. */
export interface Contents {
  readonly fused: boolean;
  readonly threads: number;
  readonly pages: number;
  readonly registers: ReadonlyMap<string, RegisterAttributes>;
  readonly addressOf: (register: string) => number;
  readonly inputs: ReadonlyMap<string, Inputs>;
  /** Of each entry, by the sizes of its inputs (`sizesKey`). */
  readonly programs: ReadonlyMap<string, ReadonlyMap<string, StoredProgram>>;
}

/** Reads of an artifact, which check that what they read lies inside the file, and what they point to inside the memory. */
interface Bounds {
  readonly partOf: (section: Section) => Uint8Array<ArrayBuffer>;
  readonly within: (address: number, bytes: number, alignment: number) => number;
  readonly spanAt: (dtype: DType, shape: readonly number[], address: number) => Span;
}

function boundsOf({ header, data }: Artifact): Bounds {
  const memoryBytes = header.pages * PAGE;
  const within = (address: number, bytes: number, alignment: number): number => {
    if (address % alignment !== 0 || address + bytes > memoryBytes)
      throw broken(`${bytes} bytes at ${address} in a memory of ${memoryBytes}`);
    return address;
  };
  return {
    within,
    partOf: ({ offset, bytes }) => {
      if (offset + bytes > data.length)
        throw broken(`${data.length} bytes of data where ${offset + bytes} are due`);
      return data.subarray(offset, offset + bytes);
    },
    spanAt: (dtype, shape, address) => {
      const elements = elementCount(shape);
      const { bytes } = dtypeInfo[dtype];
      return { dtype, elements, address: within(address, elements * bytes, bytes) };
    },
  };
}

function startOf({ partOf }: Bounds, { name, dtype, shape, start }: ArtifactRegister): Initial {
  if ("kind" in start) return start;
  const bytes = partOf(start);
  if (bytes.length !== elementCount(shape) * dtypeInfo[dtype].bytes)
    throw broken(`register "${name}" starts from ${bytes.length} bytes`);
  // Aligned for its elements.
  const { buffer } = bytes.slice();
  return { kind: "data", value: tensorValue(dtype, shape, new dtypeInfo[dtype].array(buffer)) };
}

function programOf(
  { partOf, within, spanAt }: Bounds,
  entry: ArtifactEntry,
  program: ArtifactProgram,
): StoredProgram {
  const { shapes, inputs, outputs, code, constants, fault, lookups, workspaceBytes, isShared } = program;
  if (inputs.length !== entry.inputs.length || shapes.length !== entry.inputs.length)
    throw broken(`entry "${entry.name}" has programs for other inputs`);
  return {
    shapes,
    outputs,
    hostAddresses: {
      inputs: entry.inputs.map(({ dtype }, index) => {
        const address = inputs[index] ?? undefined;
        return address === undefined ? undefined : spanAt(dtype, at(shapes, index), address);
      }),
      outputs: outputs.map(({ dtype, shape, address }) => spanAt(dtype, shape, address)),
      fault: within(fault, FAULT_BYTES, 8),
      lookups,
    },
    code: partOf(code),
    isShared,
    constants: constants.map((constant) => {
      const bytes = partOf(constant.data);
      return { bytes, address: within(constant.address, bytes.length, 1) };
    }),
    workspaceBytes,
  };
}

const inputsOf = ({ inputs }: ArtifactEntry): Inputs =>
  Object.fromEntries(
    inputs.map(({ name, dtype, shape }) => [
      name,
      { dtype, shape: shape.map((size) => (typeof size === "number" ? size : parseDim(size))) },
    ]),
  );

/** The addresses of registers by name. */
function addressesOf({ spanAt }: Bounds, registers: readonly ArtifactRegister[]): Contents["addressOf"] {
  const addresses = new Map(
    registers.map(({ name, dtype, shape, address }) => [name, spanAt(dtype, shape, address).address]),
  );
  return (register) => {
    const address = addresses.get(register);
    if (address === undefined) throw broken(`register "${register}" has no address`);
    return address;
  };
}

/** Checks an artifact against itself. @throws AdjointError where parts of it lie outside the file or the memory. */
export function contentsOf(artifact: Artifact): Contents {
  const { fused, threads, pages, registers, entries } = artifact.header;
  const bounds = boundsOf(artifact);
  return {
    fused,
    threads,
    pages,
    addressOf: addressesOf(bounds, registers),
    registers: new Map(
      registers.map((register) => {
        const { name, dtype, shape, trainable } = register;
        return [name, { name, dtype, shape, trainable, initial: startOf(bounds, register) }];
      }),
    ),
    inputs: new Map(entries.map((entry) => [entry.name, inputsOf(entry)])),
    programs: new Map(
      entries.map((entry) => [
        entry.name,
        new Map(
          entry.programs.map((program) => [
            sizesKey(program.shapes.map((shape) => ({ shape }))),
            programOf(bounds, entry, program),
          ]),
        ),
      ]),
    ),
  };
}
