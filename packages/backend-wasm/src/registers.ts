import type { State } from "@adjoint/ir";
import type { RegisterAttributes } from "@adjoint/ir/graph";
import { AdjointError, copyInto } from "@adjoint/ir/values";
import { type Span, viewOf } from "./executable.ts";

/** A register in a memory. */
export type PlacedRegister = Pick<RegisterAttributes, "shape"> & Span;

/** Registers by name, each at its address in a memory from its first value on. */
export class Registers {
  readonly #memory: WebAssembly.Memory;
  readonly #allocate: (name: string, bytes: number) => number;
  readonly #placed = new Map<string, PlacedRegister>();

  /** @param allocate gives the address of a register, asked once for each. */
  constructor(memory: WebAssembly.Memory, allocate: (name: string, bytes: number) => number) {
    this.#memory = memory;
    this.#allocate = allocate;
  }

  /** @throws AdjointError where it has no value yet. */
  at(name: string): PlacedRegister {
    const register = this.#placed.get(name);
    if (register === undefined) throw new AdjointError("state", `register "${name}"`, "has not been written");
    return register;
  }

  write(state: State): void {
    for (const [name, { dtype, shape, data }] of Object.entries(state)) {
      // Placed on its first write; later ones keep the memory.
      const register = this.#placed.get(name) ?? {
        dtype,
        shape,
        elements: data.length,
        address: this.#allocate(name, data.byteLength),
      };
      this.#placed.set(name, register);
      copyInto(viewOf(this.#memory, register), data);
    }
  }

  read(names: readonly string[]): State {
    return Object.fromEntries(
      names.map((name) => {
        const register = this.at(name);
        const { dtype, shape } = register;
        return [name, { dtype, shape, data: viewOf(this.#memory, register).slice() }];
      }),
    );
  }

  /** Forgets all. @returns where they were. */
  clear(): readonly PlacedRegister[] {
    const all = [...this.#placed.values()];
    this.#placed.clear();
    return all;
  }
}
