import { ByteWriter } from "./bytes.ts";
import { type Guard, guarded } from "./guard.ts";
import { f32, f64, i32, i64 } from "./operations.ts";
import { f32x4, f64x2, i32x4, i64x2 } from "./vector-operations.ts";
import { Local, type ResultType, Value, type ValueType, typeCode } from "./value.ts";

/** A target of jumps: the end of a block, or the start of a loop. */
export interface Label {
  readonly depth: number;
}

/** A function of the module, imported or our own. */
export interface Callee<
  P extends readonly ValueType[] = readonly ValueType[],
  R extends ResultType = ResultType,
> {
  readonly index: number;
  readonly parameters: P;
  readonly result: R;
}

export type Values<P extends readonly ValueType[]> = { [K in keyof P]: Value<P[K]> };
export type Locals<P extends readonly ValueType[]> = { [K in keyof P]: Local<P[K]> };

/** The call as an expression. */
export function call<const P extends readonly ValueType[], R extends ResultType>(
  callee: Callee<P, R>,
  ...operands: Values<P>
): Value<R> {
  return new Value(callee.result, 0x10, operands, { kind: "index", value: callee.index });
}

/** Writes a function's statements in order. */
export class Body {
  readonly #code = new ByteWriter(512);
  readonly #prologue = new ByteWriter(128);
  readonly #types: ValueType[] = [];
  readonly #parameters: number;
  readonly #hoisted = new Map<string, Local>();
  #depth = 0;
  #guard: Guard | undefined;

  /** @param guard goes before each access to memory. */
  constructor(parameters: readonly ValueType[], guard?: Guard) {
    this.#types.push(...parameters);
    this.#parameters = parameters.length;
    this.#guard = guard;
  }

  /** Statements whose accesses to memory have another guard, or none. */
  under(guard: Guard | undefined, write: () => void): void {
    const outer = this.#guard;
    this.#guard = guard;
    write();
    this.#guard = outer;
  }

  #write(value: Value): void {
    (this.#guard === undefined ? value : guarded(value, this.#guard)).write(this.#code);
  }

  parameters(): readonly Local[] {
    return this.#types.slice(0, this.#parameters).map((type, index) => new Local(type, index));
  }

  /** A variable, zero at first. */
  local<T extends ValueType>(type: T): Local<T> {
    this.#types.push(type);
    return new Local(type, this.#types.length - 1);
  }

  /** A variable that starts with a value, which is computed here, once. */
  let<T extends ValueType>(value: Value<T>): Local<T> {
    const local = this.local(value.type);
    this.set(local, value);
    return local;
  }

  set<T extends ValueType>(local: Local<T>, value: Value<T>): void {
    this.#write(value);
    this.#code.u8(0x21);
    this.#code.u32(local.index);
  }

  /** A store, a call without result, or another statement; a value is dropped. */
  run(statement: Value): void {
    this.#write(statement);
    if (statement.type !== "void") this.#code.u8(0x1a);
  }

  /**
   * A value computed once at the function's start, from constants and parameters only; equal keys share it. Engines
   * rebuild vector constants in each turn of a loop, while a local stays in its register.
   */
  hoist<T extends ValueType>(key: string, value: () => Value<T>): Local<T> {
    const known = this.#hoisted.get(key);
    // A key names one value, so its type is the one it was made with.
    if (known !== undefined) return known as Local<T>;
    const made = value();
    const local = this.local(made.type);
    made.write(this.#prologue);
    this.#prologue.u8(0x21);
    this.#prologue.u32(local.index);
    this.#hoisted.set(key, local);
    return local;
  }

  /** Four equal f32, hoisted. */
  f32x4(value: number): Local<"v128"> {
    return this.hoist(`f32x4 ${Object.is(value, -0) ? "-0" : value}`, () => f32x4.splat(f32.const(value)));
  }

  f64x2(value: number): Local<"v128"> {
    return this.hoist(`f64x2 ${Object.is(value, -0) ? "-0" : value}`, () => f64x2.splat(f64.const(value)));
  }

  i32x4(value: number): Local<"v128"> {
    return this.hoist(`i32x4 ${value | 0}`, () => i32x4.splat(i32.const(value)));
  }

  i64x2(value: bigint): Local<"v128"> {
    return this.hoist(`i64x2 ${value}`, () => i64x2.splat(i64.const(value)));
  }

  #nested(opcode: number, write: () => void): void {
    this.#code.u8(opcode);
    this.#code.u8(typeCode.void);
    this.#depth++;
    write();
    this.#depth--;
    this.#code.u8(0x0b);
  }

  /** Statements that a jump to the label leaves. */
  block(write: (exit: Label) => void): void {
    this.#nested(0x02, () => write({ depth: this.#depth }));
  }

  /** Statements that a jump to the label starts again; without one they run once. */
  loop(write: (again: Label) => void): void {
    this.#nested(0x03, () => write({ depth: this.#depth }));
  }

  if(condition: Value<"i32">, then: () => void, otherwise?: () => void): void {
    this.#write(condition);
    this.#nested(0x04, () => {
      then();
      if (otherwise !== undefined) {
        this.#code.u8(0x05);
        otherwise();
      }
    });
  }

  /** Counts a variable from its present value to below `end` (signed); the body must not change it. */
  for(counter: Local<"i32">, end: Value<"i32">, step: number, write: () => void): void {
    this.if(i32.ltS(counter, end), () =>
      this.loop((again) => {
        write();
        this.set(counter, i32.add(counter, i32.const(step)));
        this.jumpIf(again, i32.ltS(counter, end));
      }),
    );
  }

  jump(label: Label): void {
    this.#code.u8(0x0c);
    this.#code.u32(this.#depth - label.depth);
  }

  jumpIf(label: Label, condition: Value<"i32">): void {
    this.#write(condition);
    this.#code.u8(0x0d);
    this.#code.u32(this.#depth - label.depth);
  }

  return(value?: Value<ValueType>): void {
    if (value !== undefined) this.#write(value);
    this.#code.u8(0x0f);
  }

  unreachable(): void {
    this.#code.u8(0x00);
  }

  /** The function in the code section: its size, locals, hoisted values, statements, and the result if one is left. */
  write(out: ByteWriter, result: Value | undefined): void {
    if (result !== undefined) this.#write(result);
    const locals = new ByteWriter(32);
    const runs: [ValueType, number][] = [];
    for (const type of this.#types.slice(this.#parameters)) {
      const last = runs.at(-1);
      if (last?.[0] === type) last[1]++;
      else runs.push([type, 1]);
    }
    locals.u32(runs.length);
    for (const [type, count] of runs) {
      locals.u32(count);
      locals.u8(typeCode[type]);
    }
    out.u32(locals.length + this.#prologue.length + this.#code.length + 1);
    out.raw(locals.view());
    out.raw(this.#prologue.view());
    out.raw(this.#code.view());
    out.u8(0x0b);
  }
}
