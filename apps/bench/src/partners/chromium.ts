import { existsSync } from "node:fs";
import type { Browser, Page } from "playwright-core";
import { DEBIAN_CHROMIUM, launchChromium } from "./launch.ts";
import type { ContestantName } from "../contestants/names.ts";
import { PagePartner } from "./page-partner.ts";
import type { Start } from "./partner.ts";
import { type Site, openSite } from "./site.ts";
import { Unavailable } from "./unavailable.ts";

/** A Chromium whose contestants have a page each, all on one adapter. */
export class Chromium implements AsyncDisposable {
  readonly #browser: Browser;
  readonly #site: Site;

  private constructor(browser: Browser, site: Site) {
    this.#browser = browser;
    this.#site = site;
  }

  /**
   * @param executablePath Debian's by default.
   * @throws Unavailable if it is not installed.
   */
  static async open(executablePath: string = DEBIAN_CHROMIUM): Promise<Chromium> {
    if (!existsSync(executablePath))
      throw new Unavailable(
        `there is no ${executablePath} here (Debian: apt-get install chromium libvulkan1)`,
      );
    const site = await openSite();
    try {
      return new Chromium(await launchChromium(executablePath), site);
    } catch (error) {
      // A server that still runs would keep the process alive.
      await site[Symbol.asyncDispose]();
      throw error;
    }
  }

  get version(): string {
    return this.#browser.version();
  }

  /** The adapter of WebGPU, in its own words. @throws Unavailable if there is none. */
  async adapter(): Promise<string> {
    const page = await this.#newPage();
    try {
      const adapter = await page.evaluate(() => globalThis.contestant.adapter());
      if (adapter !== undefined) return adapter;
      throw new Unavailable("Chromium finds no adapter for WebGPU here (Debian: apt-get install libvulkan1)");
    } finally {
      await page.close();
    }
  }

  /** Opens a page of its own for a contestant. */
  starter(contestant: ContestantName<"chromium">): Start {
    return (job) => new PagePartner(this.#newPage(), contestant, job);
  }

  /** A page that shares nothing with others but the browser. @throws Error with what went wrong while it loaded. */
  async #newPage(): Promise<Page> {
    const page = await this.#browser.newPage();
    const failures: Error[] = [];
    page.on("pageerror", (error) => failures.push(error));
    try {
      await page.goto(this.#site.address);
      const [failure] = failures;
      if (failure !== undefined) throw failure;
      return page;
    } catch (error) {
      await page.close();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
    await this.#site[Symbol.asyncDispose]();
  }
}
