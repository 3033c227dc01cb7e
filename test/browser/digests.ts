import { type Backend, compile } from "@adjoint/compiler";
import { type State, isFloat, toNumbers } from "@adjoint/ir";
import { prepare, subjects } from "../conformance/check.ts";

/** A number that no case gives, for every NaN: engines are free in the bits of NaN. */
const NAN = -1.234_567e300;

/** FNV-1a over the bits of all elements, in 32 bits, with shape, type and name. */
function digest(values: State): number {
  let hash = 0x81_1c_9d_c5;
  const add = (bytes: Iterable<number>): void => {
    for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01_00_01_93);
  };
  for (const [name, value] of Object.entries(values)) {
    add(new TextEncoder().encode(`${name} ${value.dtype} ${value.shape.join()}`));
    const data = isFloat(value.dtype)
      ? Float64Array.from(toNumbers(value), (element) => (Number.isNaN(element) ? NAN : element))
      : value.data;
    add(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash >>> 0;
}

/** The conformance cases, each with a digest of the outputs and registers that a backend gives. */
export async function digests(backend: Backend): Promise<{ readonly [item: string]: number }> {
  const found: { [item: string]: number } = {};
  for (const [subject, items] of subjects) {
    for (const item of items) {
      const { graph, state } = prepare(item);
      await using session = await compile({ main: graph }, { backend, state });
      const outputs = await session.run("main", item.feeds);
      found[`${subject}, ${item.name}`] = digest({ ...outputs, ...(await session.state()) });
    }
  }
  return found;
}
