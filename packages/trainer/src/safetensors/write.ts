import { type State, type TensorValue, dtypeInfo, elementCount } from "@adjoint/ir";
import { SafetensorsError } from "./error.ts";
import { LONGEST_HEADER, METADATA, PREFIX, fileBytes, formatNames, writingOrder } from "./format.ts";

/** Text that a file carries beside its tensors. */
export type Metadata = { readonly [key: string]: string };

/**
 * Tensors as the bytes of a safetensors file. The same tensors and metadata give the same bytes, in whatever order they
 * come; they are those of the reference implementation (which leaves the order of metadata open; here it is by key).
 * @throws SafetensorsError for a name that the format reserves, or a tensor whose shape and data disagree.
 */
export function encodeSafetensors(tensors: State, metadata: Metadata = {}): Uint8Array {
  const entries = Object.entries(tensors).map(([name, value]) => ({ name, value }));
  for (const { name, value } of entries) checkTensor(name, value);
  entries.sort(
    (a, b) =>
      writingOrder.indexOf(a.value.dtype) - writingOrder.indexOf(b.value.dtype) || byBytes(a.name, b.name),
  );
  const fields: string[] = [];
  const keys = Object.keys(metadata).toSorted(byBytes);
  if (keys.length > 0) {
    const texts = keys.map((key) => `${JSON.stringify(key)}:${JSON.stringify(metadata[key])}`);
    fields.push(`${JSON.stringify(METADATA)}:{${texts.join(",")}}`);
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
  if (length > LONGEST_HEADER) {
    throw new SafetensorsError(
      `the header would have ${length} bytes, and readers take ${LONGEST_HEADER} at most`,
    );
  }
  const file = new Uint8Array(PREFIX + length + end);
  new DataView(file.buffer).setBigUint64(0, BigInt(length), true);
  file.set(header, PREFIX);
  file.fill(0x20, PREFIX + header.length, PREFIX + length);
  for (const { value, begin } of placed)
    file.set(fileBytes(value.dtype, value.data), PREFIX + length + begin);
  return file;
}

function checkTensor(name: string, { dtype, shape, data }: TensorValue): void {
  if (name === METADATA || name === "__proto__")
    throw new SafetensorsError("the name is reserved", { tensor: name });
  if (!(data instanceof dtypeInfo[dtype].array) || data.length !== elementCount(shape)) {
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
