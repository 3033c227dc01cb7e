import type { TensorValue } from "@adjoint/ir";
import type { onnx } from "onnx-proto";
import type { TensorProto } from "../proto/model.ts";
import { type ExternalData, type TensorSource, readSparse, readTensor } from "../tensor.ts";
import type { Budget } from "./budget.ts";
import type { HostTensor } from "./value.ts";

/** The tensors of one model. */
export class Weights {
  readonly #source: TensorSource;
  readonly #dense = new Map<TensorProto, HostTensor>();
  readonly #sparse = new Map<onnx.ISparseTensorProto, TensorValue>();

  constructor(externalData: ExternalData | undefined, budget: Budget) {
    const files = new Map<string, Uint8Array>();
    const external = (location: string): Uint8Array => {
      const known = files.get(location);
      if (known !== undefined) return known;
      const bytes = externalData?.(location) ?? new Uint8Array();
      files.set(location, bytes);
      budget.addFile(bytes.length);
      return bytes;
    };
    this.#source = {
      external: externalData && external,
      reserve: (bytes) => budget.take("bytes", bytes),
    };
  }

  /** A tensor that is read this once. @throws AdjointError as `readTensor`; LimitError. */
  readOnce(tensor: TensorProto): HostTensor {
    return readTensor(tensor, this.#source);
  }

  /** A tensor that is read once, however often a function or a loop's body is imported. @throws as `readOnce`. */
  read(tensor: TensorProto): HostTensor {
    const value = this.#dense.get(tensor) ?? this.readOnce(tensor);
    this.#dense.set(tensor, value);
    return value;
  }

  /** @throws AdjointError as `readSparse`; LimitError. */
  readSparse(tensor: onnx.ISparseTensorProto): TensorValue {
    const value = this.#sparse.get(tensor) ?? readSparse(tensor, this.#source);
    this.#sparse.set(tensor, value);
    return value;
  }
}
