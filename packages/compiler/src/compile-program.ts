import type { Graph } from "@adjoint/ir";
import type { FusionLimits } from "./fuse.ts";
import * as ordered from "./lower-ordered.ts";
import * as windows from "./lower-windows.ts";
import { type Program, compileWith } from "./program.ts";

/** Compiles a static graph of primitives to kernels over planned memory, without a session. */
export const compileProgram = (source: Graph, limits?: FusionLimits): Program =>
  compileWith({ windows, ordered }, source, limits);
