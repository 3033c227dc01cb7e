import type { Tensor } from "@adjoint/ir";
import type { DType, TensorValue } from "@adjoint/ir/values";
import type { BufferId } from "./scalar.ts";

/** The owner of a buffer's content. */
export type BufferOwner =
  | { readonly kind: "temporary" }
  /** Written from a feed before the kernels run. */
  | { readonly kind: "input"; readonly name: string }
  /** Lives in the session, from run to run. */
  | { readonly kind: "register"; readonly name: string }
  /** Written once, at compile time. */
  | { readonly kind: "constant"; readonly value: TensorValue };

export interface BufferInfo {
  readonly dtype: DType;
  /** Elements, row-major and contiguous. */
  readonly elements: number;
  readonly owner: BufferOwner;
  /** The tensor it holds, for messages; absent if that has no name of its own, as a copy. */
  readonly tensor?: Tensor;
}

/** The growing list of a program's buffers. */
export class BufferTable {
  readonly #buffers: BufferInfo[] = [];

  add(dtype: DType, elements: number, owner: BufferOwner = { kind: "temporary" }, tensor?: Tensor): BufferId {
    this.#buffers.push({ dtype, elements, owner, ...(tensor !== undefined && { tensor }) });
    return this.#buffers.length - 1;
  }

  get(id: BufferId): BufferInfo {
    const buffer = this.#buffers[id];
    if (buffer === undefined) throw new RangeError(`no buffer ${id}`);
    return buffer;
  }

  /** A copy to try things on. */
  fork(): BufferTable {
    const copy = new BufferTable();
    for (const buffer of this.#buffers) copy.#buffers.push(buffer);
    return copy;
  }

  /** Takes over what a fork added. */
  adopt(fork: BufferTable): void {
    for (const buffer of fork.#buffers.slice(this.#buffers.length)) this.#buffers.push(buffer);
  }

  get all(): readonly BufferInfo[] {
    return this.#buffers;
  }
}
