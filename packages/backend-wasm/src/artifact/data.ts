import type { TypedArray } from "@adjoint/ir/values";
import type { Section } from "./format.ts";

/** Data of a file, in the order in which they were added; one array is stored once. */
export class ArtifactData {
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
