import type { Graph, Tensor } from "@adjoint/ir";
import {
  type RegisterAttributes,
  graphNodes,
  inline,
  isNode,
  registerOf,
  registersOf,
} from "@adjoint/ir/graph";
import { AdjointError, at, dtypeInfo, elementCount } from "@adjoint/ir/values";
import { BufferTable } from "./kernel/buffers.ts";
import { copyKernel } from "./lowering/copies.ts";
import { decompose } from "./lowering/decompose.ts";
import { sizesOf } from "./lowering/sizes.ts";
import { fuse } from "./fusion/fuse.ts";
import { type Group, kernelsOf } from "./fusion/group.ts";
import { type Lowered, copyOf, lowerGraph } from "./lowering/lower.ts";
import { checkElements } from "./kernel/memory-error.ts";
import { type MemoryPlan, planMemory } from "./memory/plan.ts";
import { type PendingUpdate, type Schedule, schedule } from "./memory/schedule.ts";
import type { FusionLimits } from "./kernel/backend.ts";
import type { CompiledProgram, Port } from "./kernel/program.ts";
import type { BufferId } from "./kernel/scalar.ts";

/**
 * Compiles a static graph to kernels over planned memory; composites that passes left are inlined.
 * @throws AdjointError for a tensor in memory of more elements than positions can count.
 */
export function compileProgram(source: Graph, limits: FusionLimits = { buffers: Infinity }): CompiledProgram {
  const buffers = new BufferTable();
  const graph = decompose(inline.run(source));
  const sources = addSources(graph, buffers);
  const lowered = lowerGraph(rootsOf(graph), buffers, sources.given, limits);
  checkElements(buffers.all);
  const results = separateResults(graph, sources, lowered, buffers);
  const ordered = fuseAndOrder(results, limits, buffers);
  const plan = planMemory(
    ordered.kernels,
    buffers,
    buffersOf(sources.inputs),
    buffersOf(results.outputs),
    ordered.inPlace,
  );
  return inMemory(sources, results, ordered, plan, buffers);
}

/** The tensors that a program reads and does not compute. */
interface Sources {
  readonly inputs: readonly Port[];
  readonly registers: readonly RegisterAttributes[];
  /** The buffers of inputs and registers. */
  readonly given: ReadonlyMap<Tensor, BufferId>;
}

/** The groups of a program, and the buffers of its results once they have run. */
interface Results {
  readonly groups: readonly Group[];
  readonly outputs: readonly Port[];
  readonly updates: readonly PendingUpdate[];
}

const buffersOf = (ports: readonly Port[]): readonly BufferId[] => ports.map((port) => port.buffer);

/** The tensors that a program has to compute: the outputs, then the registers' next values. */
const rootsOf = (graph: Graph): readonly Tensor[] => [
  ...Object.values(graph.outputs),
  ...graph.updates.map((update) => update.next),
];

/** Gives buffers to inputs and registers. */
function addSources(graph: Graph, buffers: BufferTable): Sources {
  const given = new Map<Tensor, BufferId>();
  const registers = [...registersOf(graph).values()];
  const registerBuffers = new Map(
    registers.map(({ name, dtype, shape }) => [
      name,
      buffers.add(dtype, elementCount(shape), { kind: "register", name }),
    ]),
  );
  const inputs = Object.entries(graph.inputs).map(([name, tensor]): Port => {
    const shape = sizesOf(tensor);
    const buffer = buffers.add(tensor.dtype, elementCount(shape), { kind: "input", name });
    given.set(tensor, buffer);
    return { name, buffer, dtype: tensor.dtype, shape };
  });
  for (const tensor of registerTensors(graph)) {
    const { name } = registerOf(tensor);
    const buffer = registerBuffers.get(name);
    if (buffer === undefined) throw new AdjointError("graph", "compile", `register "${name}" has no buffer`);
    given.set(tensor, buffer);
  }
  return { inputs, registers, given };
}

function registerTensors(graph: Graph): readonly Tensor[] {
  const tensors = new Set<Tensor>();
  for (const node of graphNodes(graph)) if (isNode(node, "register")) tensors.add(node.output);
  for (const { register } of graph.updates) tensors.add(register);
  return [...tensors];
}

function bufferOf(tensor: Tensor, given: ReadonlyMap<Tensor, BufferId>): BufferId {
  const buffer = given.get(tensor);
  if (buffer === undefined) throw new AdjointError("graph", "compile", `${tensor} has no buffer`);
  return buffer;
}

/** Copies results that would share a buffer with what the step changes, or with each other's update. */
function separateResults(graph: Graph, { given }: Sources, lowered: Lowered, buffers: BufferTable): Results {
  const groups: Group[] = [...lowered.groups];
  const copied = (buffer: BufferId, tensor: Tensor): BufferId => {
    const copy = copyOf(buffer, tensor, buffers);
    groups.push(copy.group);
    return copy.buffer;
  };
  const named = Object.entries(graph.outputs);
  const updates = graph.updates.map(({ register, next }, index) => ({
    register: bufferOf(register, given),
    next,
    buffer: at(lowered.roots, named.length + index),
  }));

  const updated = new Set(updates.map((update) => update.register));
  // An output that is a register reads the value from before the step, also if the step changes it.
  const outputs = named.map(([name, tensor], index): Port => {
    const buffer = at(lowered.roots, index);
    const own = updated.has(buffer) ? copied(buffer, tensor) : buffer;
    return { name, buffer: own, dtype: tensor.dtype, shape: sizesOf(tensor) };
  });
  const taken = new Set<BufferId>();
  const pending = updates.flatMap(({ register, next, buffer }): PendingUpdate[] => {
    if (buffer === register) return [];
    const isShared = buffers.get(buffer).owner.kind !== "temporary" || taken.has(buffer);
    const own = isShared ? copied(buffer, next) : buffer;
    taken.add(own);
    return [{ register, next: own }];
  });
  return { groups, outputs, updates: pending };
}

/** Merges groups into kernels and orders them, with registers written in place if that is possible. */
function fuseAndOrder(
  { groups, outputs, updates }: Results,
  limits: FusionLimits,
  buffers: BufferTable,
): Schedule {
  const ends = new Set([...buffersOf(outputs), ...updates.map((update) => update.next)]);
  const arrange = (homes: ReadonlyMap<BufferId, BufferId>): Schedule => {
    const fused = fuse(groups, limits, { ends, homes });
    return schedule(
      fused.groups.flatMap((group) => kernelsOf(group, fused.isStored)),
      updates,
      ({ register, next }) => copyKernel(next, register, buffers.get(next).dtype, buffers.get(next).elements),
      buffers,
    );
  };
  // A next value in its register's memory takes no buffer of its own; which are, only the schedule knows.
  let homes = new Map(limits.buffers < Infinity ? updates.map(({ register, next }) => [next, register]) : []);
  let ordered = arrange(homes);
  while ([...homes.keys()].some((next) => !ordered.inPlace.has(next))) {
    homes = new Map([...homes].filter(([next]) => ordered.inPlace.has(next)));
    ordered = arrange(homes);
  }
  return ordered;
}

/** The program with each buffer at its planned location. */
function inMemory(
  { inputs, registers }: Sources,
  { outputs }: Results,
  { kernels }: Schedule,
  { locations, slots }: MemoryPlan,
  buffers: BufferTable,
): CompiledProgram {
  const persistent = buffers.all.reduce(
    (sum, { owner, dtype, elements }) =>
      sum + (owner.kind === "register" || owner.kind === "constant" ? elements * dtypeInfo[dtype].bytes : 0),
    0,
  );
  return {
    kernels,
    buffers: buffers.all.map((buffer, id) => ({ ...buffer, location: at(locations, id) })),
    slots,
    inputs,
    outputs,
    registers,
    peakBytes: persistent + slots.reduce((sum, bytes) => sum + bytes, 0),
  };
}
