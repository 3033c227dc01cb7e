import type { State } from "@adjoint/ir";
import { type DType, type TensorValue, dtypeInfo, dtypes } from "@adjoint/ir/values";
import {
  type Output,
  array,
  checked,
  int,
  minimum,
  record,
  safeParse,
  strictObject,
  string,
  tuple,
} from "@adjoint/ir/schema";
import { duplicateKey } from "./duplicate-keys.ts";
import { SafetensorsError, show } from "./error.ts";
import { LONGEST_HEADER, METADATA, MOST_AXES, PREFIX, elementsOf, formatNames } from "./format.ts";
import type { Metadata } from "./write.ts";

/** The content of a safetensors file. */
export interface Safetensors {
  /** Tensors by name, in the order of the file, each in memory of its own. */
  readonly tensors: State;
  readonly metadata: Metadata;
}

const offset = checked(int("must be a whole number"), minimum(0, "must not be negative"));
const entrySchema = strictObject({
  dtype: string(),
  shape: array(offset),
  data_offsets: tuple([offset, offset]),
});
type Entry = Output<typeof entrySchema>;
const metadataSchema = record(string());

const dtypeOf = new Map<string, DType>(dtypes.map((dtype) => [formatNames[dtype], dtype]));

/**
 * Reads the bytes of a safetensors file. All of the header is checked against the file before memory is taken for tensors.
 * @throws SafetensorsError naming the byte or the tensor that breaks the format.
 */
export function decodeSafetensors(file: Uint8Array): Safetensors {
  const { text, end: dataStart } = headerOf(file);
  const header = parseHeader(text);
  const metadata = metadataOf(header[METADATA] ?? {});
  const room = file.length - dataStart;
  const planned = Object.entries(header)
    .filter(([name]) => name !== METADATA)
    .map(([name, value]) => plan(name, value, room));
  checkCoverage(planned, room, dataStart);
  const tensors: { [name: string]: TensorValue } = {};
  for (const { name, dtype, shape, begin, end } of planned) {
    const bytes = file.subarray(dataStart + begin, dataStart + end);
    if (dtype === "bool") checkBools(name, bytes, dataStart + begin);
    tensors[name] = { dtype, shape, data: elementsOf(dtype, bytes) };
  }
  return { tensors, metadata };
}

function headerOf(file: Uint8Array): { readonly text: string; readonly end: number } {
  if (file.length < PREFIX) {
    throw new SafetensorsError(
      `the file ends before the ${PREFIX} bytes that give the length of its header`,
      {
        byte: file.length,
      },
    );
  }
  const length = new DataView(file.buffer, file.byteOffset, PREFIX).getBigUint64(0, true);
  if (length > BigInt(LONGEST_HEADER)) {
    throw new SafetensorsError(
      `the header would have ${length} bytes; ${LONGEST_HEADER} are the most. This is no safetensors file`,
      {
        byte: 0,
      },
    );
  }
  const end = PREFIX + Number(length);
  if (end > file.length) {
    throw new SafetensorsError(
      `the header would have ${length} bytes and the file has ${file.length - PREFIX} more. It is cut off, or no safetensors file`,
      {
        byte: 0,
      },
    );
  }
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(file.subarray(PREFIX, end)), end };
  } catch {
    throw new SafetensorsError("the header is not UTF-8", { byte: PREFIX });
  }
}

function parseHeader(text: string): { readonly [key: string]: unknown } {
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch (error) {
    throw new SafetensorsError(
      `the header is not JSON: ${error instanceof Error ? error.message : String(error)}`,
      {
        byte: PREFIX,
      },
    );
  }
  if (!text.startsWith("{") || typeof header !== "object" || header === null) {
    throw new SafetensorsError("the header is JSON, but no object", { byte: PREFIX });
  }
  const twice = duplicateKey(text);
  if (twice !== undefined) {
    const byte = PREFIX + new TextEncoder().encode(text.slice(0, twice.at)).length;
    throw new SafetensorsError(`the header has ${show(twice.key)} twice`, { byte });
  }
  if (Object.hasOwn(header, "__proto__"))
    throw new SafetensorsError("the name is reserved", { tensor: "__proto__" });
  return { ...header };
}

function metadataOf(value: unknown): Metadata {
  const metadata = safeParse(metadataSchema, value);
  if (!metadata.success || Object.hasOwn(Object(value), "__proto__"))
    throw new SafetensorsError(`${METADATA} must have text for each key`, { byte: PREFIX });
  return metadata.data;
}

/** A tensor whose header fits the file. */
interface Planned {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Bytes from the start of the data. */
  readonly begin: number;
  readonly end: number;
}

function plan(name: string, value: unknown, room: number): Planned {
  // Before each of them is looked at: a header has room for millions.
  const axes = typeof value === "object" && value !== null && "shape" in value ? value.shape : undefined;
  if (Array.isArray(axes) && axes.length > MOST_AXES)
    throw new SafetensorsError(`its shape has ${axes.length} axes; ${MOST_AXES} are the most`, {
      tensor: name,
    });
  const parsed = safeParse(entrySchema, value);
  if (!parsed.success) {
    const problems = parsed.issues
      .slice(0, 3)
      .map(({ path, message }) => `${path.map(String).join(".")} ${message}`);
    throw new SafetensorsError(problems.join("; ").trim(), { tensor: name });
  }
  const { shape, data_offsets: offsets } = parsed.data;
  const [begin, end] = offsets;
  const dtype = dtypeOf.get(parsed.data.dtype);
  if (dtype === undefined) {
    throw new SafetensorsError(
      `elements of type ${show(parsed.data.dtype)} can't be read; ${[...dtypeOf.keys()].join(", ")} can`,
      { tensor: name },
    );
  }
  if (end < begin || end > room) {
    throw new SafetensorsError(`its data are bytes ${begin} to ${end} of ${room}`, { tensor: name });
  }
  const bytes = bytesOf(parsed.data, dtype);
  if (bytes !== end - begin) {
    throw new SafetensorsError(
      `${parsed.data.dtype} of shape [${shape.join(", ")}] has ${bytes} bytes, and its data_offsets give it ${end - begin}`,
      { tensor: name },
    );
  }
  return { name, dtype, shape, begin, end };
}

/** Size of a tensor, or Infinity where it can't be counted exactly. */
function bytesOf({ shape }: Entry, dtype: DType): number {
  if (shape.includes(0)) return 0;
  const bytes = shape.reduce((product, size) => product * size, dtypeInfo[dtype].bytes);
  return Number.isSafeInteger(bytes) ? bytes : Infinity;
}

/** The format wants every byte of the data to belong to one tensor. */
function checkCoverage(planned: readonly Planned[], room: number, dataStart: number): void {
  let end = 0;
  for (const tensor of planned.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (tensor.begin < end) {
      throw new SafetensorsError(
        `its data begin at ${tensor.begin}, within another tensor's that end at ${end}`,
        {
          byte: dataStart + tensor.begin,
          tensor: tensor.name,
        },
      );
    }
    if (tensor.begin > end) {
      throw new SafetensorsError(`no tensor has the ${tensor.begin - end} bytes before "${tensor.name}"`, {
        byte: dataStart + end,
      });
    }
    end = tensor.end;
  }
  if (end < room)
    throw new SafetensorsError(`no tensor has the last ${room - end} bytes`, { byte: dataStart + end });
}

function checkBools(name: string, bytes: Uint8Array, start: number): void {
  const wrong = bytes.findIndex((byte) => byte > 1);
  if (wrong === -1) return;
  throw new SafetensorsError(`a bool is ${bytes[wrong]}, and must be 0 or 1`, {
    byte: start + wrong,
    tensor: name,
  });
}
