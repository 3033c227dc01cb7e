import { AdjointError } from "@adjoint/ir/values";
import { Body, type Callee, type Locals } from "./body.ts";
import { ByteWriter } from "./bytes.ts";
import type { Guard } from "./guard.ts";
import { type ResultType, Value, type ValueType, typeCode } from "./value.ts";

/** Pages of 64 KiB. Shared memory needs a maximum. */
export interface MemoryLimits {
  readonly initial: number;
  readonly maximum?: number;
  readonly shared?: boolean;
}

/** The value that a body returns, or nothing. */
type Left<R extends ResultType> = [R] extends [ValueType] ? Value<R> : void;
type BodyOf<P extends readonly ValueType[], R extends ResultType> = (
  body: Body,
  ...parameters: Locals<P>
) => Left<R>;

const SECTION = { type: 1, import: 2, function: 3, global: 6, export: 7, code: 10 } as const;

/** A variable of an instance, 0 at first. */
export interface Global {
  readonly get: Value<"i32">;
  readonly set: (value: Value<"i32">) => Value<"void">;
}

/** Collects functions and writes them as one WebAssembly module. Imports come before functions. */
export class ModuleBuilder {
  readonly #types = new Map<
    string,
    { readonly index: number; readonly parameters: readonly ValueType[]; readonly result: ResultType }
  >();
  readonly #imports: {
    readonly module: string;
    readonly name: string;
    readonly type: number | MemoryLimits;
  }[] = [];
  readonly #functions: { readonly type: number; code: ByteWriter | undefined }[] = [];
  readonly #exports: { readonly name: string; readonly index: number }[] = [];
  #imported = 0;
  #globals = 0;
  /** Goes before each access to memory of the functions that are defined from now on. */
  guard: Guard | undefined;

  #type(parameters: readonly ValueType[], result: ResultType): number {
    const key = `${parameters.join()}→${result}`;
    const known = this.#types.get(key) ?? { index: this.#types.size, parameters, result };
    this.#types.set(key, known);
    return known.index;
  }

  global(): Global {
    const index = { kind: "index", value: this.#globals++ } as const;
    return {
      get: new Value("i32", 0x23, [], index),
      set: (value) => new Value("void", 0x24, [value], index),
    };
  }

  importMemory(module: string, name: string, limits: MemoryLimits): void {
    this.#imports.push({ module, name, type: limits });
  }

  importFunction<const P extends readonly ValueType[], R extends ResultType>(
    module: string,
    name: string,
    parameters: P,
    result: R,
  ): Callee<P, R> {
    if (this.#functions.length > 0)
      throw new AdjointError(
        "backend",
        "wasm",
        `import "${name}" comes after a function`,
        "Declare imports first.",
      );
    this.#imports.push({ module, name, type: this.#type(parameters, result) });
    return { index: this.#imported++, parameters, result };
  }

  /** A function whose body comes later. */
  declare<const P extends readonly ValueType[], R extends ResultType>(
    parameters: P,
    result: R,
  ): Callee<P, R> {
    this.#functions.push({ type: this.#type(parameters, result), code: undefined });
    return { index: this.#imported + this.#functions.length - 1, parameters, result };
  }

  define<P extends readonly ValueType[], R extends ResultType>(
    callee: Callee<P, R>,
    write: BodyOf<P, NoInfer<R>>,
  ): void {
    const body = new Body(callee.parameters, this.guard);
    // The locals are made from the parameters' types.
    const left = write(body, ...(body.parameters() as Locals<P>));
    const code = new ByteWriter(512);
    body.write(code, left ?? undefined);
    const own = this.#functions[callee.index - this.#imported];
    if (own === undefined || own.code !== undefined)
      throw new AdjointError("backend", "wasm", `function ${callee.index} is imported or defined twice`);
    own.code = code;
  }

  function<const P extends readonly ValueType[], R extends ResultType>(
    parameters: P,
    result: R,
    write: BodyOf<P, NoInfer<R>>,
  ): Callee<P, R> {
    const callee = this.declare(parameters, result);
    this.define(callee, write);
    return callee;
  }

  export(name: string, callee: Callee): void {
    this.#exports.push({ name, index: callee.index });
  }

  /** The module's bytes. */
  finish(): Uint8Array<ArrayBuffer> {
    const out = new ByteWriter(4096);
    out.raw([0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
    const section = <T>(
      id: number,
      items: Iterable<T> & { readonly length: number },
      write: (to: ByteWriter, item: T) => void,
    ): void => {
      if (items.length === 0) return;
      const content = new ByteWriter(id === SECTION.code ? 1 << 15 : 256);
      content.u32(items.length);
      for (const item of items) write(content, item);
      out.u8(id);
      out.u32(content.length);
      out.raw(content.view());
    };
    section(SECTION.type, [...this.#types.values()], (to, { parameters, result }) => {
      to.u8(0x60);
      to.u32(parameters.length);
      for (const type of parameters) to.u8(typeCode[type]);
      to.u32(result === "void" ? 0 : 1);
      if (result !== "void") to.u8(typeCode[result]);
    });
    section(SECTION.import, this.#imports, (to, { module, name, type }) => {
      to.name(module);
      to.name(name);
      if (typeof type === "number") {
        to.u8(0);
        to.u32(type);
        return;
      }
      to.u8(2);
      to.u8((type.maximum === undefined ? 0 : 1) | (type.shared ? 2 : 0));
      to.u32(type.initial);
      if (type.maximum !== undefined) to.u32(type.maximum);
    });
    section(SECTION.function, this.#functions, (to, { type }) => to.u32(type));
    section(SECTION.global, Array.from({ length: this.#globals }), (to) =>
      // Its type, that it varies, and the constant that it starts from.
      to.raw([typeCode.i32, 1, 0x41, 0, 0x0b]),
    );
    section(SECTION.export, this.#exports, (to, { name, index }) => {
      to.name(name);
      to.u8(0);
      to.u32(index);
    });
    section(SECTION.code, this.#functions, (to, { code }) => {
      if (code === undefined)
        throw new AdjointError("backend", "wasm", "a declared function was never defined");
      to.raw(code.view());
    });
    return out.view().slice();
  }
}
