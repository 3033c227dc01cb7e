// `npm start`: installs what the example needs and nothing that only checks need, builds it, and runs it.
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

// Ctrl-C is for the example, which ends by itself with a checkpoint; this process waits for it. The terminal tells both. Other
// requests to end are often for this process alone, and are passed on.
process.on("SIGINT", () => {});

const app = "apps/mnist-trainer";
const root = fileURLToPath(new URL("..", import.meta.url));

/** @type {(...args: string[]) => void} */
function node(...args) {
  const { status } = spawnSync(process.execPath, args, { stdio: "inherit", cwd: root });
  if (status !== 0) process.exit(status ?? 1);
}

// A checkout that already has the development tools keeps them.
const only = existsSync(`${root}node_modules/vitest`) ? [] : ["--prod"];
node("tools/pnpm.mjs", "install", "--filter", "@adjoint/mnist-trainer...", ...only);
node("node_modules/typescript/bin/tsc", "-b", app);
node("tools/bundle.mjs");
const example = spawn(process.execPath, [`${app}/dist/main.js`, ...process.argv.slice(2)], {
  stdio: "inherit",
  cwd: root,
});
for (const signal of /** @type {const} */ (["SIGTERM", "SIGHUP"]))
  process.on(signal, () => example.kill(signal));
example.on("exit", (status) => {
  process.exitCode = status ?? 1;
});
