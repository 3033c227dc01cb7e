import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus } from "node:os";

/** A version of Node on this machine. */
export interface Engine {
  readonly major: number;
  readonly version: string;
  readonly path: string;
}

const output = (command: string, ...args: readonly string[]): string =>
  execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();

/** The running Node, or another major version through npx. @throws where there is none. */
export function engineOf(major: number): Engine {
  const isRunning = Number(process.versions.node.split(".")[0]) === major;
  const path = isRunning ? process.execPath : output("npx", "-y", `node@${major}`, "-p", "process.execPath");
  return { major, path, version: output(path, "-p", "process.versions.node") };
}

/** A Python that has PyTorch, if there is one: Debian's package is of the system's own. */
export function pythonWithTorch(): string | undefined {
  return ["python3", "/usr/bin/python3"].find((python) => {
    try {
      output(python, "-c", "import torch, numpy");
      return true;
    } catch {
      return false;
    }
  });
}

/**
 * The kernels that OpenBLAS should take for a processor with these flags. Debian's OpenBLAS does not know processors that are
 * newer than itself: it takes them for a Prescott and multiplies at a third of their speed. Nothing where it can't be told.
 */
export function openblasCore(flags: ReadonlySet<string>): "SKYLAKEX" | "HASWELL" | undefined {
  if (["avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl"].every((flag) => flags.has(flag)))
    return "SKYLAKEX";
  return flags.has("avx2") && flags.has("fma") ? "HASWELL" : undefined;
}

/** The features of this processor, by Linux's names; empty on other systems. */
export function processorFlags(): ReadonlySet<string> {
  try {
    const line = /^flags\s*:(.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"));
    return new Set(line?.[1]?.trim().split(/\s+/));
  } catch {
    return new Set();
  }
}

/** The environment of the times. */
export const machine = (): { readonly cpu: string; readonly cores: number } => ({
  cpu: cpus()[0]?.model.trim() ?? "unknown",
  cores: cpus().length,
});
