import type { Kernel } from "@adjoint/compiler/kernel";
import { type ContractOptions, contractRegions } from "./kernels/contract/kernel.ts";
import type { KernelEnvironment } from "./kernels/environment.ts";
import { reduceRegions } from "./kernels/reduce.ts";
import { type Region, type RegionLayout, layOut } from "./region.ts";
import { sortRegions } from "./kernels/sort.ts";

/** The workspace of a kernel without the kernels inside it, and its layout. */
export interface Workspace {
  readonly regions: readonly Region[];
  readonly layout: RegionLayout;
}

export function workspaceOf(
  environment: KernelEnvironment,
  kernel: Kernel,
  options: ContractOptions,
): Workspace {
  const regions = regionsOf(environment, kernel, options);
  return { regions, layout: layOut(regions, options.threads, options.gap) };
}

function regionsOf(
  environment: KernelEnvironment,
  kernel: Kernel,
  options: ContractOptions,
): readonly Region[] {
  switch (kernel.form) {
    case "contract":
      return contractRegions(environment, kernel, options);
    case "reduce":
      return reduceRegions(kernel);
    case "sort":
      return sortRegions(kernel);
    default:
      return [];
  }
}

/** Bytes that a kernel works in, for all its threads. Kernels use the same bytes one after another. */
export function workspaceBytes(
  environment: KernelEnvironment,
  kernel: Kernel,
  options: ContractOptions,
): number {
  const most = (kernels: readonly Kernel[]): number =>
    Math.max(0, ...kernels.map((inner) => workspaceBytes(environment, inner, options)));
  switch (kernel.form) {
    case "scan":
      return most(kernel.body);
    case "if":
      return most(kernel.branches.flat());
    default:
      return workspaceOf(environment, kernel, options).layout.bytes;
  }
}
