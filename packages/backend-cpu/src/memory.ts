import { type BufferId, type CompiledProgram, memoryError } from "@adjoint/compiler/kernel";
import {
  AdjointError,
  type DType,
  type TensorValue,
  type TypedArray,
  at,
  copyInto,
  dtypeInfo,
  zeroValue,
} from "@adjoint/ir/values";

/** Registers of a session, by name: every program's buffers for them are these very arrays. */
export class Registers {
  readonly #values = new Map<string, TensorValue>();

  get(name: string): TensorValue {
    const value = this.#values.get(name);
    if (value === undefined) throw new AdjointError("state", `register "${name}"`, "has not been written");
    return value;
  }

  /** Creates the register on its first write; later ones keep the memory. */
  write(name: string, value: TensorValue): void {
    const own = this.#values.get(name) ?? zeroValue(value.dtype, value.shape);
    this.#values.set(name, own);
    copyInto(own.data, value.data);
  }

  read(name: string): TensorValue {
    const { dtype, shape, data } = this.get(name);
    return { dtype, shape, data: data.slice() };
  }
}

/** @throws AdjointError where the engine has not that much memory. */
function reserve(bytes: number, program: CompiledProgram): ArrayBuffer {
  try {
    return new ArrayBuffer(bytes);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw memoryError("cpu", program, `the engine gives no ${bytes} bytes in one piece (${error.message})`);
  }
}

/** Arrays of all buffers of a program. */
export class Memory {
  readonly #arrays: readonly (TypedArray | undefined)[];
  readonly #dtypes: readonly DType[];

  constructor(program: CompiledProgram, registers: Registers) {
    // One arena for all slots; each starts on a cache line of its own.
    const offsets: number[] = [];
    let bytes = 0;
    for (const slot of program.slots) {
      offsets.push(bytes);
      bytes += Math.ceil(slot / 64) * 64;
    }
    const arena = reserve(bytes, program);
    this.#dtypes = program.buffers.map((buffer) => buffer.dtype);
    this.#arrays = program.buffers.map(({ dtype, elements, location, owner }) => {
      if (location.kind === "slot")
        return new dtypeInfo[dtype].array(arena, offsets[location.slot], elements);
      if (location.kind === "register") return registers.get(location.name).data;
      return owner.kind === "constant" ? owner.value.data : undefined;
    });
  }

  array(buffer: BufferId): TypedArray {
    const array = this.#arrays[buffer];
    if (array === undefined) throw new AdjointError("backend", "cpu", `buffer ${buffer} has no memory`);
    return array;
  }

  find(buffer: BufferId): TypedArray | undefined {
    return this.#arrays[buffer];
  }

  dtype(buffer: BufferId): DType {
    return at(this.#dtypes, buffer);
  }
}
