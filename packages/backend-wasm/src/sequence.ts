import { type Body, i32 } from "./emit/index.ts";

/** Part of a program as code. */
export interface Task {
  /** About how many scalar operations of it threads share. */
  readonly shared: number;
  /** Data can make it fail: it reports the fault in memory. */
  readonly canFail: boolean;
  write(sequence: Sequence): void;
}

/** Writes tasks one after another into a function that returns 0, the number of a fault, or −1 where a worker has failed. */
export class Sequence {
  readonly body: Body;
  /** Address of the word that a fault is reported in. */
  readonly #fault: number;

  constructor(body: Body, fault: number) {
    this.body = body;
    this.#fault = fault;
  }

  add(task: Task): void {
    const { body } = this;
    task.write(this);
    if (!task.canFail) return;
    const fault = body.let(i32.load(i32.const(this.#fault)));
    body.if(fault, () => body.return(fault));
  }
}
