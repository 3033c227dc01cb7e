export { Checks } from "./checks.ts";
export { Guards } from "./guards.ts";
