import { AdjointError, dtypeInfo } from "@adjoint/ir/values";
import type { BufferInfo } from "./buffers.ts";

/** Elements that a buffer may have: positions in it are 32-bit integers on every backend. */
const MOST_ELEMENTS: number = 2 ** 31 - 1;

/** The number of largest tensors that a message names. */
const NAMED = 3;

const UNITS = ["kB", "MB", "GB", "TB", "PB", "EB"];

/** `12 bytes`, `1.5 GB`: decimal units, as limits are given. */
function bytesText(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`;
  let size = bytes / 1000;
  let unit = 0;
  for (; size >= 1000 && unit < UNITS.length - 1; unit++) size /= 1000;
  return `${Number(size.toPrecision(3))} ${UNITS[unit]}`;
}

const bytesOf = ({ dtype, elements }: BufferInfo): number => elements * dtypeInfo[dtype].bytes;

function nameOf({ owner, tensor, dtype, elements }: BufferInfo): string {
  if (owner.kind === "input" || owner.kind === "register") return `${owner.kind} "${owner.name}"`;
  return tensor === undefined ? `a tensor ${dtype}[${elements}]` : String(tensor);
}

/** @throws AdjointError for a buffer of more elements than positions can count. */
export function checkElements(buffers: readonly BufferInfo[]): void {
  const large = buffers.find(({ elements }) => elements > MOST_ELEMENTS);
  if (large === undefined) return;
  throw new AdjointError(
    "backend",
    "compile",
    `${nameOf(large)} would take ${bytesText(bytesOf(large))} of memory: it has ${large.elements} elements, and a tensor in memory has at most ${MOST_ELEMENTS}`,
    "Use smaller sizes or batches, or compute it in parts, for example by scan.",
  );
}

/** The memory that a program asks for. */
interface Demand {
  readonly buffers: readonly BufferInfo[];
  /** Bytes of registers, constants and slots. */
  readonly peakBytes: number;
}

/**
 * The error of a backend that can't give a program the memory that it asks for.
 * @param available what there is, for example `an engine's memory ends at 4294967296 bytes`.
 */
export function memoryError(
  backend: string,
  { buffers, peakBytes }: Demand,
  available: string,
): AdjointError {
  const largest = buffers.toSorted((a, b) => bytesOf(b) - bytesOf(a)).slice(0, NAMED);
  return new AdjointError(
    "backend",
    backend,
    `the program needs ${bytesText(peakBytes)} of memory, and ${available}. Its largest tensors are ${largest.map((buffer) => `${nameOf(buffer)} with ${bytesText(bytesOf(buffer))}`).join(", ")}`,
    "Use smaller sizes or batches, or release sessions that are not needed.",
  );
}
