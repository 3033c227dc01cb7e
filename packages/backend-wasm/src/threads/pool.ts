import { AdjointError } from "@adjoint/ir/values";
import { type WorkerHandle, spawn } from "../spawn.ts";
import { MOST_THREADS, WORK, control } from "./control.ts";
import { coresOf } from "./engine.ts";
import { Pace } from "./pace.ts";

/** The result of a run that can't be relied on: a worker has failed or the pool is closed. */
export const BROKEN = -1;

/** A function of a program, run by the owner: 0, the number of a fault, or BROKEN. */
export type Code = () => number;

/** Number of a program that the workers know, or will soon. */
export type ProgramNumber = number;

/** Milliseconds after which a worker is taken for lost where the engine can't say. */
const PATIENCE = 30_000;

/** Milliseconds in which an event may still tell what has become of a worker. */
const TOLD = 200;

/** So many runs, each within so many milliseconds of the one before, are taken for a loop. */
const [IN_A_ROW, CLOSE] = [8, 0.25];

/** Workers over one shared memory. The thread that owns the pool takes part in every job, as number 0. */
export class Pool implements Disposable {
  readonly #words: Int32Array<ArrayBufferLike>;
  readonly #stalled: Float64Array<ArrayBufferLike>;
  readonly #pace: Pace;
  #workers: readonly WorkerHandle[];
  #messages = 0;
  #programs = 0;
  /** When the last run ended, and how many runs have followed each other closely. */
  #ended = 0;
  #row = 0;
  /** The reason that nothing runs any more, once it is known. */
  #reason: string | undefined;
  #isClosed = false;

  /** @param threads the owner's among them. */
  constructor(memory: WebAssembly.Memory, threads: number) {
    this.#words = new Int32Array(memory.buffer, 0, memory.buffer.byteLength >> 2);
    this.#stalled = new Float64Array(memory.buffer, control.stalled, 1);
    this.#set(control.mayWait, mayWait() ? 1 : 0);
    const all = Math.min(threads, MOST_THREADS);
    // More than there are processors would only take turns.
    this.#pace = new Pace(Math.min(all, Math.max(2, coresOf())));
    this.#workers = Array.from({ length: all - 1 }, (_, index) =>
      spawn({ kind: "start", memory, thread: index + 1, control, work: WORK }, (reason) =>
        this.#lose(reason),
      ),
    );
    this.#announce();
  }

  /** Threads that may share a job. */
  get size(): number {
    return this.#workers.length + 1;
  }

  /** True if all workers have started. */
  get isReady(): boolean {
    return this.#workers.every((_, index) => this.#get(control.received + 4 * (index + 1)) > 0);
  }

  /** Parts of jobs that workers have done so far. */
  get helped(): number {
    return this.#get(control.helped);
  }

  /** Brings a program to the workers: who has it helps to run it. */
  add(module: WebAssembly.Module): ProgramNumber {
    const program = ++this.#programs;
    this.#post({ kind: "add", module, program });
    return program;
  }

  remove(program: ProgramNumber): void {
    this.#post({ kind: "remove", program });
  }

  /** Runs a function of a program with the help of the workers; BROKEN once `failure` has something to say. */
  run(program: ProgramNumber, code: Code): number {
    if (this.#isBroken) return BROKEN;
    const began = performance.now();
    const threads = this.#workers.length === 0 ? 1 : this.#pace.threads(began);
    this.#set(control.program, program);
    this.#set(control.active, threads);
    this.#row = began - this.#ended < CLOSE ? this.#row + 1 : 0;
    this.#set(control.eager, this.#row >= IN_A_ROW ? 1 : 0);
    let fault: number;
    try {
      fault = code();
    } catch (error) {
      // Workers may still write what nobody waits for.
      this.#abandon("a step failed in the middle");
      throw error;
    }
    this.#ended = performance.now();
    if (threads > 1) {
      this.#pace.tell(this.#ended, this.#ended - began, this.#stalled[0] ?? 0);
      this.#stalled[0] = 0;
    }
    return fault;
  }

  /** The error that says why runs are broken. */
  async failure(): Promise<AdjointError> {
    for (let waited = 0; waited < TOLD && this.#reason === undefined; waited += 10)
      await new Promise((resolve) => setTimeout(resolve, 10));
    return new AdjointError(
      "backend",
      "wasm",
      `a worker stopped: ${this.#reason ?? "it ended, or failed, in the middle of a step"}`,
      "Open a new backend and go on from the last checkpoint.",
    );
  }

  /** True if a worker is gone, asked after so many milliseconds of waiting for one. */
  isLost(waited: number): boolean {
    const known = this.#workers.map((worker) => worker.isGone());
    return known.includes(true) || (known.includes(undefined) && waited > PATIENCE);
  }

  [Symbol.dispose](): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#abandon("the backend has been closed");
    this.#end();
  }

  /** Ends the threads once nobody holds the owner any more. */
  endWith(owner: object): void {
    forgotten.register(owner, this);
  }

  get #isBroken(): boolean {
    return this.#get(control.broken) === 1;
  }

  #get(address: number): number {
    return Atomics.load(this.#words, address >> 2);
  }

  #set(address: number, value: number): void {
    Atomics.store(this.#words, address >> 2, value);
  }

  #post(message: object): void {
    if (this.#isBroken) return;
    for (const worker of this.#workers) worker.postMessage(message);
    this.#announce();
  }

  /** Wakes all workers to read a message. */
  #announce(): void {
    this.#set(control.messages, ++this.#messages);
    this.#workers.forEach((_, index) => {
      const asleep = (control.asleep >> 2) + index + 1;
      if (Atomics.exchange(this.#words, asleep, 0) === 1) Atomics.notify(this.#words, asleep);
    });
  }

  /**
   * A worker has ended while no job was under way, or has failed in one. A page may forbid workers, the machine may have no room
   * for more: nobody waits for them, so the owner goes on alone.
   */
  #lose(reason: string): void {
    if (this.#isClosed) return;
    if (this.#isBroken) this.#reason ??= reason;
    this.#end();
  }

  #end(): void {
    for (const worker of this.#workers) worker.terminate();
    this.#workers = [];
  }

  #abandon(reason: string): void {
    this.#reason ??= reason;
    this.#set(control.broken, 1);
  }
}

const forgotten = new FinalizationRegistry<Pool>((pool) => pool[Symbol.dispose]());

/** True if this thread may sleep: a page's own may not. */
function mayWait(): boolean {
  try {
    return Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1, 0) === "not-equal";
  } catch {
    return false;
  }
}
