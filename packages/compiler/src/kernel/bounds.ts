import { type Affine, type Guard, type IndexMap, rangeOf } from "./affine.ts";
import type { Kernel, StepCopy } from "./kernel.ts";
import type { BufferId, DynamicIndex, ScalarGraph } from "./scalar.ts";

/** An access of a kernel that can reach a position outside its buffer. */
export interface StrayAccess {
  readonly kernel: Kernel;
  readonly how: "reads" | "writes";
  readonly buffer: BufferId;
  /** The smallest and largest position. */
  readonly range: readonly [number, number];
  readonly elements: number;
}

interface Access {
  readonly how: StrayAccess["how"];
  readonly buffer: BufferId;
  readonly domain: readonly number[];
  readonly index: Affine & Partial<Pick<IndexMap, "guards">>;
  readonly dynamic?: readonly DynamicIndex[];
}

/** Points of a domain that are tried one by one if no bound decides. */
const TRIED = 1 << 16;

/** Every access of the kernels, nested ones too, that can leave its buffer; lookups by data are in range, for they are checked. */
export function strayAccesses({
  kernels,
  buffers,
}: {
  readonly kernels: readonly Kernel[];
  readonly buffers: readonly { readonly elements: number }[];
}): readonly StrayAccess[] {
  const strays: StrayAccess[] = [];
  const visit = (kernel: Kernel): void => {
    for (const access of accessesOf(kernel)) {
      const elements = buffers[access.buffer]?.elements ?? 0;
      const range = outside(access, elements);
      if (range !== undefined)
        strays.push({ kernel, how: access.how, buffer: access.buffer, range, elements });
    }
    if (kernel.form === "scan") kernel.body.forEach(visit);
    if (kernel.form === "if") kernel.branches.flat().forEach(visit);
  };
  kernels.forEach(visit);
  return strays;
}

function accessesOf(kernel: Kernel): readonly Access[] {
  const loads = (graph: ScalarGraph, domain: readonly number[]): Access[] =>
    graph.flatMap((node): Access[] => (node.kind === "load" ? [{ ...node, how: "reads", domain }] : []));
  switch (kernel.form) {
    case "map": {
      const { domain, body, stores } = kernel;
      return [
        ...loads(body, domain),
        ...stores.map((store) => ({ ...store, how: "writes" as const, domain })),
      ];
    }
    case "reduce": {
      const { outer, inner, body, epilogue, stores } = kernel;
      return [
        ...loads(body, [...outer, ...inner]),
        // Where there is nothing to fold, the results are written all the same.
        ...loads(epilogue, outer),
        ...stores.map((store) => ({ ...store, how: "writes" as const, domain: outer })),
      ];
    }
    case "contract": {
      const { batch, rows, columns, inner, left, right, epilogue, stores } = kernel;
      const outer = [...batch, ...rows, ...columns];
      return [
        ...[left, right].map(({ buffer, index }) => ({
          how: "reads" as const,
          buffer,
          index,
          domain: [...outer, ...inner],
        })),
        ...loads(epilogue, outer),
        ...stores.map((store) => ({ ...store, how: "writes" as const, domain: outer })),
      ];
    }
    case "cumulative": {
      const { outer, size, body, buffer, index } = kernel;
      const domain = [...outer, size];
      return [...loads(body, domain), { how: "writes", buffer, index, domain }];
    }
    case "scatter": {
      const { domain, body, buffer, index, dynamic } = kernel;
      return [...loads(body, domain), { how: "writes", buffer, index, dynamic, domain }];
    }
    case "sort": {
      const { outer, size, count, source, index, values, valuesBuffer, indicesBuffer } = kernel;
      return [
        { how: "reads", buffer: source, index, domain: [...outer, size] },
        ...[valuesBuffer, indicesBuffer].map((buffer) => ({
          how: "writes" as const,
          buffer,
          index: values,
          domain: [...outer, count],
        })),
      ];
    }
    case "scan": {
      const { length, slices, outputs, feedback } = kernel;
      const copied = ({ from, to, elements }: StepCopy, stacked?: "from" | "to"): Access[] => {
        const side = (how: Access["how"], buffer: BufferId, isStacked: boolean): Access => ({
          how,
          buffer,
          domain: [length, elements],
          index: { offset: 0, strides: [isStacked ? elements : 0, 1] },
        });
        return [side("reads", from, stacked === "from"), side("writes", to, stacked === "to")];
      };
      return [
        ...slices.flatMap((copy) => copied(copy, "from")),
        ...outputs.flatMap((copy) => copied(copy, "to")),
        ...feedback.flatMap((copy) => copied(copy)),
      ];
    }
    case "if":
      return [{ how: "reads", buffer: kernel.condition, domain: [], index: { offset: 0, strides: [] } }];
  }
}

/** The range of an access, if that lies outside the buffer. */
function outside(access: Access, elements: number): readonly [number, number] | undefined {
  const { domain, index, dynamic = [] } = access;
  if (domain.includes(0)) return undefined;
  // A position that is looked up is one more coordinate.
  const terms = dynamic.filter(({ size }) => size > 0);
  const sizes = [...domain, ...terms.map(({ size }) => size)];
  const position: Affine = {
    offset: index.offset,
    strides: [...domain.map((_, axis) => index.strides[axis] ?? 0), ...terms.map(({ stride }) => stride)],
  };
  const guards = index.guards ?? [];
  const isInside = ([low, high]: readonly [number, number]): boolean => low >= 0 && high < elements;
  const range = boundOf(position, guards, sizes);
  if (isInside(range)) return undefined;
  if (guards.length === 0) return range;
  const exact = tried(position, guards, sizes);
  return exact === undefined || isInside(exact) ? undefined : exact;
}

/**
 * Bounds of an affine where guards hold, which may be wide: each guard in turn is taken out of it, since 0 ≤ guard < limit
 * bounds what it contributes.
 */
function boundOf(
  position: Affine,
  guards: readonly Guard[],
  sizes: readonly number[],
): readonly [number, number] {
  let [low, high] = rangeOf(position, sizes);
  const without = (rest: Affine, open: readonly Guard[], added: readonly [number, number]): void => {
    const [from, to] = rangeOf(rest, sizes);
    low = Math.max(low, from + added[0]);
    high = Math.min(high, to + added[1]);
    open.forEach((guard, index) => {
      for (const factor of new Set(factorsOf(rest, guard))) {
        const taken: Affine = {
          offset: rest.offset - factor * guard.offset,
          strides: rest.strides.map((stride, axis) => stride - factor * (guard.strides[axis] ?? 0)),
        };
        const [least, most] = [0, factor * (guard.limit - 1)].toSorted((a, b) => a - b);
        without(taken, open.slice(index + 1), [added[0] + (least ?? 0), added[1] + (most ?? 0)]);
      }
    });
  };
  without(position, guards, [0, 0]);
  return [low, high];
}

/** The number of times a guard goes into an affine, by each of its axes. */
const factorsOf = (affine: Affine, guard: Guard): readonly number[] =>
  guard.strides.flatMap((stride, axis) => {
    const own = affine.strides[axis] ?? 0;
    return stride === 0 || own === 0 ? [] : [own / stride];
  });

/** The range by trying every point; undefined if there are too many, or no point at which the guards hold. */
function tried(
  position: Affine,
  guards: readonly Guard[],
  sizes: readonly number[],
): readonly [number, number] | undefined {
  const axes = sizes.flatMap((size, axis) => {
    const matters = [position, ...guards].some(({ strides }) => (strides[axis] ?? 0) !== 0);
    return size > 1 && matters ? [{ axis, size }] : [];
  });
  if (axes.reduce((all, { size }) => all * size, 1) > TRIED) return undefined;
  let [low, high] = [Infinity, -Infinity];
  const walk = (depth: number, at: number, values: readonly number[]): void => {
    const axis = axes[depth];
    if (axis === undefined) {
      if (!values.every((value, index) => value >= 0 && value < (guards[index]?.limit ?? 0))) return;
      [low, high] = [Math.min(low, at), Math.max(high, at)];
      return;
    }
    for (let point = 0; point < axis.size; point++)
      walk(
        depth + 1,
        at + point * (position.strides[axis.axis] ?? 0),
        values.map((value, index) => value + point * (guards[index]?.strides[axis.axis] ?? 0)),
      );
  };
  walk(
    0,
    position.offset,
    guards.map(({ offset }) => offset),
  );
  return low > high ? undefined : [low, high];
}
