export { Pool } from "./pool.ts";
export { Team } from "./team.ts";
