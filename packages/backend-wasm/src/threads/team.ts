import {
  type Body,
  type Callee,
  type Local,
  type ModuleBuilder,
  type Value,
  call,
  f64,
  i32,
  i64,
  memory,
} from "../emit/index.ts";
import { control } from "./control.ts";

/** Bits of a field of the job's word: it holds MOST_PARTS. */
const FIELD = 10;
const MASK = (1 << FIELD) - 1;

/** Looks at the job before a worker gives up: about a millisecond, so that the next job finds it awake. */
const WORKER_SPINS = 1 << 19;
/** Looks at the parts done before the owner takes a worker for late: some 250 µs, as parts are not all the same. */
const OWNER_SPINS = 1 << 17;
/** Nanoseconds of one sleep of the owner, which looks at the clock in between. */
const SLEEP = 10_000_000n;
/** Milliseconds between two questions whether the workers are still there. */
const LOOK = 250;
/** Milliseconds that one turn of waiting counts, at most: a machine that was asleep did not wait. */
const MOST_TURN = 100;

/** A kernel that threads share. */
export interface SharedKernel {
  /** In how many parts its work is taken, 2 to MOST_PARTS. */
  readonly parts: number;
  /** True if it is worth waking workers that sleep. */
  readonly wakes: boolean;
  /** Code for the parts from the first number to before the second, by any thread. */
  write(body: Body, thread: Value<"i32">, from: Value<"i32">, to: Value<"i32">): void;
}

/** work(thread, program, messages): takes parts of jobs until there are none for a while; the last job's number. */
export type Work = Callee<["i32", "i32", "i32"], "i32">;

const at = (address: number): Value<"i32"> => i32.const(address);
const load = (address: number): Value<"i32"> => i32.atomicLoad(at(address));
const store = (address: number, value: Value<"i32">): Value<"void"> => i32.atomicStore(at(address), value);

/**
 * Threads that share kernels. The owner, which runs the program, offers one kernel at a time as a job. Whoever is awake takes
 * parts of it: a part is taken by an exchange of the job's word, which also holds the job's number, so that whoever comes
 * late takes nothing from another job. The owner takes parts too, until none is left, and waits for those alone that
 * others have taken and not yet done. A worker that sleeps, or that the machine has stopped, gets no part and holds nobody up.
 *
 * What is written where: atomic operations have one order, and what a thread wrote before one is seen by who reads its
 * result after. The owner writes `program`, `kernel` and `done`, then the job's word: who takes a part by exchanging this
 * word has seen all that went before, and no later job begins before the part is done, since it counts in `done`. What a
 * worker wrote for its part is seen by the owner, which reads `done` before it goes on.
 */
export class Team {
  readonly #module: ModuleBuilder;
  readonly #kernels: SharedKernel[] = [];
  /** Milliseconds on any clock. */
  readonly #now: Callee<readonly [], "f64">;
  /** True if a worker is gone, asked after so many milliseconds. */
  readonly #isLost: Callee<readonly ["f64"], "i32">;
  readonly #share: Callee<readonly ["i32", "i32", "i32"], "i32">;
  readonly #wake: Callee<readonly [], "void">;
  readonly #isHelped: Callee<readonly [], "i32">;

  /** Imports come first: made before any function of the module. */
  constructor(module: ModuleBuilder) {
    this.#module = module;
    this.#now = module.importFunction("adjoint", "now", [], "f64");
    this.#isLost = module.importFunction("adjoint", "isLost", ["f64"], "i32");
    this.#share = module.declare(["i32", "i32", "i32"], "i32");
    this.#wake = module.declare([], "void");
    this.#isHelped = module.declare([], "i32");
  }

  /** Runs a kernel on the owner and whoever helps; 1 where a worker has failed, else 0. */
  share(kernel: SharedKernel): Value<"i32"> {
    const index = this.#kernels.push(kernel) - 1;
    return call(this.#share, i32.const(index), i32.const(kernel.parts), i32.const(kernel.wakes ? 1 : 0));
  }

  /** Wakes the workers that may take parts. */
  wake(): Value<"void"> {
    return call(this.#wake);
  }

  /** Writes the functions, once all kernels are known. */
  finish(): Work {
    const run = this.#emitRun();
    const wait = this.#emitWait();
    this.#defineWake();
    this.#defineIsHelped();
    this.#defineShare(run, wait);
    return this.#emitWork(run);
  }

  /** run(kernel, thread, from, to) */
  #emitRun(): Callee<readonly ["i32", "i32", "i32", "i32"], "void"> {
    const kernels = this.#kernels;
    return this.#module.function(["i32", "i32", "i32", "i32"], "void", (body, kernel, thread, from, to) => {
      const choose = (first: number, end: number): void => {
        if (end - first <= 1) return kernels[first]?.write(body, thread, from, to);
        const middle = (first + end) >> 1;
        body.if(
          i32.ltU(kernel, i32.const(middle)),
          () => choose(first, middle),
          () => choose(middle, end),
        );
      };
      choose(0, kernels.length);
    });
  }

  #defineWake(): void {
    this.#module.define(this.#wake, (body) => {
      const active = body.let(load(control.active));
      const thread = body.let(i32.const(1));
      body.for(thread, active, 1, () => {
        const flag = body.let(i32.add(at(control.asleep), i32.shl(thread, i32.const(2))));
        body.if(i32.atomicLoad(flag), () => {
          body.run(i32.atomicStore(flag, i32.const(0)));
          body.run(memory.notify(flag, i32.const(1)));
        });
      });
    });
  }

  /** True if any worker is awake that may take parts. */
  #defineIsHelped(): void {
    this.#module.define(this.#isHelped, (body) => {
      const active = body.let(load(control.active));
      const thread = body.let(i32.const(1));
      body.for(thread, active, 1, () => {
        const flag = i32.add(at(control.asleep), i32.shl(thread, i32.const(2)));
        body.if(i32.eqz(i32.atomicLoad(flag)), () => body.return(i32.const(1)));
      });
      return i32.const(0);
    });
  }

  #defineShare(
    run: Callee<readonly ["i32", "i32", "i32", "i32"], "void">,
    wait: Callee<readonly ["i32"], "i32">,
  ): void {
    this.#module.define(this.#share, (body, kernel, parts, wakes) => {
      const zero = i32.const(0);
      const active = body.let(load(control.active));
      body.set(wakes, i32.or(wakes, load(control.eager)));
      body.if(i32.ltU(active, i32.const(2)), () => {
        body.run(call(run, kernel, zero, zero, parts));
        body.return(i32.const(0));
      });
      body.if(i32.eqz(i32.or(wakes, call(this.#isHelped))), () => {
        body.run(call(run, kernel, zero, zero, parts));
        body.return(i32.const(0));
      });
      body.run(store(control.kernel, kernel));
      body.run(store(control.done, zero));
      const job = body.let(i64.atomicLoad(at(control.job)));
      const number = body.let(i64.add(i64.shrU(job, i64.const(BigInt(2 * FIELD))), i64.const(1n)));
      body.set(job, i64.or(i64.shl(number, i64.const(BigInt(2 * FIELD))), i64.extendI32U(parts)));
      body.run(i64.atomicStore(at(control.job), job));
      body.if(wakes, () => body.run(this.wake()));
      const own = body.let(zero);
      body.loop((again) => {
        const { left, first } = this.#left(body, job);
        body.if(i32.gtS(left, zero), () => {
          const count = this.#taken(body, left, active);
          const next = i64.add(job, i64.shl(i64.extendI32U(count), i64.const(BigInt(FIELD))));
          this.#exchange(body, job, next, () => {
            body.run(call(run, kernel, zero, first, i32.add(first, count)));
            body.set(own, i32.add(own, count));
            body.set(job, i64.atomicLoad(at(control.job)));
          });
          body.jump(again);
        });
      });
      const others = body.let(i32.sub(parts, own));
      const helped = i32.const(control.helped);
      body.run(i32.store(helped, i32.add(i32.load(helped), others)));
      return call(wait, others);
    });
  }

  #emitWork(run: Callee<readonly ["i32", "i32", "i32", "i32"], "void">): Work {
    return this.#module.function(["i32", "i32", "i32"], "i32", (body, thread, program, messages) => {
      const job = body.local("i64");
      const spins = body.local("i32");
      const last = (): Value<"i32"> => i32.wrapI64(job);
      body.loop((again) => {
        body.set(job, i64.atomicLoad(at(control.job)));
        const { left, end } = this.#left(body, job);
        body.if(i32.gtS(left, i32.const(0)), () => {
          // Words that belong to this job if the exchange succeeds.
          const active = body.let(load(control.active));
          const kernel = body.let(load(control.kernel));
          body.if(i32.ne(load(control.program), program), () => body.return(last()));
          body.if(i32.gtU(active, thread), () => {
            const count = this.#taken(body, left, active);
            this.#exchange(body, job, i64.sub(job, i64.extendI32U(count)), () => {
              body.run(call(run, kernel, thread, i32.sub(end, count), end));
              body.run(i32.atomicRmw.add(at(control.done), count));
              body.if(load(control.ownerSleeps), () =>
                body.run(memory.notify(at(control.done), i32.const(1))),
              );
              body.set(spins, i32.const(0));
            });
            body.jump(again);
          });
        });
        body.if(i32.ne(load(control.messages), messages), () => body.return(last()));
        body.set(spins, i32.add(spins, i32.const(1)));
        body.jumpIf(again, i32.ltU(spins, i32.const(WORKER_SPINS)));
      });
      return last();
    });
  }

  /** wait(parts): until workers have done so many of the job; 1 where one has failed, else 0. */
  #emitWait(): Callee<readonly ["i32"], "i32"> {
    return this.#module.function(["i32"], "i32", (body, parts) => {
      const isDone = (): Value<"i32"> => i32.eq(load(control.done), parts);
      const spins = body.let(i32.const(0));
      body.loop((again) => {
        body.if(isDone(), () => body.return(i32.const(0)));
        body.if(load(control.broken), () => body.return(i32.const(1)));
        body.set(spins, i32.add(spins, i32.const(1)));
        body.jumpIf(again, i32.ltU(spins, i32.const(OWNER_SPINS)));
      });
      // A worker is late: the machine may have other work for this processor meanwhile.
      const began = body.let(call(this.#now));
      const [time, waited] = [body.let(began), body.local("f64")];
      const asked = body.let(f64.const(LOOK));
      const turn = body.local("f64");
      body.loop((again) => {
        body.if(load(control.mayWait), () => {
          body.run(store(control.ownerSleeps, i32.const(1)));
          const done = body.let(load(control.done));
          body.if(i32.ne(done, parts), () =>
            body.run(memory.wait32(at(control.done), done, i64.const(SLEEP))),
          );
          body.run(store(control.ownerSleeps, i32.const(0)));
        });
        body.set(turn, f64.sub(call(this.#now), time));
        body.set(time, f64.add(time, turn));
        body.set(waited, f64.add(waited, f64.min(turn, f64.const(MOST_TURN))));
        body.if(f64.gt(waited, asked), () => {
          body.set(asked, f64.add(asked, f64.const(LOOK)));
          body.if(call(this.#isLost, waited), () => body.run(store(control.broken, i32.const(1))));
        });
        body.if(load(control.broken), () => body.return(i32.const(1)));
        body.jumpIf(again, i32.eqz(isDone()));
      });
      const stalled = i32.const(control.stalled);
      body.run(f64.store(stalled, f64.add(f64.load(stalled), f64.sub(time, began))));
      return i32.const(0);
    });
  }

  /** The parts of a job that nobody has taken. */
  #left(
    body: Body,
    job: Local<"i64">,
  ): { readonly left: Local<"i32">; readonly first: Local<"i32">; readonly end: Local<"i32"> } {
    const fields = body.let(i32.wrapI64(job));
    const end = body.let(i32.and(fields, i32.const(MASK)));
    const first = body.let(i32.and(i32.shrU(fields, i32.const(FIELD)), i32.const(MASK)));
    return { left: body.let(i32.sub(end, first)), first, end };
  }

  /** The number of parts to take: an equal share of those that are left, so that parts get smaller towards the end. */
  #taken(body: Body, left: Local<"i32">, active: Local<"i32">): Local<"i32"> {
    return body.let(i32.divU(i32.add(left, i32.sub(active, i32.const(1))), active));
  }

  /** Statements for who takes parts of the job; `job` becomes the word as it is now where another was faster. */
  #exchange(body: Body, job: Local<"i64">, next: Value<"i64">, taken: () => void): void {
    const old = body.let(i64.atomicCompareExchange(at(control.job), job, next));
    body.if(i64.eq(old, job), taken, () => body.set(job, old));
  }
}
