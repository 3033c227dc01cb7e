import { pairsOf } from "../src/measure/pairs.ts";
import type { Outcome } from "../src/measure/rounds.ts";
import type { Row } from "../src/measure/rows.ts";

/** An outcome with a time, or with what else is given. */
export const outcome = (
  name: Outcome["name"],
  milliseconds: number | undefined,
  other: Partial<Outcome> = {},
): Outcome => ({
  name,
  threads: 1,
  milliseconds,
  spread: milliseconds === undefined ? undefined : [milliseconds / 2, milliseconds * 2],
  isBound: false,
  note: undefined,
  version: "1.2.3",
  shareOfPeak: undefined,
  ...other,
});

export const rowsOf = (
  workload: Row["workload"],
  outcomes: readonly Outcome[],
  node = "20.20.2",
): readonly Row[] => pairsOf(outcomes, { workload, rounds: 3, node, cpu: "Abacus", cores: 2 });

export const chromiumRowsOf = (workload: Row["workload"], outcomes: readonly Outcome[]): readonly Row[] =>
  pairsOf(outcomes, {
    workload,
    rounds: 3,
    node: "Chromium 150.1",
    cpu: "Abacus",
    cores: 2,
    adapter: "paper and pencil",
  });
