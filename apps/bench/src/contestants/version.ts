import { createRequire } from "node:module";

/** Of our packages. */
export function ownVersion(): string {
  const { version }: { version: string } = createRequire(import.meta.url)("@adjoint/compiler/package.json");
  return version;
}
