import type { BufferId, ContractKernel } from "@adjoint/compiler/kernel";
import type { ModuleBuilder } from "../../emit/index.ts";
import { type Region, layOut } from "../../region.ts";
import { SHARED, type Split } from "../../share.ts";
import { emitBlocks } from "./block/emit.ts";
import type { PlanOptions, Setting, SharedFunction } from "./contraction.ts";
import type { Epilogue } from "./epilogue/epilogue.ts";
import { emitMatrixVector } from "./matrix-vector/emit.ts";
import { type Plan, planContraction } from "./plan.ts";
import { emitWeightGradient } from "./weight-gradient/emit.ts";
import { emitWindowsSwapped } from "./window-swapped/emit.ts";
import { emitWindows } from "./window/emit.ts";

/** Bytes behind each buffer that may be read, and are not used. */
export const READ_SLACK = 64;

interface WorkspaceOptions extends PlanOptions {
  /** Makes results of the sums. */
  readonly epilogue: Epilogue;
}

export interface EmitOptions extends WorkspaceOptions {
  /** Address of a buffer. READ_SLACK bytes behind each buffer must be memory too. */
  readonly address: (buffer: BufferId) => number;
  /** Address of the regions that `regionsOf` names, a multiple of 64. */
  readonly workspace: number;
}

/** The code of a contraction. */
export interface EmittedContraction {
  readonly run: SharedFunction;
  /** The part of which a share is a range. */
  readonly split: Split;
}

/** The regions that a contraction works in. */
export const regionsOf = (kernel: ContractKernel, options: WorkspaceOptions): readonly Region[] =>
  planContraction(kernel, options, options.epilogue).way.regions;

/** Bytes of these regions, for all threads. */
export const workspaceBytes = (kernel: ContractKernel, options: WorkspaceOptions): number =>
  layOut(regionsOf(kernel, options), options.threads ?? 1, options.gap).bytes;

/**
 * Writes the functions of a contraction. Each thread calls `run` with its number, which is below `options.threads`, and the parts
 * that it takes; none waits for another.
 */
export function emitContraction(
  module: ModuleBuilder,
  kernel: ContractKernel,
  { workspace, gap = 0, ...options }: EmitOptions,
): EmittedContraction {
  const plan = planContraction(kernel, options, options.epilogue, options.address);
  const { split } = plan;
  const { batch, rows, columns } = plan.contraction.sizes;
  if (batch * rows * columns === 0) return { run: module.function(SHARED, "void", () => {}), split };
  return { run: emitWay(module, plan, { split, workspace, gap }), split };
}

function emitWay(module: ModuleBuilder, { contraction, way }: Plan, setting: Setting): SharedFunction {
  switch (way.kind) {
    case "block":
      return emitBlocks(module, contraction, way, setting);
    case "matrixVector":
      return emitMatrixVector(module, contraction, way, setting);
    case "window":
      return emitWindows(module, contraction, way, setting);
    case "windowSwapped":
      return emitWindowsSwapped(module, contraction, way, setting);
    case "weightGradient":
      return emitWeightGradient(module, contraction, way, setting);
  }
}
