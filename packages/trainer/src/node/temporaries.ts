import { createHash, randomBytes } from "node:crypto";
import { readlinkSync } from "node:fs";
import { readdir, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import process from "node:process";

/** Tells what this machine wrote from what others did in a shared folder: process numbers mean nothing across machines. */
const machine: string = createHash("sha256")
  .update(`${hostname()} ${processNamespace()}`)
  .digest("hex")
  .slice(0, 8);

/** Linux counts processes anew in each container. */
function processNamespace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return "";
  }
}

/** No write takes as long, in milliseconds: what another machine has not touched since is nobody's. */
const LONGEST_WRITE = 24 * 60 * 60 * 1000;

/** A name in the folder of `path` that no other file has, and that tells who made it. */
export const temporaryOf = (path: string): string =>
  join(dirname(path), `.${basename(path)}.${machine}-${process.pid}-${randomBytes(6).toString("hex")}.tmp`);

/**
 * Removes what processes that were killed while they wrote `path` left beside it. Never what a process that lives may still
 * write: one of this machine is asked for by its number, one of another machine is taken for dead after a day.
 */
export async function removeStaleTemporaries(path: string): Promise<void> {
  const folder = dirname(path);
  const entries: readonly string[] = await readdir(folder).catch(() => []);
  const prefix = `.${basename(path)}.`;
  for (const entry of entries) {
    if (!entry.startsWith(prefix) || !entry.endsWith(".tmp")) continue;
    const file = join(folder, entry);
    // Files that can't be looked at or removed are left to the next run.
    if (await isStale(file, entry.slice(prefix.length, -".tmp".length)))
      await rm(file, { force: true }).catch(() => {});
  }
}

/** @param name what follows the name of the file: machine, process, random; or 12 digits alone, as first versions wrote. */
async function isStale(file: string, name: string): Promise<boolean> {
  const [, host, maker] = /^([\da-f]{8})-(\d{1,10})-[\da-f]{12}$/.exec(name) ?? [];
  if (host === undefined && !/^[\da-f]{12}$/.test(name)) return false;
  const written = (await stat(file).catch(() => undefined))?.mtimeMs;
  if (written === undefined) return false;
  if (host !== machine) return Date.now() - written > LONGEST_WRITE;
  return !isAlive(Number(maker)) || (Number(maker) === process.pid && written < startOfProcess());
}

function isAlive(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    // A process of another user may not be asked: it lives.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** When this process began, by the clock, and a little before. A container gives its next process the number of the last. */
const startOfProcess = (): number => Date.now() - 1000 * process.uptime() - 1000;
