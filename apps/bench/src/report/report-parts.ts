import { contestants } from "../contestants/table.ts";
import { digits, table } from "./markdown.ts";
import { type Platform, names } from "../contestants/names.ts";
import type { Row } from "../measure/rows.ts";

export const unique = <T>(items: readonly T[]): readonly T[] => [...new Set(items)];

/** The processor and versions that the times are from, and the number of rounds. */
export function setting(rows: readonly Row[]): { readonly machine: string; readonly rounds: string } {
  const machines = unique(rows.map(({ cpu, cores }) => `${cpu}, ${cores} cores`));
  return {
    machine: `Machine: ${machines.join("; ")}.`,
    rounds: `${unique(rows.map((row) => row.rounds)).join(", ")} rounds.`,
  };
}

/** All that take part on a platform, with their versions. */
export function contestantTable(platform: Platform, rows: readonly Row[]): string {
  const versions = new Map(
    rows.flatMap(({ backend, oursVersion, peer, peerVersion }) => [
      ...(oursVersion === null ? [] : [[backend, oursVersion] as const]),
      ...(peerVersion === null ? [] : [[peer, peerVersion] as const]),
    ]),
  );
  const all = [...names[platform].own, ...names[platform].peers].map((name) => [
    `\`${name}\``,
    versions.get(name) ?? "–",
    contestants[name].about,
  ]);
  return table([["contestant", "version", "what it is"], ...all]);
}

export const ratioCell = (row: Row | undefined): string =>
  (row?.isBound === true && row.ratio !== null ? "< " : "") + digits(row?.ratio);

export const peerCell = (row: Row | undefined): string =>
  (row?.isBound === true ? "> " : "") + digits(row?.peerMs);

/** The reasons for missing times, each once with the contestants it concerns, and with the environments unless it holds in all of them. */
export function notes(rows: readonly Row[], whereOf: (row: Row) => string): readonly string[] {
  const told = rows.flatMap((row) => {
    const { backend, oursNote, peer, peerNote } = row;
    return [
      ...(oursNote === null ? [] : [{ about: `\`${backend}\` ${oursNote}`, where: whereOf(row) }]),
      ...(peerNote === null ? [] : [{ about: `\`${peer}\` ${peerNote}`, where: whereOf(row) }]),
    ];
  });
  const wheres = unique(rows.map(whereOf)).length;
  const lines = unique(told.map(({ about }) => about)).map((about) => {
    const places = unique(told.filter((each) => each.about === about).map(({ where }) => where));
    return `- ${about}${places.length === wheres ? "" : ` (${places.join("; ")})`}`;
  });
  return lines.length === 0 ? [] : [lines.join("\n")];
}
