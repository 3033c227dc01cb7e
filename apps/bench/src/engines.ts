import { execFileSync } from "node:child_process";
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

/** What the times are of. */
export const machine = (): { readonly cpu: string; readonly cores: number } => ({
  cpu: cpus()[0]?.model.trim() ?? "unknown",
  cores: cpus().length,
});
