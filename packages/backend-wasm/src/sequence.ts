import { type Body, type Callee, type Local, call, i32 } from "./emit/index.ts";

/** Part of a program as code. */
export interface Task {
  /** All threads run it, a share each; else the first thread runs all of it. */
  readonly isShared: boolean;
  /** Data can make it fail: it reports the fault in memory. */
  readonly canFail: boolean;
  /** Places in memory that it touches, by any names of theirs. */
  readonly reads: ReadonlySet<string>;
  readonly writes: ReadonlySet<string>;
  write(sequence: Sequence): void;
}

/** What threads call between kernels: (thread, threads) → 1 where a worker has failed, else 0. */
export type Barrier = Callee<readonly ["i32", "i32"], "i32">;

/** The threads that run a sequence together. */
export interface Team {
  readonly thread: Local<"i32">;
  readonly threads: Local<"i32">;
  readonly barrier: Barrier;
}

function overlap(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  if (one.size > 0) for (const place of other) if (one.has(place)) return true;
  return false;
}

/** The places that some tasks touch, together. */
class Touched {
  readonly #reads = new Set<string>();
  readonly #writes = new Set<string>();

  add({ reads, writes }: Task): void {
    for (const place of reads) this.#reads.add(place);
    for (const place of writes) this.#writes.add(place);
  }

  /** Whether the order of one of these and a later one matters. */
  conflicts(later: Task): boolean {
    return (
      overlap(this.#writes, later.reads) ||
      overlap(this.#writes, later.writes) ||
      overlap(this.#reads, later.writes)
    );
  }
}

/**
 * Writes tasks one after another into a function that one thread or a team runs. Threads meet between two tasks only
 * where one may depend on the other's share.
 */
export class Sequence {
  readonly body: Body;
  readonly team: Team | undefined;
  /** Address of the word that a fault is reported in. */
  readonly #fault: number;
  /** Tasks since the threads last met: those of all threads, and those of the first alone. */
  #shared = new Touched();
  #alone = new Touched();

  constructor(body: Body, fault: number, team?: Team) {
    this.body = body;
    this.team = team;
    this.#fault = fault;
  }

  add(task: Task): void {
    if (this.#shared.conflicts(task) || (task.isShared && this.#alone.conflicts(task))) this.meet();
    if (task.isShared) task.write(this);
    else this.alone(() => task.write(this));
    if (this.team !== undefined) (task.isShared ? this.#shared : this.#alone).add(task);
    if (!task.canFail) return;
    this.meet();
    const fault = this.body.let(i32.load(i32.const(this.#fault)));
    this.body.if(fault, () => {
      // Nobody clears the fault before all have seen it.
      this.#barrier();
      this.body.return(fault);
    });
  }

  /** Statements for the first thread alone. */
  alone(write: () => void): void {
    if (this.team === undefined) write();
    else this.body.if(i32.eqz(this.team.thread), write);
  }

  /** All threads reach this place before one goes on. */
  meet(): void {
    this.#barrier();
    this.#shared = new Touched();
    this.#alone = new Touched();
  }

  #barrier(): void {
    if (this.team === undefined) return;
    const { thread, threads, barrier } = this.team;
    const { body } = this;
    body.if(i32.gtU(threads, i32.const(1)), () =>
      body.if(call(barrier, thread, threads), () => body.return(i32.const(-1))),
    );
  }
}
