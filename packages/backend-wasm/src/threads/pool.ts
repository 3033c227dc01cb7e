import { AdjointError } from "@adjoint/ir/values";
import { MOST_THREADS, control } from "./control.ts";
import type { WorkerHandle } from "./engine.ts";
import { spawn } from "../spawn.ts";

/** A function of a program: a thread's share of a step, by the thread's number and how many there are; 0, or a fault. */
export type Code = (thread: number, threads: number) => number;

/** A program that the workers know, or will soon. */
export interface PooledProgram {
  /** Number of its first function. */
  readonly first: number;
  readonly count: number;
  /** The message that brings it. */
  readonly message: number;
}

/** Workers over one shared memory. The thread that owns the pool takes part in every step, as number 0. */
export class Pool implements Disposable {
  readonly #words: Int32Array<ArrayBufferLike>;
  readonly #workers: readonly WorkerHandle[];
  #messages = 0;
  #functions = 0;
  #failure: string | undefined;
  /** A worker could not be started: the owner runs everything alone. */
  #isAlone = false;

  /** @param threads the owner's among them. */
  constructor(memory: WebAssembly.Memory, threads: number) {
    this.#words = new Int32Array(memory.buffer);
    this.#set(control.mayWait, mayWait() ? 1 : 0);
    const count = Math.min(threads, MOST_THREADS) - 1;
    this.#workers = Array.from({ length: count }, () => spawn((reason) => this.#fail(reason)));
    this.#workers.forEach((worker, index) =>
      worker.postMessage({ kind: "start", memory, thread: index + 1, threads: count + 1, control }),
    );
    this.#announce();
  }

  /** Threads that run a step. */
  get size(): number {
    return this.#workers.length + 1;
  }

  /** Whether all workers have started. */
  get isReady(): boolean {
    return !this.#isAlone && this.#haveRead(1);
  }

  /** Brings a program to the workers; until all have it the owner runs it alone. */
  add(module: WebAssembly.Module, names: readonly string[]): PooledProgram {
    const program = { first: this.#functions, count: names.length, message: this.#messages + 1 };
    this.#functions += names.length;
    this.#post({ kind: "add", module, first: program.first, names });
    return program;
  }

  remove({ first, count }: PooledProgram): void {
    if (this.#failure === undefined) this.#post({ kind: "remove", first, count });
  }

  /** Waits until all workers have the program, if they have started; not for long, since it runs without them too. */
  async settle({ message }: PooledProgram): Promise<void> {
    const deadline = performance.now() + 1000;
    while (this.isReady && !this.#haveRead(message) && performance.now() < deadline) {
      this.#check();
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
  }

  /**
   * Runs a function of a program on all threads.
   * @param code the same function on the owner's thread.
   * @throws AdjointError once a worker has failed.
   */
  run({ first, message }: PooledProgram, index: number, code: Code): number {
    this.#check();
    if (this.#isAlone || !this.#haveRead(message)) return code(0, 1);
    this.#set(control.code, first + index);
    Atomics.add(this.#words, control.steps >> 2, 1);
    this.#wake();
    try {
      const fault = code(0, this.size);
      this.#check();
      return fault;
    } catch (error) {
      this.#abandon();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#failure ??= "the backend has been closed";
    this.#abandon();
    for (const worker of this.#workers) worker.terminate();
  }

  /** Ends the threads once nobody holds the owner any more. */
  endWith(owner: object): void {
    forgotten.register(owner, this);
  }

  #get(address: number): number {
    return Atomics.load(this.#words, address >> 2);
  }

  #set(address: number, value: number): void {
    Atomics.store(this.#words, address >> 2, value);
  }

  #haveRead(message: number): boolean {
    for (let thread = 1; thread < this.size; thread++)
      if (this.#get(control.received + 4 * thread) < message) return false;
    return true;
  }

  #post(message: object): void {
    for (const worker of this.#workers) worker.postMessage(message);
    this.#announce();
  }

  #announce(): void {
    this.#messages++;
    this.#set(control.messages, this.#messages);
    this.#wake();
  }

  #wake(): void {
    Atomics.add(this.#words, control.events >> 2, 1);
    if (this.#get(control.sleepers) > 0) Atomics.notify(this.#words, control.events >> 2);
  }

  #fail(reason: string): void {
    if (this.#isAlone || this.#failure !== undefined) return;
    if (this.isReady) {
      this.#failure = reason;
      this.#abandon();
      return;
    }
    // A page may forbid workers, or the machine may have no room for more. Nobody has waited for them yet.
    this.#isAlone = true;
    for (const worker of this.#workers) worker.terminate();
  }

  /** Lets everybody go who waits. */
  #abandon(): void {
    this.#set(control.broken, 1);
    Atomics.add(this.#words, control.turn >> 2, 1);
    Atomics.notify(this.#words, control.turn >> 2);
  }

  #check(): void {
    if (this.#get(control.broken) === 0) return;
    throw new AdjointError(
      "backend",
      "wasm",
      `a worker stopped: ${this.#failure ?? "its share of a step failed, or did not end"}`,
      "Open a new backend and go on from the last checkpoint.",
    );
  }
}

const forgotten = new FinalizationRegistry<Pool>((pool) => pool[Symbol.dispose]());

/** Whether this thread may sleep: a page's own may not. */
function mayWait(): boolean {
  try {
    return Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1, 0) === "not-equal";
  } catch {
    return false;
  }
}
