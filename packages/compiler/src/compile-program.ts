import {
  AdjointError,
  type Graph,
  type Tensor,
  dtypeInfo,
  elementCount,
  graphNodes,
  inline,
  isNode,
  registerOf,
  registersOf,
} from "@adjoint/ir";
import { BufferTable } from "./kernel/buffers.ts";
import { copyKernel } from "./lowering/copies.ts";
import { decompose } from "./lowering/decompose.ts";
import { sizesOf } from "./lowering/sizes.ts";
import { fuse } from "./fusion/fuse.ts";
import { type Group, kernelsOf } from "./fusion/group.ts";
import { copyOf, lowerGraph } from "./lowering/lower.ts";
import { checkElements } from "./kernel/memory-error.ts";
import { planMemory } from "./memory/plan.ts";
import { type PendingUpdate, type Schedule, schedule } from "./memory/schedule.ts";
import type { FusionLimits } from "./kernel/backend.ts";
import type { CompiledProgram, Port } from "./kernel/program.ts";
import type { BufferId } from "./kernel/scalar.ts";

/**
 * Compiles a static graph to kernels over planned memory; composites that passes left are inlined.
 * @throws AdjointError for a tensor in memory of more elements than positions can count.
 */
export function compileProgram(source: Graph, limits: FusionLimits = { buffers: Infinity }): CompiledProgram {
  const graph = decompose(inline.run(source));
  const buffers = new BufferTable();
  const given = new Map<Tensor, BufferId>();
  const registers = [...registersOf(graph).values()];
  const registerBuffers = new Map<string, BufferId>();
  for (const register of registers) {
    registerBuffers.set(
      register.name,
      buffers.add(register.dtype, elementCount(register.shape), { kind: "register", name: register.name }),
    );
  }
  const inputs = Object.entries(graph.inputs).map(([name, tensor]): Port => {
    const shape = sizesOf(tensor);
    const buffer = buffers.add(tensor.dtype, elementCount(shape), { kind: "input", name });
    given.set(tensor, buffer);
    return { name, buffer, dtype: tensor.dtype, shape };
  });
  const bufferOfRegister = (tensor: Tensor): BufferId => {
    const { name } = registerOf(tensor);
    const buffer = registerBuffers.get(name);
    if (buffer === undefined) throw new AdjointError("graph", "compile", `register "${name}" has no buffer`);
    return buffer;
  };
  for (const tensor of registerTensors(graph)) given.set(tensor, bufferOfRegister(tensor));

  const outputs = Object.entries(graph.outputs);
  const updates = graph.updates.map((update) => ({
    register: bufferOfRegister(update.register),
    next: update.next,
  }));
  const roots = [...outputs.map(([, tensor]) => tensor), ...updates.map((update) => update.next)];
  const lowered = lowerGraph(roots, buffers, given, limits);
  checkElements(buffers.all);
  const groups: Group[] = [...lowered.groups];
  const rootBuffer = (index: number): BufferId => lowered.roots[index] ?? 0;
  const copied = (buffer: BufferId, tensor: Tensor): BufferId => {
    const copy = copyOf(buffer, tensor, buffers);
    groups.push(copy.group);
    return copy.buffer;
  };

  const updated = new Set(updates.map((update) => update.register));
  // An output that is a register reads the value of before the step, also where the step changes it.
  const outputPorts = outputs.map(([name, tensor], index): Port => {
    const buffer = rootBuffer(index);
    const own = updated.has(buffer) ? copied(buffer, tensor) : buffer;
    return { name, buffer: own, dtype: tensor.dtype, shape: sizesOf(tensor) };
  });
  const taken = new Set<BufferId>();
  const pending = updates.flatMap(({ register, next }, index): PendingUpdate[] => {
    const buffer = rootBuffer(outputs.length + index);
    if (buffer === register) return [];
    const shared = buffers.get(buffer).owner.kind !== "temporary" || taken.has(buffer);
    const own = shared ? copied(buffer, next) : buffer;
    taken.add(own);
    return [{ register, next: own }];
  });

  const ends = new Set([...outputPorts.map((port) => port.buffer), ...pending.map((update) => update.next)]);
  const arrange = (homes: ReadonlyMap<BufferId, BufferId>): Schedule => {
    const fused = fuse(groups, limits, { ends, homes });
    return schedule(
      fused.groups.flatMap((group) => kernelsOf(group, fused.isStored)),
      pending,
      ({ register, next }) => copyKernel(next, register, buffers.get(next).dtype, buffers.get(next).elements),
      buffers,
    );
  };
  // A next value in its register's memory takes no buffer of its own; which are, only the schedule knows.
  let homes = new Map(limits.buffers < Infinity ? pending.map(({ register, next }) => [next, register]) : []);
  let ordered = arrange(homes);
  while ([...homes.keys()].some((next) => !ordered.inPlace.has(next))) {
    homes = new Map([...homes].filter(([next]) => ordered.inPlace.has(next)));
    ordered = arrange(homes);
  }
  const plan = planMemory(
    ordered.kernels,
    buffers,
    inputs.map((port) => port.buffer),
    outputPorts.map((port) => port.buffer),
    ordered.inPlace,
  );
  const placed = buffers.all.map((buffer, id) => ({
    ...buffer,
    location: plan.locations[id] ?? ({ kind: "none" } as const),
  }));
  const persistent = buffers.all.reduce(
    (sum, { owner, dtype, elements }) =>
      sum + (owner.kind === "register" || owner.kind === "constant" ? elements * dtypeInfo[dtype].bytes : 0),
    0,
  );
  return {
    kernels: ordered.kernels,
    buffers: placed,
    slots: plan.slots,
    inputs,
    outputs: outputPorts,
    registers,
    peakBytes: persistent + plan.slots.reduce((sum, bytes) => sum + bytes, 0),
  };
}

function registerTensors(graph: Graph): readonly Tensor[] {
  const tensors = new Set<Tensor>();
  for (const node of graphNodes(graph)) if (isNode(node, "register")) tensors.add(node.output);
  for (const { register } of graph.updates) tensors.add(register);
  return [...tensors];
}
