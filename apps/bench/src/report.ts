import { contestants, ownNames } from "./contestants.ts";
import { goals, isReached } from "./goals.ts";
import { linearSection } from "./linear-report.ts";
import { digits, table } from "./markdown.ts";
import { peerNames } from "./peers/names.ts";
import { type Line, type Row, isRow } from "./rows.ts";
import { type WorkloadName, workloadNames, workloads } from "./workloads/table.ts";

const unique = <T>(items: readonly T[]): readonly T[] => [...new Set(items)];

const INTRODUCTION = `# Benchmarks

Made by \`pnpm bench --write\`; one workload is \`pnpm bench --workload mlp-train\`, and \`pnpm bench --help\` tells the rest.

Each contestant runs in a process of its own on the same data. Its results are compared with plain loops over doubles
before anything is timed; one that disagrees gets an error and no time. Then all take turns: a burst each, of at least
100 ms, round after round. Times are medians of the rounds in milliseconds. **Ratios are ours ÷ peer at as many threads: below 1, we
are faster.** "<" stands before a ratio to a peer that did not finish its first run in the time allowed.

What is the same for all: training reads its loss at every step, and goes round eight sets of labels over one batch of
images, so that it never converges. Peers have their batches in tensors of their own before the clock starts; ours are copied
in at every step. Inference goes from host memory to host memory. Products, the elementwise chain and softmax
read and write tensors that stay with the contestant; ONNX Runtime has no such place from JavaScript, and its feeds and
fetches count. PyTorch convolves channels last, which is faster. TensorFlow.js uses its fused products and convolutions.
`;

/** What the times are of. */
function setting(rows: readonly Row[]): string {
  const machines = unique(rows.map(({ cpu, cores }) => `${cpu}, ${cores} cores`));
  const versions = new Map(
    rows.flatMap(({ backend, oursVersion, peer, peerVersion }) => [
      ...(oursVersion === null ? [] : [[backend, oursVersion] as const]),
      ...(peerVersion === null ? [] : [[peer, peerVersion] as const]),
    ]),
  );
  const rounds = unique(rows.map((row) => row.rounds));
  const all = [...ownNames, ...peerNames].map((name) => [
    `\`${name}\``,
    versions.get(name) ?? "–",
    contestants[name].about,
  ]);
  return [
    `Machine: ${machines.join("; ")}. Node ${unique(rows.map(({ node }) => node)).join(" and ")}. ${rounds.join(", ")} rounds.`,
    table([["contestant", "version", "what it is"], ...all]),
  ].join("\n\n");
}

function goalTable(rows: readonly Row[]): string {
  const lines = goals.flatMap((goal) =>
    goal.workloads.map((workload) => {
      const value = goal.measure(rows.filter((row) => row.workload === workload));
      const unit = goal.unit === undefined ? "" : ` ${goal.unit}`;
      return [
        workload,
        goal.text,
        `${goal.isFloor === true ? "≥" : "≤"} ${goal.limit}${unit}`,
        value === undefined ? "–" : `${digits(value)}${unit}`,
        value === undefined ? "not measured" : isReached(goal, value) ? "reached" : "**missed**",
      ];
    }),
  );
  return [
    "## Goals",
    "Where a goal names no threads or version of Node, the worst of all is told.",
    table([["workload", "goal", "limit", "measured", ""], ...lines]),
  ].join("\n\n");
}

const ratioCell = ({ ratio, isBound }: Row): string =>
  (isBound && ratio !== null ? "< " : "") + digits(ratio);

/** Rows of ours, columns of peers, for one version of Node and number of threads; the first row has the peers' times. */
function block(rows: readonly Row[], hasPeak: boolean): readonly (readonly string[])[] {
  const [first] = rows;
  if (first === undefined) return [];
  const where = [first.node.split(".")[0] ?? "", String(first.threads)];
  const peerTimes = peerNames.map((peer) => {
    const row = rows.find((each) => each.peer === peer);
    return (row?.isBound === true ? "> " : "") + digits(row?.peerMs);
  });
  const own = ownNames.flatMap((backend) => {
    const ofBackend = rows.filter((row) => row.backend === backend);
    const [row] = ofBackend;
    if (row === undefined || row.oursMs === null) return [];
    const ratios = peerNames.map((peer) => {
      const pair = ofBackend.find((each) => each.peer === peer);
      return pair === undefined ? "–" : ratioCell(pair);
    });
    const share = row.shareOfPeak === null ? "–" : `${digits(100 * row.shareOfPeak)} %`;
    return [[...where, `\`${backend}\``, digits(row.oursMs), ...(hasPeak ? [share] : []), ...ratios]];
  });
  return [[...where, "peers, ms", "", ...(hasPeak ? [""] : []), ...peerTimes], ...own];
}

function workloadSection(name: WorkloadName, rows: readonly Row[]): string {
  const hasPeak = rows.some(({ shareOfPeak }) => shareOfPeak !== null);
  const head = [
    "Node",
    "threads",
    "",
    "ms",
    ...(hasPeak ? ["of peak"] : []),
    ...peerNames.map((peer) => `÷ ${peer}`),
  ];
  const blocks = unique(rows.map(({ node }) => node)).flatMap((node) =>
    unique(rows.map(({ threads }) => threads)).flatMap((threads) =>
      block(
        rows.filter((row) => row.node === node && row.threads === threads),
        hasPeak,
      ),
    ),
  );
  const { about } = workloads[name];
  const peak =
    "The peak is that of a loop of the same instructions that never leaves its registers, timed in the same process beside each burst, times the number of threads.";
  return [
    `### ${name}`,
    `Timed: ${about}.${hasPeak ? ` ${peak}` : ""}`,
    table([head, ...blocks]),
    ...notes(rows),
  ].join("\n\n");
}

/** Why there is no time, each reason once with those whom it is about. */
function notes(rows: readonly Row[]): readonly string[] {
  const told = rows.flatMap(({ backend, oursNote, peer, peerNote, node, threads }) => {
    const where = `Node ${node.split(".")[0]}, ${threads === 1 ? "1 thread" : `${threads} threads`}`;
    return [
      ...(oursNote === null ? [] : [{ about: `\`${backend}\` ${oursNote}`, where }]),
      ...(peerNote === null ? [] : [{ about: `\`${peer}\` ${peerNote}`, where }]),
    ];
  });
  const wheres = unique(rows.map(({ node, threads }) => `${node} ${threads}`)).length;
  const lines = unique(told.map(({ about }) => about)).map((about) => {
    const places = unique(told.filter((each) => each.about === about).map(({ where }) => where));
    return `- ${about}${places.length === wheres ? "" : ` (${places.join("; ")})`}`;
  });
  return lines.length === 0 ? [] : [lines.join("\n")];
}

/** The page of some lines, as Markdown. */
export function page(lines: readonly Line[]): string {
  const rows = lines.filter(isRow);
  const linear = lines.filter((line) => !isRow(line));
  const measured = workloadNames.flatMap((name) => {
    const own = rows.filter(({ workload }) => workload === name);
    return own.length === 0 ? [] : [workloadSection(name, own)];
  });
  const sections = [
    INTRODUCTION.trimEnd(),
    ...(rows.length === 0 ? [] : [setting(rows), goalTable(rows), "## Workloads", ...measured]),
    ...(linear.length === 0 ? [] : [linearSection(linear)]),
  ];
  return `${sections.join("\n\n")}\n`;
}
