import type { State } from "@adjoint/ir";
import { type TensorValue, dtypeInfo, elementCount } from "@adjoint/ir/values";
import { SafetensorsError, show } from "./error.ts";
import {
  LONGEST_HEADER,
  METADATA,
  MOST_AXES,
  PREFIX,
  fileBytes,
  formatNames,
  writingOrder,
} from "./format.ts";

/** Text that a file carries beside its tensors. */
export type Metadata = { readonly [key: string]: string };

/**
 * Tensors as the bytes of a safetensors file. The same tensors and metadata give the same bytes, in whatever order they
 * come; they are those of the reference implementation (which leaves the order of metadata open; here it is by key).
 * @throws SafetensorsError for what readers would refuse: a name that the format reserves, text that is not Unicode, a
 * header above the format's limit, a tensor whose shape and data disagree.
 */
export function encodeSafetensors(tensors: State, metadata: Metadata = {}): Uint8Array {
  const entries = Object.entries(tensors).map(([name, value]) => ({ name, value }));
  for (const { name, value } of entries) checkTensor(name, value);
  entries.sort(
    (a, b) =>
      writingOrder.indexOf(a.value.dtype) - writingOrder.indexOf(b.value.dtype) || byBytes(a.name, b.name),
  );
  const fields: string[] = [];
  const texts = Object.entries(metadata).toSorted(([a], [b]) => byBytes(a, b));
  checkMetadata(texts);
  if (texts.length > 0) {
    const pairs = texts.map(([key, text]) => `${JSON.stringify(key)}:${JSON.stringify(text)}`);
    fields.push(`${JSON.stringify(METADATA)}:{${pairs.join(",")}}`);
  }
  let end = 0;
  const placed = entries.map(({ name, value }) => {
    const begin = end;
    end += value.data.byteLength;
    const info = { dtype: formatNames[value.dtype], shape: value.shape, data_offsets: [begin, end] };
    fields.push(`${JSON.stringify(name)}:${JSON.stringify(info)}`);
    return { value, begin };
  });
  const header = new TextEncoder().encode(`{${fields.join(",")}}`);
  // Spaces fill the header up, so that the widest elements are aligned in the file.
  const length = Math.ceil(header.length / 8) * 8;
  if (length > LONGEST_HEADER) throw tooLong(length);
  const file = roomOf(PREFIX + length + end);
  new DataView(file.buffer).setBigUint64(0, BigInt(length), true);
  file.set(header, PREFIX);
  file.fill(0x20, PREFIX + header.length, PREFIX + length);
  for (const { value, begin } of placed)
    file.set(fileBytes(value.dtype, value.data), PREFIX + length + begin);
  return file;
}

const tooLong = (length: number): SafetensorsError =>
  new SafetensorsError(
    `the header would have ${length} bytes, and readers take ${LONGEST_HEADER} at most. Longer text goes into a tensor`,
  );

function roomOf(bytes: number): Uint8Array {
  try {
    return new Uint8Array(bytes);
  } catch {
    throw new SafetensorsError(`the file would have ${bytes} bytes, more than there is memory for`);
  }
}

/** A half of a surrogate pair, which UTF-8 can't hold: readers would refuse the file. */
const LONE_SURROGATE = /\p{Surrogate}/u;

function checkMetadata(texts: readonly (readonly [key: string, text: unknown])[]): void {
  let length = 0;
  for (const [key, text] of texts) {
    if (key === "__proto__") throw new SafetensorsError(`the key ${show(key)} of the metadata is reserved`);
    if (typeof text !== "string")
      throw new SafetensorsError(`the metadata under ${show(key)} are no text (${typeof text})`);
    // Before the header is made: strings have a limit of their own.
    length += key.length + text.length;
    if (length > LONGEST_HEADER) throw tooLong(length);
    if (LONE_SURROGATE.test(key) || LONE_SURROGATE.test(text))
      throw new SafetensorsError(`the metadata under ${show(key)} are not Unicode`);
  }
}

function checkTensor(name: string, { dtype, shape, data }: TensorValue): void {
  if (name === METADATA || name === "__proto__")
    throw new SafetensorsError("the name is reserved", { tensor: name });
  if (LONE_SURROGATE.test(name)) throw new SafetensorsError("the name is not Unicode", { tensor: name });
  if (shape.length > MOST_AXES)
    throw new SafetensorsError(`its shape has ${shape.length} axes; ${MOST_AXES} are the most`, {
      tensor: name,
    });
  const whole = shape.every((size) => Number.isSafeInteger(size) && size >= 0);
  if (!whole || !(data instanceof dtypeInfo[dtype].array) || data.length !== elementCount(shape)) {
    throw new SafetensorsError(
      `${dtype}[${shape.join(", ")}] doesn't fit its ${data.length} elements (${data.constructor.name})`,
      { tensor: name },
    );
  }
}

/** The order of the names' UTF-8 bytes, which is that of their code points. */
function byBytes(a: string, b: string): number {
  const [left, right] = [[...a], [...b]];
  for (let at = 0; at < Math.min(left.length, right.length); at++) {
    const difference = (left[at]?.codePointAt(0) ?? 0) - (right[at]?.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}
