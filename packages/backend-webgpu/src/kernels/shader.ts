import type { Affine, BufferId, Guard, ScalarGraph, ScalarNode, Store } from "@adjoint/compiler";
import type { DType } from "@adjoint/ir";
import { type Place } from "../layout/memory.ts";
import { arithmeticOf } from "../layout/words.ts";
import { type FunctionName, sourcesOf } from "../scalar/functions.ts";
import { scalarCode } from "../scalar/table.ts";
import { type Use, asBool, fromWord, literal, toWord } from "../scalar/wgsl.ts";
import type { Context } from "./context.ts";

/** A value of an expression: the name of its variable. */
export type Value = string;

/** A binding of a kernel: memory, and whether it is written. */
export interface Binding {
  readonly place: Place;
  write: boolean;
}

/** One compute shader in the making: its bindings, the functions it calls, and the code of expressions. */
export class Shader {
  readonly context: Context;
  readonly #bindings: Binding[] = [];
  readonly #functions = new Set<FunctionName>();
  #usesControl = false;
  #names = 0;

  constructor(context: Context) {
    this.context = context;
  }

  readonly use: Use = (name) => {
    this.#functions.add(name);
    return name;
  };

  fresh(prefix: string): string {
    return `${prefix}${this.#names++}`;
  }

  /** The name under which a piece of memory is bound, once however many buffers lie in it. */
  bind(place: Place, write: boolean): string {
    let index = this.#bindings.findIndex((binding) => binding.place === place || binding.place.buffer === place.buffer);
    if (index < 0) index = this.#bindings.push({ place, write }) - 1;
    const binding = this.#bindings[index];
    if (binding !== undefined && write) binding.write = true;
    return `b${index}`;
  }

  buffer(id: BufferId, write = false): string {
    return this.bind(this.context.memory.place(id), write);
  }

  /** The name of the words that say whether a step has failed and which branches run. */
  control(): string {
    this.#usesControl = true;
    return "control";
  }

  get usesControl(): boolean {
    return this.#usesControl;
  }

  get bindings(): readonly Binding[] {
    return this.#bindings;
  }

  /** True where a store goes to memory that must keep its content when the step fails. */
  writesPersistent(): boolean {
    return this.#bindings.some(({ place, write }) => write && place.persistent);
  }

  /** An affine over named coordinates. */
  affine({ offset, strides }: Affine, coordinates: readonly string[]): string {
    const terms = strides.flatMap((stride, axis) => {
      const name = coordinates[axis] ?? "0";
      if (stride === 0 || name === "0") return [];
      return [stride === 1 ? name : `${name} * ${stride}`];
    });
    if (offset !== 0 || terms.length === 0) terms.push(String(offset));
    return terms.join(" + ").replaceAll("+ -", "- ");
  }

  guards(guards: readonly Guard[], coordinates: readonly string[]): string {
    // As unsigned, a negative position is a large one.
    return guards.map((guard) => `u32(${this.affine(guard, coordinates)}) < ${guard.limit}u`).join(" && ");
  }

  /** An element of a buffer as a value. */
  load(id: BufferId, dtype: DType, position: string): string {
    return fromWord(arithmeticOf(dtype), `${this.buffer(id)}[${position}]`);
  }

  store(id: BufferId, position: string, value: string): string {
    const arithmetic = arithmeticOf(this.context.memory.dtype(id));
    return `${this.buffer(id, true)}[${position}] = ${toWord(arithmetic, value)};`;
  }

  /**
   * Declares every value of an expression; returns lines and the names.
   * @param coordinates names of the domain's coordinates.
   * @param accumulators names of what a reduction or product left.
   */
  expression(
    graph: ScalarGraph,
    coordinates: readonly string[],
    accumulators: readonly string[] = [],
  ): { readonly lines: readonly string[]; readonly values: readonly Value[] } {
    const lines: string[] = [];
    const values: Value[] = [];
    for (const node of graph) values.push(this.#value(node, coordinates, values, accumulators, lines));
    return { lines, values };
  }

  stores(stores: readonly Store[], values: readonly Value[], coordinates: readonly string[]): readonly string[] {
    return stores.map(({ buffer, index, value }) =>
      this.store(buffer, this.affine(index, coordinates), values[value] ?? ""),
    );
  }

  /** A position decided by data, as code; what lies outside fails the step. */
  checked(value: Value, dtype: DType, size: number, operation: string): string {
    const site = this.context.site(operation, size);
    const position = arithmeticOf(dtype) === "i32" ? value : `bitcast<i32>(${value})`;
    this.control();
    return `checked(${position}, ${size}, ${site}u)`;
  }

  #value(
    node: ScalarNode,
    coordinates: readonly string[],
    values: readonly Value[],
    accumulators: readonly string[],
    lines: string[],
  ): Value {
    const operand = (id: number): Value => values[id] ?? "";
    const declare = (code: string): Value => {
      const name = this.fresh("v");
      lines.push(`let ${name} = ${code};`);
      return name;
    };
    switch (node.kind) {
      case "constant":
        return declare(literal(node.value, node.dtype, this.use));
      case "accumulator":
        return accumulators[node.index] ?? "";
      case "index":
        return declare(
          scalarCode("cast", [`i32(${this.affine(node.index, coordinates)})`], "i32", node.dtype, this.use),
        );
      case "inside":
        return declare(asBool(this.guards(node.guards, coordinates) || "true"));
      case "map":
        return declare(
          scalarCode(node.operation, node.operands.map(operand), node.from, node.dtype, this.use),
        );
      case "randomBits":
        return declare(
          `${this.use("randomWord")}(${operand(node.key[0])}, ${operand(node.key[1])}, u32(${this.affine(node.counter, coordinates)}))`,
        );
      case "load": {
        const dtypes = this.context.dtypesOf(node.dynamic.map((term) => term.value));
        const dynamic = node.dynamic.map(
          (term, index) =>
            ` + ${this.checked(operand(term.value), dtypes[index] ?? "i32", term.size, term.operation)} * ${term.stride}`,
        );
        const element = this.load(
          node.buffer,
          node.dtype,
          `${this.affine(node.index, coordinates)}${dynamic.join("")}`,
        );
        const guards = this.guards(node.index.guards, coordinates);
        if (guards === "") return declare(element);
        const name = this.fresh("v");
        const otherwise =
          node.otherwise === undefined ? literal(0, node.dtype, this.use) : operand(node.otherwise);
        // A position outside its axis is checked only where it would be read.
        lines.push(`var ${name} = ${otherwise};`, `if (${guards}) { ${name} = ${element}; }`);
        return name;
      }
    }
  }

  /** The whole text: bindings, library, and a body inside `main`. */
  text(): { readonly functions: readonly string[] } {
    return { functions: sourcesOf(this.#functions) };
  }
}
