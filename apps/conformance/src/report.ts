import { type Counts, countsBy, countsOf, percent } from "./counts.ts";
import type { Result } from "./run-test.ts";

const line = (name: string, counts: Counts): string =>
  [
    name.padEnd(36),
    ...[counts.passed, counts.failed, counts.unsupported, counts.total].map((count) =>
      String(count).padStart(12),
    ),
    percent(counts).padStart(9),
  ].join("");

const header = [
  "".padEnd(36),
  ...["passed", "failed", "unsupported", "total"].map((word) => word.padStart(12)),
].join("");

/** Operators and folders with counts, and why each test that did not pass did not. */
export function textReport(results: readonly Result[]): string {
  const reasons = results
    .filter(({ result }) => result !== "passed")
    .map(({ folder, test, result, reason }) => `${result}: ${folder}/${test}: ${reason}`);
  return [
    ...reasons,
    "",
    header,
    ...countsBy(results, ({ operators }) => operators).map(([name, counts]) => line(name, counts)),
    "",
    header,
    ...countsBy(results, ({ folder }) => [folder]).map(([name, counts]) => line(name, counts)),
    line("all", countsOf(results)),
  ].join("\n");
}

/** One line of JSON. */
export const jsonLine = ({ folder, test, result, reason }: Result): string =>
  JSON.stringify({ folder, test, result, reason });

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");

const row = (name: string, counts: Counts): string =>
  `| ${name} | ${counts.passed} | ${counts.failed} | ${counts.unsupported} | ${counts.total} | ${percent(counts)} |`;

const table = (title: string, rows: readonly (readonly [string, Counts])[]): readonly string[] => [
  `| ${title} | passed | failed | unsupported | total | |`,
  "|---|---:|---:|---:|---:|---:|",
  ...rows.map(([name, counts]) => row(name, counts)),
];

/** A backend's part of `docs/onnx-conformance.md`. */
export function markdownSection(backend: string, results: readonly Result[]): string {
  const rest = results.filter(({ result }) => result !== "passed");
  return [
    `## ${backend}`,
    "",
    ...table("folder", [...countsBy(results, ({ folder }) => [folder]), ["all", countsOf(results)]]),
    "",
    "A test counts for each operator that its model uses.",
    "",
    ...table(
      "operator",
      countsBy(results, ({ operators }) => operators),
    ),
    "",
    "Tests that do not pass:",
    "",
    "| test | result | reason |",
    "|---|---|---|",
    ...rest.map(({ folder, test, result, reason }) => `| ${folder}/${test} | ${result} | ${cell(reason)} |`),
    "",
  ].join("\n");
}
