import { type BufferId, type Kernel, type CompiledProgram, buffersOf } from "@adjoint/compiler";

/** The memory that a buffer lives in: a slot, a register, or a constant's own. */
type Place = string;

/**
 * Walks through a program as it runs and notes whose data each piece of memory holds. Unlike the planner it knows no
 * intervals: a kernel that finds another buffer's data where its operand should be is a clash, whatever led to it.
 * @returns what is wrong, in words.
 */
export function clashes({ kernels, buffers, inputs, outputs }: CompiledProgram): readonly string[] {
  const problems: string[] = [];
  let holds = new Map<Place, BufferId>();
  let changed: string | undefined;
  const placeOf = (buffer: BufferId): Place | undefined => {
    const location = buffers[buffer]?.location;
    if (location?.kind === "slot") return `slot ${location.slot}`;
    if (location?.kind === "register") return `register ${location.name}`;
    return location?.kind === "constant" ? `constant ${buffer}` : undefined;
  };
  const read = (buffer: BufferId, by: string): void => {
    // Nothing can be read of a buffer without elements.
    if (buffers[buffer]?.elements === 0) return;
    const place = placeOf(buffer);
    const held = place === undefined ? undefined : holds.get(place);
    if (held !== buffer) problems.push(`${by} reads buffer ${buffer} in ${place}, which holds ${held}`);
  };
  const write = (buffer: BufferId, by: string): void => {
    const place = placeOf(buffer);
    if (place === undefined || buffers[buffer]?.owner.kind === "constant")
      problems.push(`${by} writes buffer ${buffer}, which has no place`);
    else {
      holds.set(place, buffer);
      if (place.startsWith("register")) changed = place;
    }
  };
  const walk = (list: readonly Kernel[], path: string): void => {
    list.forEach((kernel, index) => {
      const by = `${path}${index} (${kernel.form})`;
      if (kernel.form === "scan") {
        // Twice: what the first step leaves behind must not disturb the second.
        for (let step = 0; step < Math.min(2, kernel.length); step++) {
          for (const { from, to } of kernel.slices) {
            read(from, by);
            write(to, by);
          }
          walk(kernel.body, `${by}.`);
          for (const { from, to } of [...kernel.outputs, ...kernel.feedback]) {
            read(from, by);
            write(to, by);
          }
        }
        // Stacks of no steps are written by no one.
        if (kernel.length === 0) for (const { to } of kernel.outputs) write(to, by);
        return;
      }
      if (kernel.form === "if") {
        read(kernel.condition, by);
        const before = holds;
        const ends = kernel.branches.map((branch, which) => {
          holds = new Map(before);
          walk(branch, `${by}.${which}.`);
          return holds;
        });
        // After it, memory holds something for sure only where both branches agree.
        holds = new Map([...(ends[0] ?? [])].filter(([place, buffer]) => ends[1]?.get(place) === buffer));
        return;
      }
      const { reads, writes } = buffersOf(kernel);
      if (changed !== undefined && fallible(kernel)) problems.push(`${by} can fail after ${changed} changed`);
      for (const buffer of reads) if (!(kernel.form === "scatter" && writes.has(buffer))) read(buffer, by);
      if (kernel.form === "scatter") read(kernel.buffer, by);
      const places = [...writes].map(placeOf);
      if (new Set(places).size < places.length) problems.push(`${by} writes two buffers in one place`);
      for (const buffer of writes) write(buffer, by);
    });
  };
  buffers.forEach(({ owner }, buffer) => {
    const place = placeOf(buffer);
    if (place !== undefined && (owner.kind === "register" || owner.kind === "constant"))
      holds.set(place, buffer);
  });
  for (const { buffer } of inputs) {
    const place = placeOf(buffer);
    if (place === undefined) continue;
    if (holds.has(place)) problems.push(`two inputs are in ${place}`);
    holds.set(place, buffer);
  }
  walk(kernels, "");
  for (const { buffer, name } of outputs) read(buffer, `output ${name}`);
  return problems;
}

/** True for what checks indices that data decide. */
function fallible(kernel: Kernel): boolean {
  return JSON.stringify(kernel, (_, value: unknown) =>
    typeof value === "bigint" ? String(value) : value,
  ).includes('"dynamic":[{');
}

/** Kernels that hold no others, nested ones included. */
export function leaves(kernels: readonly Kernel[]): readonly Kernel[] {
  return kernels.flatMap((kernel) => {
    if (kernel.form === "scan") return leaves(kernel.body);
    return kernel.form === "if" ? leaves(kernel.branches.flat()) : [kernel];
  });
}
