import { at } from "@adjoint/ir/values";
import type { Affine } from "../kernel/affine.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { type ScalarGraph, type ScalarNode, mapScalar } from "../kernel/scalar.ts";

/** The axes that are left: each is made of old axes, and the last one's stride is its own. */
interface Merging {
  /** All axes stay as they are. */
  readonly isSame: boolean;
  readonly sizes: readonly (readonly number[])[];
  readonly affine: (a: Affine) => Affine;
}

/**
 * Merges neighbouring axes that every index map steps through as one, and drops axes of size 1, within each segment of
 * axes. Fewer and longer loops, for every backend.
 */
function merging(segments: readonly (readonly number[])[], affines: readonly Affine[]): Merging {
  const keep: number[][] = [];
  const sizes: number[][] = [];
  let first = 0;
  for (const segment of segments) {
    const kept: number[] = [];
    const lengths: number[] = [];
    segment.forEach((size, index) => {
      const axis = first + index;
      if (size === 1) return;
      const previous = kept.at(-1);
      const joins =
        previous !== undefined &&
        affines.every((a) => (a.strides[previous] ?? 0) === (a.strides[axis] ?? 0) * size);
      if (joins) {
        kept[kept.length - 1] = axis;
        lengths[lengths.length - 1] = at(lengths, -1) * size;
      } else {
        kept.push(axis);
        lengths.push(size);
      }
    });
    keep.push(kept);
    sizes.push(lengths);
    first += segment.length;
  }
  const axes = keep.flat();
  const isSame = axes.length === first;
  return {
    isSame,
    sizes,
    affine: (a) => ({ offset: a.offset, strides: axes.map((axis) => a.strides[axis] ?? 0) }),
  };
}

/** Every affine of an expression. */
function affinesOf(graph: ScalarGraph): Affine[] {
  return graph.flatMap((node): Affine[] => {
    switch (node.kind) {
      case "load":
        return [node.index, ...node.index.guards];
      case "index":
        return [node.index];
      case "inside":
        return [...node.guards];
      case "randomBits":
        return [node.counter];
      default:
        return [];
    }
  });
}

const rewrite = (graph: ScalarGraph, affine: (a: Affine) => Affine): ScalarNode[] =>
  graph.map((node) => mapScalar(node, (id) => id, affine));

/** The kernel over as few axes as it can have. */
export function mergeAxes(kernel: Kernel): Kernel {
  switch (kernel.form) {
    case "map": {
      const { isSame, sizes, affine } = merging(
        [kernel.domain],
        [...affinesOf(kernel.body), ...kernel.stores.map((store) => store.index)],
      );
      if (isSame) return kernel;
      return {
        ...kernel,
        domain: at(sizes, 0),
        body: rewrite(kernel.body, affine),
        stores: kernel.stores.map((store) => ({ ...store, index: affine(store.index) })),
      };
    }
    case "reduce": {
      // The epilogue and the stores see the outer axes only; with strides of 0 on inner axes they take part in merging.
      const outerOnly = [...affinesOf(kernel.epilogue), ...kernel.stores.map((store) => store.index)];
      const merged = merging([kernel.outer, kernel.inner], [...affinesOf(kernel.body), ...outerOnly]);
      if (merged.isSame) return kernel;
      const count = at(merged.sizes, 0).length;
      const outer = (a: Affine): Affine => {
        const whole = merged.affine(a);
        return { offset: whole.offset, strides: whole.strides.slice(0, count) };
      };
      return {
        ...kernel,
        outer: at(merged.sizes, 0),
        inner: at(merged.sizes, 1),
        body: rewrite(kernel.body, merged.affine),
        epilogue: rewrite(kernel.epilogue, outer),
        stores: kernel.stores.map((store) => ({ ...store, index: outer(store.index) })),
      };
    }
    case "contract": {
      const { left, right } = kernel;
      const results = [...affinesOf(kernel.epilogue), ...kernel.stores.map((store) => store.index)];
      const all = [left.index, ...left.index.guards, right.index, ...right.index.guards, ...results];
      const segments = [kernel.batch, kernel.rows, kernel.columns, kernel.inner];
      const { isSame, sizes, affine } = merging(segments, all);
      if (isSame) return kernel;
      const [batch = [], rows = [], columns = [], inner = []] = sizes;
      const count = batch.length + rows.length + columns.length;
      const result = (a: Affine): Affine => {
        const whole = affine(a);
        return { offset: whole.offset, strides: whole.strides.slice(0, count) };
      };
      const side = (operand: typeof left): typeof left => ({
        ...operand,
        index: {
          ...affine(operand.index),
          guards: operand.index.guards.map((guard) => ({ ...affine(guard), limit: guard.limit })),
        },
      });
      return {
        ...kernel,
        batch,
        rows,
        columns,
        inner,
        left: side(left),
        right: side(right),
        epilogue: rewrite(kernel.epilogue, result),
        stores: kernel.stores.map((store) => ({ ...store, index: result(store.index) })),
      };
    }
    default:
      return kernel;
  }
}
