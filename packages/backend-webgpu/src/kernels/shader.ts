import type {
  Affine,
  BufferId,
  DynamicIndex,
  Guard,
  ScalarGraph,
  ScalarNode,
  Store,
} from "@adjoint/compiler/kernel";
import type { DType } from "@adjoint/ir/values";
import type { Allocation } from "../layout/memory.ts";
import { arithmeticOf } from "../layout/words.ts";
import { type FunctionName, sourcesOf } from "../scalar/functions.ts";
import { scalarCode } from "../scalar/table.ts";
import { type Use, asBool, fromWord, literal, toWord } from "../scalar/wgsl.ts";
import { CONTROL, type Context } from "./context.ts";
import { CHECKED, NOTHING, parameters } from "./entry.ts";
import { type Binding, type Launch, gridOf } from "./launch.ts";

/** A value of an expression: the name of its variable. */
export type Value = string;

/** The parts of a shader's entry point. */
export interface Main {
  /** Workgroups in all; `group` is their number in the code. */
  readonly groups: number;
  /** Invocations of a workgroup; `lane` is their number in the code. */
  readonly lanes: number;
  /** Declarations outside the entry point. */
  readonly declarations?: readonly string[];
  /** The body has barriers, which all invocations must reach: it stores through `whereLive`. */
  readonly barriers?: boolean;
  readonly body: readonly string[];
}

/** One compute shader in the making: its bindings, the functions it calls, and the code of expressions. */
export class Shader {
  readonly context: Context;
  readonly #bindings: { readonly allocation: Allocation; write: boolean; wide: boolean }[] = [];
  readonly #functions = new Set<FunctionName>();
  #usesControl = false;
  #usesSubgroup = false;
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

  /**
   * The name under which a piece of memory is bound, once however many buffers lie in it.
   * @param wide as vectors of four elements; all that read it must agree.
   */
  bind(allocation: Allocation, write: boolean, wide = false): string {
    let index = this.#bindings.findIndex(
      (binding) => binding.allocation === allocation || binding.allocation.buffer === allocation.buffer,
    );
    if (index < 0) index = this.#bindings.push({ allocation, write, wide }) - 1;
    const binding = this.#bindings[index];
    if (binding !== undefined && write) binding.write = true;
    return `memory${index}`;
  }

  buffer(id: BufferId, write = false): string {
    return this.bind(this.context.memory.allocation(id), write);
  }

  /** The name of the words that say whether a step has failed and which branches run. */
  control(): string {
    this.#usesControl = true;
    return "control";
  }

  /** The name of an invocation's index in its subgroup. */
  subgroupIndex(): string {
    this.#usesSubgroup = true;
    return "subgroupIndex";
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

  /** The condition that all guards hold: "" where they always do, "false" where they never do. */
  guards(guards: readonly Guard[], coordinates: readonly string[]): string {
    const conditions: string[] = [];
    for (const guard of guards) {
      const isFixed = guard.strides.every((stride, axis) => stride === 0 || coordinates[axis] === "0");
      // As unsigned, a negative position is a large one.
      if (!isFixed) conditions.push(`u32(${this.affine(guard, coordinates)}) < ${guard.limit}u`);
      else if (guard.offset < 0 || guard.offset >= guard.limit) return "false";
    }
    return conditions.join(" && ");
  }

  /** An element of a buffer as a value. */
  load(id: BufferId, dtype: DType, position: string): string {
    const element = `${this.buffer(id)}[${position}]`;
    return this.#isHalf(id) ? `f32(${element})` : fromWord(arithmeticOf(dtype), element);
  }

  /** Four elements from a position that is a multiple of four. */
  loadVector(id: BufferId, type: string, position: string): string {
    const vector = `${this.bind(this.context.memory.allocation(id), false, true)}[(${position}) / 4]`;
    return this.#isHalf(id) ? `${type}(${vector})` : `bitcast<${type}>(${vector})`;
  }

  store(id: BufferId, position: string, value: string): string {
    const arithmetic = arithmeticOf(this.context.memory.dtype(id));
    const element = this.#isHalf(id) ? `f16(${value})` : toWord(arithmetic, value);
    return `${this.buffer(id, true)}[${position}] = ${element};`;
  }

  /** An element as a word whose bits its type does not touch. */
  loadWord(id: BufferId, position: string): string {
    return this.#isHalf(id)
      ? toWord("f32", this.load(id, "f16", position))
      : `${this.buffer(id)}[${position}]`;
  }

  storeWord(id: BufferId, position: string, word: string): string {
    return this.#isHalf(id)
      ? this.store(id, position, fromWord("f32", word))
      : `${this.buffer(id, true)}[${position}] = ${word};`;
  }

  #isHalf(id: BufferId): boolean {
    return this.context.memory.allocation(id).format === "half";
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
    for (const node of graph) values.push(this.#value(node, graph, coordinates, values, accumulators, lines));
    return { lines, values };
  }

  stores(
    stores: readonly Store[],
    values: readonly Value[],
    coordinates: readonly string[],
  ): readonly string[] {
    return stores.map(({ buffer, index, value }) =>
      this.store(buffer, this.affine(index, coordinates), values[value] ?? ""),
    );
  }

  /** The terms that positions from data add to an index; a position outside its axis fails the step. */
  dynamic(terms: readonly DynamicIndex[], graph: ScalarGraph, values: readonly Value[]): string {
    return terms
      .map(({ value, stride, size, operation }) => {
        const isSigned = arithmeticOf(graph[value]?.dtype ?? "i32") === "i32";
        const position = isSigned ? values[value] : `bitcast<i32>(${values[value]})`;
        this.control();
        return ` + checked(${position}, ${size}, ${this.context.site(operation, size)}u) * ${stride}`;
      })
      .join("");
  }

  #value(
    node: ScalarNode,
    graph: ScalarGraph,
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
        const guards = this.guards(node.index.guards, coordinates);
        const otherwise = (): string =>
          node.otherwise === undefined ? literal(0, node.dtype, this.use) : operand(node.otherwise);
        if (guards === "false") return declare(otherwise());
        const dynamic = this.dynamic(node.dynamic, graph, values);
        const element = this.load(
          node.buffer,
          node.dtype,
          `${this.affine(node.index, coordinates)}${dynamic}`,
        );
        if (guards === "") return declare(element);
        const name = this.fresh("v");
        // A position outside its axis is checked only where it would be read.
        lines.push(`var ${name} = ${otherwise()};`, `if (${guards}) { ${name} = ${element}; }`);
        return name;
      }
    }
  }

  /** Lines that take effect only where the kernel's branch runs and no index was out of range. */
  whereLive(lines: readonly string[]): readonly string[] {
    const { predicate, canFail } = this.context;
    return predicate === undefined && !canFail ? lines : ["if (live) {", ...lines, "}"];
  }

  /** The dispatch, once all code that it needs is printed. */
  launch({ groups, lanes, declarations = [], barriers = false, body }: Main): Launch {
    const grid = gridOf(groups);
    const entry = this.#entry(barriers);
    const bindings: Binding[] = [...this.#bindings];
    if (this.#usesControl) bindings.push({ allocation: this.context.control, write: true });
    const functions = sourcesOf(this.#functions);
    const hasNothing = [...functions, ...declarations, ...body].some((line) => line.includes("fromBits("));
    const text = [
      ...(this.#bindings.some(({ allocation }) => allocation.format === "half") ? ["enable f16;"] : []),
      ...(this.#usesSubgroup ? ["enable subgroups;"] : []),
      ...this.#bindings.map(
        ({ allocation, write, wide }, index) =>
          `@group(0) @binding(${index}) var<storage, ${write ? "read_write" : "read"}> memory${index}: array<${elementType(allocation, wide)}>;`,
      ),
      ...(this.#usesControl
        ? [
            `@group(0) @binding(${this.#bindings.length}) var<storage, read_write> control: array<atomic<u32>>;`,
            "var<private> live: bool = true;",
            CHECKED,
          ]
        : []),
      ...(hasNothing ? [NOTHING.declaration] : []),
      ...declarations,
      ...functions,
      `@compute @workgroup_size(${lanes})`,
      `fn main(${parameters(this.#usesSubgroup)}) {`,
      `let group = workgroup.x + workgroup.y * ${grid[0]}u;`,
      ...(hasNothing ? [NOTHING.entry] : []),
      ...entry,
      ...body,
      "}",
    ].join("\n");
    return { text, bindings, groups: grid };
  }

  /** The start of the entry point: whether the kernel runs at all. */
  #entry(barriers: boolean): readonly string[] {
    const { predicate, canFail } = this.context;
    const conditions: string[] = [];
    if (predicate !== undefined)
      conditions.push(`atomicLoad(&${this.control()}[${predicate.word}]) == ${predicate.value}u`);
    // Whatever outlives the step keeps its content when the step fails.
    if (canFail && this.#bindings.some(({ allocation, write }) => write && allocation.persistent))
      conditions.push(`atomicLoad(&${this.control()}[${CONTROL.failures}]) == 0u`);
    if (barriers && canFail) this.control();
    if (conditions.length === 0) return [];
    const set = `live = ${conditions.join(" && ")};`;
    return barriers ? [set] : [set, "if (!live) { return; }"];
  }
}

function elementType({ format }: Allocation, wide: boolean): string {
  const type = format === "half" ? "f16" : "u32";
  return wide ? `vec4<${type}>` : type;
}
