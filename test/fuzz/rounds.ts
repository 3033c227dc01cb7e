import { AdjointError, type Graph, type Tensor, program } from "@adjoint/ir";
import { check } from "@adjoint/ir/graph";
import type { Feeds, FuzzCase } from "./fuzz-case.ts";
import type { Draw, Shared } from "./draw.ts";
import { randomValue } from "./elements.ts";
import { boundTo, isWithin, symbolized } from "./symbolic.ts";

/** Sizes that a symbol has beside the one that the program was made with. */
const otherSizes = [1, 2, 3, 7, 8, 16, 17, 33];

/** Makers may refuse what was drawn for them; anything but a clear refusal is a fault. */
export function attempt<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch (error) {
    if (error instanceof AdjointError) return undefined;
    throw error;
  }
}

type Entries = FuzzCase["entries"];

/** The entries for any size, if they hold for sizes other than the one that they were made with. */
function opened(entries: Entries, size: number): Entries | undefined {
  // What was refused for one size is refused for any: registers fit their updates, and bodies what they are given.
  const openedGraph = (graph: Graph): Graph => {
    const made = program(symbolized(graph, size));
    check(made);
    return made;
  };
  const made = attempt(() =>
    Object.fromEntries(Object.entries(entries).map(([name, graph]) => [name, openedGraph(graph)])),
  );
  const isOpen = (graph: Graph): boolean =>
    Object.values(graph.inputs).some(({ shape }) => shape.some((each) => typeof each !== "number"));
  return made !== undefined && Object.values(made).some(isOpen) ? made : undefined;
}

/** The shape of an input once the symbol, which was `size`, is `now`. */
const shapeAt = ({ shape }: Tensor, home: readonly number[], size: number, now: number): number[] =>
  shape.map((each, axis) => {
    const own = home[axis] ?? 0;
    return typeof each === "number" ? own : (own / size) * now;
  });

/**
 * Runs of all entries, some rounds of them with other elements each, and if the program holds for other sizes, with those:
 * what a run leaves in memory must change no later one.
 */
export function inRounds(entries: Entries, shared: Shared, draw: Draw): FuzzCase {
  const { size } = shared;
  const open = size === undefined ? undefined : opened(entries, size);
  const own = open ?? entries;
  const feedsOf = (round: number, now: number): Feeds =>
    Object.fromEntries(
      Object.entries(shared.feeds).map(([name, value]) => {
        const tensor = Object.values(own).find(({ inputs }) => inputs[name] !== undefined)?.inputs[name];
        if (round === 0 || tensor === undefined) return [name, value];
        const shape = shapeAt(tensor, value.shape, size ?? 1, now);
        return [name, randomValue(value.dtype, shape, shared.manners[name] ?? "plain", shared.words)];
      }),
    );
  const graphs = Object.values(entries);
  const hasInputs = graphs.some(({ inputs }) => Object.keys(inputs).length > 0);
  const hasUpdates = graphs.some(({ updates }) => updates.length > 0);
  const home = size ?? 1;
  const other = (): number => draw.pick(otherSizes) ?? 1;
  const another = (): number => (draw.chance(2) ? home : other());
  const more = draw.int(4);
  let rounds = [home];
  if (open !== undefined) rounds = [home, other(), another()];
  else if (hasInputs || hasUpdates)
    rounds = Array.from({ length: more === 3 ? 3 : more > 0 || hasUpdates ? 2 : 1 }, () => home);
  const runs = rounds.flatMap((now, round) => {
    const all = feedsOf(round, now);
    const each = Object.entries(own).map(([entry, graph]) => ({ entry, feeds: fedTo(graph, all) }));
    const holds = each.every(({ entry, feeds }) => {
      const graph = own[entry];
      const bound = graph && attempt(() => boundTo(graph, feeds));
      return bound !== undefined && (now === home || isWithin(bound, 8 * shared.limits.elements));
    });
    return holds ? each : [];
  });
  return { entries: own, runs };
}

const fedTo = (graph: Graph, feeds: Feeds): Feeds =>
  Object.fromEntries(Object.entries(feeds).filter(([name]) => Object.hasOwn(graph.inputs, name)));
