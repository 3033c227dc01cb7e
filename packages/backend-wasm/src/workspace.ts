import type { Kernel } from "@adjoint/compiler";
import { familyOf } from "./family-of.ts";
import { type ContractOptions, contractRegions } from "./kernels/contract.ts";
import type { KernelEnvironment } from "./kernels/environment.ts";
import { layOut } from "./region.ts";
import { reduceWorkspace } from "./kernels/reduce.ts";

/** Bytes that a kernel works in, for all its threads. Kernels use the same bytes one after another. */
export function workspaceOf(
  environment: KernelEnvironment,
  kernel: Kernel,
  options: ContractOptions,
): number {
  const most = (kernels: readonly Kernel[]): number =>
    Math.max(0, ...kernels.map((inner) => workspaceOf(environment, inner, options)));
  switch (kernel.form) {
    case "contract":
      return layOut(contractRegions(environment, kernel, options), options.threads, options.gap).bytes;
    case "reduce":
      return reduceWorkspace(kernel);
    case "sort":
      return familyOf(environment.families, "ordered").sortWorkspace(kernel);
    case "scan":
      return most(kernel.body);
    case "if":
      return most(kernel.branches.flat());
    default:
      return 0;
  }
}
