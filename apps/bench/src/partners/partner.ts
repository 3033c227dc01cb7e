import type { z } from "zod";
import type { Job } from "../tasks/task.ts";

/** A contestant in a process or page of its own. It answers when it is ready, and then each message. */
export interface Partner {
  /** Asks for a burst of at least so many milliseconds. */
  tell(message: { readonly burst: number }): void;
  /** The next answer. @throws TimeLimit, or Error with what went wrong. */
  answer<T>(schema: z.ZodType<T>, seconds: number): Promise<T>;
  /** Resolves when it is gone by itself. @throws Error with what it said if it failed. */
  ended(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a contestant. */
export type Start = (job: Job) => Partner;

/** It took longer than it was given. */
export class TimeLimit extends Error {}

/** The result of a promise. @throws TimeLimit if that takes longer. */
export async function within<T>(seconds: number, promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TimeLimit(`not done in ${seconds} s`)), seconds * 1000);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
