import { type Callee, type ModuleBuilder, type Value, call, f64, i32, i64, memory } from "../emit/index.ts";
import type { Barrier } from "../sequence.ts";
import { control } from "./control.ts";

/**
 * Looks at the word before a thread goes to sleep: about a millisecond. Threads that soon fall asleep run by turns, so
 * that a scheduler sees no need to give each a processor of its own: two then take as long as one.
 */
const SPINS = 1 << 20;
/** Nanoseconds of one sleep of the first thread, which looks at the clock in between. */
const SLEEP = 100_000_000n;
/** Milliseconds after which the first thread takes a worker for lost. */
const PATIENCE = 30_000;

/**
 * Writes a function that returns once all threads have called it: spins, then sleeps. It wakes others only where some
 * sleep, since a wake-up costs more than most kernels.
 * @param now Milliseconds on any clock.
 */
export function emitBarrier(module: ModuleBuilder, now: Callee<readonly [], "f64">): Barrier {
  const at = (address: number): Value<"i32"> => i32.const(address);
  const load = (address: number): Value<"i32"> => i32.atomicLoad(at(address));
  const isBroken = load(control.broken);
  return module.function(["i32", "i32"], "i32", (body, thread, threads) => {
    const turn = body.let(load(control.turn));
    // The flag is raised before the turn that wakes the others.
    body.if(isBroken, () => body.return(i32.const(1)));
    const next = (): void => {
      body.run(i32.atomicRmw.add(at(control.turn), i32.const(1)));
      body.if(load(control.waiting), () => body.run(memory.notify(at(control.turn), i32.const(-1))));
    };
    const arrived = i32.atomicRmw.add(at(control.arrived), i32.const(1));
    body.if(i32.eq(i32.add(arrived, i32.const(1)), threads), () => {
      body.run(i32.atomicStore(at(control.arrived), i32.const(0)));
      next();
      body.return(isBroken);
    });
    const spins = body.let(i32.const(0));
    const deadline = body.local("f64");
    body.loop((again) => {
      body.if(i32.ne(load(control.turn), turn), () => body.return(isBroken));
      body.set(spins, i32.add(spins, i32.const(1)));
      body.jumpIf(again, i32.ltU(spins, i32.const(SPINS)));
      body.set(spins, i32.const(0));
      body.if(i32.or(i32.ne(thread, i32.const(0)), load(control.mayWait)), () => {
        body.run(i32.atomicRmw.add(at(control.waiting), i32.const(1)));
        body.run(memory.wait32(at(control.turn), turn, i64.const(SLEEP)));
        body.run(i32.atomicRmw.sub(at(control.waiting), i32.const(1)));
      });
      body.if(i32.eqz(thread), () => {
        const time = body.let(call(now));
        body.if(f64.eq(deadline, f64.const(0)), () => body.set(deadline, f64.add(time, f64.const(PATIENCE))));
        body.if(f64.gt(time, deadline), () => {
          body.run(i32.atomicStore(at(control.broken), i32.const(1)));
          next();
        });
      });
      body.jump(again);
    });
    return i32.const(0);
  });
}
