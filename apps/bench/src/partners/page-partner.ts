import type { Page } from "playwright-core";
import type { z } from "zod";
import type { ContestantName } from "../contestants/names.ts";
import { type Partner, within } from "./partner.ts";
import type { Job } from "../tasks/task.ts";
import "../page/api.ts";

/** The first line of what went wrong on a page, without the name of the call that was waiting. */
function failureOf(error: unknown): Error {
  const [line = ""] = String(error instanceof Error ? error.message : error).split("\n");
  return new Error(line.replace(/^page\.\w+: /, ""));
}

/** A contestant on a page. */
export class PagePartner implements Partner {
  readonly #page: Promise<Page>;
  #answer: Promise<unknown>;

  constructor(page: Promise<Page>, contestant: ContestantName<"chromium">, job: Job) {
    this.#page = page;
    this.#answer = page.then((open) =>
      open.evaluate(([name, given]) => globalThis.contestant.enter(name, given), [contestant, job] as const),
    );
  }

  tell({ burst }: { readonly burst: number }): void {
    this.#answer = this.#page.then((open) =>
      open.evaluate((milliseconds) => globalThis.contestant.turn(milliseconds), burst),
    );
  }

  async answer<T>(schema: z.ZodType<T>, seconds: number): Promise<T> {
    const answer = this.#answer.catch((error: unknown) => {
      throw failureOf(error);
    });
    return schema.parse(await within(seconds, answer));
  }

  /** A page is not needed any more when it has answered. */
  ended(): Promise<void> {
    return this.stop();
  }

  /** A page that didn't open has told so in its answer. */
  stop(): Promise<void> {
    return this.#page.then(
      (open) => open.close(),
      () => {},
    );
  }
}
