import type { Outcome, Result } from "./run-test.ts";

export type Counts = { readonly [outcome in Outcome]: number } & { readonly total: number };

export const countsOf = (results: readonly Result[]): Counts => {
  const count = (outcome: Outcome): number => results.filter(({ result }) => result === outcome).length;
  return {
    passed: count("passed"),
    failed: count("failed"),
    unsupported: count("unsupported"),
    total: results.length,
  };
};

/** Counts of the groups that a result belongs to, by name. */
export function countsBy(
  results: readonly Result[],
  groups: (result: Result) => readonly string[],
): readonly (readonly [string, Counts])[] {
  const members = new Map<string, Result[]>();
  for (const result of results)
    for (const group of groups(result)) members.set(group, [...(members.get(group) ?? []), result]);
  return [...members]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, group]) => [name, countsOf(group)] as const);
}

/** `97.1 %`, cut, never rounded up. */
export const percent = ({ passed, total }: Counts): string =>
  total === 0 ? "–" : `${(Math.floor((passed / total) * 1000) / 10).toFixed(1)} %`;
