// Runs pnpm: the one on PATH if its major version is the pinned one, else the pinned one through npx.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

const { devEngines } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
const { version } = devEngines.packageManager;
const shell = process.platform === "win32";
const found = spawnSync("pnpm", ["--version"], { encoding: "utf8", shell }).stdout ?? "";
const [command, ...first] =
  found.split(".")[0] === version.split(".")[0] ? ["pnpm"] : ["npx", "--yes", `pnpm@${version}`];
const env = { ...process.env, TURBO_TELEMETRY_DISABLED: "1" };
const { status } = spawnSync(command, [...first, ...process.argv.slice(2)], { stdio: "inherit", shell, env });
process.exit(status ?? 1);
