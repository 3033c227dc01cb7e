import type {
  CumulativeKernel,
  IfKernel,
  MapKernel,
  ScanKernel,
  ScatterKernel,
  SortKernel,
} from "@adjoint/compiler";
import type { ContractFamilies } from "../contract/index.ts";
import type { Callee, ModuleBuilder } from "../emit/index.ts";
import type { MathLibrary } from "../math/library.ts";
import type { Place } from "../scalar/affine.ts";
import type { Context, ScalarFamilies } from "../scalar/context.ts";
import type { Helpers } from "../scalar/helpers.ts";
import type { Region } from "../region.ts";
import type { Sequence, Task } from "../sequence.ts";
import type { Turned } from "./map-turned.ts";
import type { Ranged } from "./ranged.ts";
import type { Range } from "./units.ts";

/** What the functions of one module have in common. */
export interface KernelEnvironment {
  readonly module: ModuleBuilder;
  readonly math: MathLibrary;
  readonly helpers: Helpers;
  readonly families: Partial<KernelFamilies>;
  readonly place: Place;
}

/** Code of kernels that only some programs need. */
export interface KernelFamilies extends ScalarFamilies, ContractFamilies {
  /** Kernels of a rare kind: running sums, scatter, sort, loops, branches, maps that transpose. */
  readonly ordered: Ordered;
}

interface Ordered {
  /** Running sums or products, a unit one or more lines. */
  readonly cumulativeKernel: (environment: KernelEnvironment, kernel: CumulativeKernel) => Ranged;
  /** Joins values into places that data decides, in row-major order. */
  readonly scatterKernel: (
    environment: KernelEnvironment,
    kernel: ScatterKernel,
  ) => Callee<readonly [], "void">;
  /** Sorts each line's places by their elements and copies the first of them. */
  readonly sortKernel: (
    environment: KernelEnvironment,
    kernel: SortKernel,
    workspace: number,
    gap?: number,
  ) => Callee<readonly [], "void">;
  /** What a sort works in. */
  readonly sortRegions: (kernel: SortKernel) => readonly Region[];
  /** The steps one after another, with the copies between them. */
  readonly writeScan: (sequence: Sequence, kernel: ScanKernel, place: Place, tasks: readonly Task[]) => void;
  /** One of two lists of tasks. */
  readonly writeIf: (
    sequence: Sequence,
    kernel: IfKernel,
    place: Place,
    branches: readonly [readonly Task[], readonly Task[]],
  ) => void;
  /** A range of the units of a map that transposes. */
  readonly writeTurned: (
    context: Context,
    place: Place,
    kernel: MapKernel,
    turned: Turned,
    range: Range,
  ) => void;
}
