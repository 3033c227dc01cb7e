import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { z } from "zod";
import { Chromium } from "../src/partners/chromium.ts";
import { PagePartner } from "../src/partners/page-partner.ts";
import { TimeLimit } from "../src/partners/partner.ts";
import { Unavailable } from "../src/partners/unavailable.ts";

/** A page whose functions give these answers, one after another; an error is thrown as the browser's driver would. */
function pageOf(...answers: readonly unknown[]): {
  readonly page: Page;
  readonly asked: unknown[];
  isClosed: boolean;
} {
  const asked: unknown[] = [];
  const state = {
    asked,
    isClosed: false,
    // Only these two functions of a page are used.
    page: {
      evaluate: async (_action: unknown, given: unknown) => {
        const answer = answers[asked.push(given) - 1];
        if (answer instanceof Error) throw answer;
        return answer;
      },
      close: async () => {
        state.isClosed = true;
      },
    } as unknown as Page,
  };
  return state;
}

const job = { threads: 1, task: { kind: "gemm", size: 2 }, once: false } as const;
const entered = z.object({ version: z.string() });

test("a page is told its job, then bursts, and is closed in the end", async () => {
  const fake = pageOf({ version: "1.2" }, { milliseconds: 3 });
  const partner = new PagePartner(Promise.resolve(fake.page), "webgpu", job);
  expect(await partner.answer(entered, 20)).toEqual({ version: "1.2" });
  partner.tell({ burst: 70 });
  expect(await partner.answer(z.object({ milliseconds: z.number() }), 20)).toEqual({ milliseconds: 3 });
  expect(fake.asked).toEqual([["webgpu", job], 70]);
  expect(fake.isClosed).toBe(false);
  await partner.stop();
  expect(fake.isClosed).toBe(true);
});

test("a page that fails says why, in one line", async () => {
  const failure = new Error("page.evaluate: Error: no such kernel\n    at enter (main.ts:1:1)");
  const partner = new PagePartner(Promise.resolve(pageOf(failure).page), "tfjs-webgpu", job);
  await expect(partner.answer(entered, 20)).rejects.toThrow(/^Error: no such kernel$/);
});

test("a page that does not open says why", async () => {
  const partner = new PagePartner(Promise.reject(new Error("net::ERR_FAILED")), "webgpu", job);
  await expect(partner.answer(entered, 20)).rejects.toThrow("net::ERR_FAILED");
  await partner.stop();
});

test("a page that takes too long is over its limit", async () => {
  const partner = new PagePartner(Promise.resolve(pageOf(new Promise(() => {})).page), "webgpu", job);
  await expect(partner.answer(entered, 0.02)).rejects.toThrow(TimeLimit);
});

test("without Chromium one hears how to get it", async () => {
  const opened = Chromium.open("/nowhere/chromium");
  await expect(opened).rejects.toThrow(Unavailable);
  await expect(opened).rejects.toThrow(/there is no \/nowhere\/chromium here .*apt-get install chromium/);
});
