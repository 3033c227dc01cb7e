export { emitBarrier } from "./barrier.ts";
export { Pool } from "./pool.ts";
