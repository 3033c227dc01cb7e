import type { Affine, BufferId, Guard, ScalarGraph, ScalarNode, Store } from "@adjoint/compiler/kernel";
import { operandsOf } from "@adjoint/compiler/kernel";
import { type DType, at } from "@adjoint/ir/values";
import { literal, loadCode, storeCode } from "./elements.ts";
import { type LoopVariable, termOf } from "./loops.ts";
import { scalarCode } from "./scalar/code.ts";

/** Code in the making: names for buffers and tables, and lines per loop level. */
export class Printer {
  readonly #variables: readonly LoopVariable[];
  readonly #lines: string[][];
  readonly #affines = new Map<string, { readonly code: string; readonly level: number }>();
  /** Arrays that the code refers to, by name. */
  readonly arrays: Map<string, BufferId | Int32Array> = new Map();
  #count = 0;

  constructor(loopVariables: readonly LoopVariable[]) {
    this.#variables = loopVariables;
    this.#lines = Array.from({ length: loopVariables.length + 1 }, () => []);
  }

  /** Lines that belong inside this many loops. */
  lines(level: number): readonly string[] {
    return this.#lines[level] ?? [];
  }

  add(level: number, line: string): void {
    this.#lines[level]?.push(line);
  }

  buffer(id: BufferId): string {
    const name = `b${id}`;
    this.arrays.set(name, id);
    return name;
  }

  fresh(prefix: string): string {
    return `${prefix}${this.#count++}`;
  }

  /** An affine's value, added up as the loops open, and the level from which it is known. */
  affine(a: Affine): { readonly code: string; readonly level: number } {
    const key = `${a.offset}:${a.strides.join()}`;
    const known = this.#affines.get(key);
    if (known !== undefined) return known;
    let code = String(a.offset);
    let level = 0;
    this.#variables.forEach((variable, index) => {
      const term = termOf(a, variable);
      if (term.kind === "none") return;
      let part: string;
      if (term.kind === "stride")
        part = term.stride === 1 ? variable.name : `${variable.name} * ${term.stride}`;
      else {
        const table = this.fresh("t");
        this.arrays.set(table, term.table);
        part = `${table}[${variable.name}]`;
      }
      level = index + 1;
      const name = this.fresh("p");
      this.add(level, `const ${name} = ${code === "0" ? part : `${code} + ${part}`} | 0;`);
      code = name;
    });
    const result = { code, level };
    this.#affines.set(key, result);
    return result;
  }

  #inside(guards: readonly Guard[]): { readonly code: string; readonly level: number } {
    const parts = guards.map((guard) => ({ ...this.affine(guard), limit: guard.limit }));
    return {
      code: parts.map(({ code, limit }) => `${code} >= 0 && ${code} < ${limit}`).join(" && ") || "true",
      level: Math.max(0, ...parts.map((part) => part.level)),
    };
  }

  /**
   * Declares every value of an expression as early as its operands and coordinates allow; returns the names.
   * @param accumulators code of the values that a reduction or product left, with the level where they are known.
   */
  expression(
    graph: ScalarGraph,
    accumulators: readonly string[] = [],
    accumulatorLevel = 0,
  ): readonly Value[] {
    const values: Value[] = [];
    for (const node of graph) values.push(this.#value(node, values, accumulators, accumulatorLevel));
    return values;
  }

  #value(
    node: ScalarNode,
    values: readonly Value[],
    accumulators: readonly string[],
    accumulatorLevel: number,
  ): Value {
    const operands = operandsOf(node).map((id) => at(values, id));
    let level = Math.max(0, ...operands.map((operand) => operand.level));
    const declare = (code: string): Value => {
      const name = this.fresh("v");
      this.add(level, `const ${name} = ${code};`);
      return { code: name, level };
    };
    switch (node.kind) {
      case "constant":
        return { code: literal(node.value, node.dtype), level: 0 };
      case "accumulator":
        return { code: at(accumulators, node.index), level: accumulatorLevel };
      case "index": {
        const index = this.affine(node.index);
        level = index.level;
        return declare(scalarCode("cast", [index.code], "i32", node.dtype));
      }
      case "inside": {
        const inside = this.#inside(node.guards);
        level = inside.level;
        return declare(`${inside.code} ? 1 : 0`);
      }
      case "map":
        return declare(
          scalarCode(
            node.operation,
            operands.map((operand) => operand.code),
            node.from,
            node.dtype,
          ),
        );
      case "randomBits": {
        const counter = this.affine(node.counter);
        level = Math.max(level, counter.level);
        return declare(`bits(${at(operands, 0).code}, ${at(operands, 1).code}, ${counter.code})`);
      }
      case "load": {
        const index = this.affine(node.index);
        const inside = this.#inside(node.index.guards);
        level = Math.max(level, index.level, inside.level);
        const guarded = node.index.guards.length > 0;
        let position = index.code;
        for (const term of node.dynamic) {
          const coordinate = at(values, term.value);
          // A position outside its axis is checked only where it would be read.
          position += ` + checked(${coordinate.code}, ${term.size}, "${term.operation}") * ${term.stride}`;
        }
        const element = loadCode(node.dtype, `${this.buffer(node.buffer)}[${position}]`);
        if (!guarded) return declare(element);
        const otherwise =
          node.otherwise === undefined ? literal(0, node.dtype) : at(values, node.otherwise).code;
        return declare(`${inside.code} ? ${element} : ${otherwise}`);
      }
    }
  }

  /** Writes results, inside all loops. */
  stores(
    stores: readonly Store[],
    values: readonly Value[],
    dtypeOf: (buffer: BufferId) => DType,
    level: number,
  ): void {
    for (const { buffer, index, value } of stores) {
      const position = this.affine(index);
      this.add(
        level,
        `${this.buffer(buffer)}[${position.code}] = ${storeCode(dtypeOf(buffer), at(values, value).code)};`,
      );
    }
  }
}

/** A value's name and the number of loops inside which it is declared. */
export interface Value {
  readonly code: string;
  readonly level: number;
}

/** Loops around lines: level n's lines stand inside n loops; `inner` stands inside all of them, after the last level's. */
export function nest(
  printer: Printer,
  loopVariables: readonly LoopVariable[],
  from = 0,
  inner: readonly string[] = [],
  bounds: readonly (readonly [string, string])[] = [],
): string[] {
  const open: string[] = [];
  const close: string[] = [];
  loopVariables.forEach((variable, index) => {
    const [low, high] = bounds[index] ?? [
      "0",
      String(variable.sizes.reduce((product, size) => product * size, 1)),
    ];
    open.push(
      `for (let ${variable.name} = ${low}; ${variable.name} < ${high}; ${variable.name}++) {`,
      ...printer.lines(from + index + 1),
    );
    close.push("}");
  });
  return [...open, ...inner, ...close];
}
