import type { ContractKernel } from "@adjoint/compiler/kernel";
import type { Region } from "../../region.ts";
import type { KernelEnvironment } from "../environment.ts";
import { type EmittedContraction, emitContraction, regionsOf } from "./emit.ts";
import { type Epilogue, denseEpilogue } from "./epilogue/epilogue.ts";
import { scalarGraphEpilogue } from "./epilogue/scalar-graph.ts";

/** Facts of the engine and the program that contractions need. */
export interface ContractOptions {
  readonly fused: boolean;
  readonly wide: boolean;
  /** Threads that share the kernel. */
  readonly threads: number;
  /** Bytes behind each region of its workspace that nothing may touch, 0 if absent. */
  readonly gap?: number;
}

/** The regions that the kernel works in. */
export const contractRegions = (
  environment: KernelEnvironment,
  kernel: ContractKernel,
  options: ContractOptions,
): readonly Region[] => regionsOf(kernel, { ...options, epilogue: epilogueOf(environment, kernel) });

/** A contraction kernel as a function that threads share. */
export function contractKernel(
  environment: KernelEnvironment,
  kernel: ContractKernel,
  options: ContractOptions & { readonly workspace: number },
): EmittedContraction {
  const { module, addressing } = environment;
  const epilogue = epilogueOf(environment, kernel);
  return emitContraction(module, kernel, { ...options, address: addressing.address, epilogue });
}

const epilogueOf = (environment: KernelEnvironment, kernel: ContractKernel): Epilogue =>
  denseEpilogue(kernel, environment.addressing.address) ?? scalarGraphEpilogue(environment, kernel);
