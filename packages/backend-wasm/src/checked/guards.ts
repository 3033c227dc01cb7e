import type { Kernel } from "@adjoint/compiler/kernel";
import {
  type Body,
  type Callee,
  type Global,
  type Guard,
  type Local,
  type ModuleBuilder,
  Value,
  call,
  f64,
  i32,
  i64,
  i8x16,
  select,
  v128,
} from "../emit/index.ts";
import type { SharedKernel } from "../threads/team.ts";
import { hasWideVectors } from "../wide.ts";
import type { Allowed } from "./regions.ts";

/**
 * Bytes before and behind a region that vectors may read around what they want: two vectors without an element, or four where
 * kernels are laid out for pairs. They are never used, and never another region's alone. Every region has as many bytes
 * around it that are memory.
 */
const readAround = (): number => (hasWideVectors() ? 60 : 28);

/** In the map of readers: several parts. */
export const SEVERAL = 255;

type Access = "read" | "write";
/** The functions that guards call: (kernel, 1 for a write, address, bytes). They throw. */
type Refusal = Callee<readonly ["i32", "i32", "f64", "i32"], "void">;
/** (start, offset, bytes) → the address, where the access is allowed. */
type Check = Callee<readonly ["i32", "i32", "i32"], "i32">;

/** Writes checks into a module: a guard for each kernel, and calls of the host around it. */
export class Guards {
  readonly kernels: { readonly kernel: Kernel; readonly allowed: readonly Allowed[] }[] = [];
  readonly #module: ModuleBuilder;
  readonly #allowedOf: (kernel: Kernel) => readonly Allowed[];
  readonly #threads: number;
  /** The thread that is played. */
  readonly #thread: Global;
  /** The part that it computes, plus 1. */
  readonly #part: Global;
  readonly #refused: Refusal;
  readonly #raced: Refusal;
  readonly #enter: Callee<readonly ["i32"], "void">;
  readonly #leave: Callee<readonly ["i32"], "void">;
  readonly #met: Callee<readonly [], "void">;

  /** Before the module's first function. */
  constructor(module: ModuleBuilder, threads: number, allowedOf: (kernel: Kernel) => readonly Allowed[]) {
    this.#module = module;
    this.#threads = threads;
    this.#allowedOf = allowedOf;
    this.#thread = module.global();
    this.#part = module.global();
    const refusal = ["i32", "i32", "f64", "i32"] as const;
    this.#refused = module.importFunction("adjoint", "refused", refusal, "void");
    this.#raced = module.importFunction("adjoint", "raced", refusal, "void");
    this.#enter = module.importFunction("adjoint", "enter", ["i32"], "void");
    this.#leave = module.importFunction("adjoint", "leave", ["i32"], "void");
    this.#met = module.importFunction("adjoint", "met", [], "void");
  }

  /** Writes a kernel's functions under its guard. @returns them, and statements that run the kernel under it. */
  around<T>(kernel: Kernel, write: () => T): readonly [T, (body: Body, run: () => void) => void] {
    const guard = this.#guardOf(kernel);
    const id = i32.const(this.kernels.length - 1);
    const outer = this.#module.guard;
    this.#module.guard = guard;
    const written = write();
    this.#module.guard = outer;
    const run = (body: Body, inner: () => void): void =>
      body.under(guard, () => {
        this.#play(body, i32.const(0), i32.const(0));
        body.run(call(this.#enter, id));
        inner();
        body.run(call(this.#leave, id));
      });
    return [written, run];
  }

  /** Runs a kernel's parts one after another, by each thread in turn; 0. */
  share({ parts, write }: SharedKernel): Value<"i32"> {
    const run = this.#module.function([], "i32", (body) => {
      const part = body.let(i32.const(0));
      body.for(part, i32.const(parts), 1, () => {
        const thread = body.let(i32.remU(part, i32.const(this.#threads)));
        this.#play(body, thread, part);
        write(body, thread, part, i32.add(part, i32.const(1)));
      });
      body.run(call(this.#met));
      return i32.const(0);
    });
    return call(run);
  }

  /** Nobody sleeps. */
  wake(): Value<"void"> {
    return new Value("void", 0x01, []);
  }

  #play(body: Body, thread: Value<"i32">, part: Value<"i32">): void {
    body.run(this.#thread.set(thread));
    body.run(this.#part.set(i32.add(part, i32.const(1))));
  }

  #guardOf(kernel: Kernel): Guard {
    const allowed = this.#allowedOf(kernel);
    const id = this.kernels.push({ kernel, allowed }) - 1;
    const outer = this.#module.guard;
    this.#module.guard = undefined;
    const checks = { read: this.#check(id, "read", allowed), write: this.#check(id, "write", allowed) };
    this.#module.guard = outer;
    return {
      allowed: (how, start, offset, bytes) => call(checks[how], start, i32.const(offset), bytes),
    };
  }

  #check(kernel: number, how: Access, allowed: readonly Allowed[]): Check {
    const { get: thread } = this.#thread;
    return this.#module.function(["i32", "i32", "i32"], "i32", (body, start, offset, bytes) => {
      // In 64 bits: engines add the offset without wrapping.
      const at = body.let(i64.add(i64.extendI32U(start), i64.extendI32U(offset)));
      const end = body.let(i64.add(at, i64.extendI32U(bytes)));
      const address = body.let(i32.wrapI64(at));
      const refusal = (to: Refusal): Value<"void"> =>
        call(to, i32.const(kernel), i32.const(how === "write" ? 1 : 0), f64.convertI64U(at), bytes);
      const within = ({ start: first, bytes: size, threadStep }: Allowed, around: number): Value<"i32"> => {
        const own = i64.mul(i64.extendI32U(thread), i64.const(BigInt(threadStep)));
        const from = (bound: number): Value<"i64"> =>
          threadStep === 0 ? i64.const(BigInt(bound)) : i64.add(i64.const(BigInt(bound)), own);
        return i32.and(i64.geU(at, from(first - around)), i64.leU(end, from(first + size + around)));
      };
      const mine = allowed.filter(({ isWritten, bytes: size }) => size > 0 && (isWritten || how === "read"));
      body.if(i32.eqz(bytes), () => body.return(address));
      for (const region of mine)
        body.if(within(region, 0), () => {
          if (region.map !== undefined) {
            const regionOffset = i32.sub(address, i32.const(region.start));
            const [writers, readers] = [region.map.writers, region.map.readers].map((map) =>
              body.let(i32.add(regionOffset, i32.const(map))),
            );
            if (writers !== undefined && readers !== undefined)
              this.#mark(body, how, { writers, readers, bytes }, () => body.run(refusal(this.#raced)));
          }
          body.return(address);
        });
      if (how === "read")
        for (const region of mine) body.if(within(region, readAround()), () => body.return(address));
      body.run(refusal(this.#refused));
      body.unreachable();
      return address;
    });
  }

  /**
   * Notes in the maps who touches these bytes. A read counts by its first byte, since of a vector no more may be wanted than
   * its first element: the others may be read only because they lie next to it.
   */
  #mark(
    body: Body,
    how: Access,
    { writers, readers, bytes }: { readonly [N in "writers" | "readers" | "bytes"]: Local<"i32"> },
    raced: () => void,
  ): void {
    const least = (a: Local<"i32">, most: number): Value<"i32"> =>
      select(i32.ltU(a, i32.const(most)), a, i32.const(most));
    const vector = i32.leU(bytes, i32.const(16));
    const left = body.let(how === "read" ? select(vector, i32.const(1), bytes) : bytes);
    const mine = body.let(i8x16.splat(this.#part.get));
    const zero = body.i32x4(0);
    const lanes = body.hoist("bytes", () => v128.const(Array.from({ length: 16 }, (_, byte) => byte)));
    body.loop((again) => {
      const mask = body.let(i8x16.ltU(lanes, i8x16.splat(least(left, 16))));
      const [wrote, read] = [body.let(v128.load(writers)), body.let(v128.load(readers))];
      const others = (map: Value<"v128">): Value<"v128"> =>
        v128.and(v128.and(i8x16.ne(map, mine), i8x16.ne(map, zero)), mask);
      if (how === "write") {
        body.if(v128.anyTrue(v128.or(others(wrote), others(read))), raced);
        body.run(v128.store(writers, v128.bitselect(mine, wrote, mask)));
      } else {
        body.if(v128.anyTrue(others(wrote)), raced);
        // All ones if others have read it too: several threads.
        body.run(v128.store(readers, v128.bitselect(v128.or(mine, others(read)), read, mask)));
      }
      for (const map of [writers, readers]) body.set(map, i32.add(map, i32.const(16)));
      const more = i32.gtU(left, i32.const(16));
      body.if(more, () => {
        body.set(left, i32.sub(left, i32.const(16)));
        body.jump(again);
      });
    });
  }
}
