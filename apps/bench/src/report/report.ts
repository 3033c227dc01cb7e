import { goals, isReached } from "./goals.ts";
import { linearSection } from "./linear-report.ts";
import { digits, table } from "./markdown.ts";
import { isOn, names } from "../contestants/names.ts";
import { contestantTable, notes, peerCell, ratioCell, setting, unique } from "./report-parts.ts";
import { type Line, type Row, isRow } from "../measure/rows.ts";
import { webgpuSection } from "./webgpu-report.ts";
import { type WorkloadName, workloadNames, workloads } from "../tasks/workloads/table.ts";

const { own: ownNames, peers: peerNames } = names.node;

const INTRODUCTION = `# Benchmarks

Made by \`pnpm bench --platform node,chromium --write\`; one workload is \`pnpm bench --workload mlp-train\`, and \`pnpm bench --help\` tells the rest.

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

/** Rows of ours, columns of peers, for one version of Node and number of threads; the first row has the peers' times. */
function block(rows: readonly Row[], hasPeak: boolean): readonly (readonly string[])[] {
  const [first] = rows;
  if (first === undefined) return [];
  const where = [first.node.split(".")[0] ?? "", String(first.threads)];
  const peerTimes = peerNames.map((peer) => peerCell(rows.find((each) => each.peer === peer)));
  const own = ownNames.flatMap((backend) => {
    const ofBackend = rows.filter((row) => row.backend === backend);
    const [row] = ofBackend;
    if (row === undefined || row.oursMs === null) return [];
    const ratios = peerNames.map((peer) => ratioCell(ofBackend.find((each) => each.peer === peer)));
    const share = row.shareOfPeak === null ? "–" : `${digits(100 * row.shareOfPeak)} %`;
    return [[...where, `\`${backend}\``, digits(row.oursMs), ...(hasPeak ? [share] : []), ...ratios]];
  });
  return [[...where, "peers, ms", "", ...(hasPeak ? [""] : []), ...peerTimes], ...own];
}

const placeOf = ({ node, threads }: Row): string =>
  `Node ${node.split(".")[0]}, ${threads === 1 ? "1 thread" : `${threads} threads`}`;

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
    ...notes(rows, placeOf),
  ].join("\n\n");
}

/** The workloads on all versions of Node. */
function nodeSections(rows: readonly Row[]): readonly string[] {
  const { machine, rounds } = setting(rows);
  const measured = workloadNames.flatMap((name) => {
    const own = rows.filter(({ workload }) => workload === name);
    return own.length === 0 ? [] : [workloadSection(name, own)];
  });
  return [
    `${machine} Node ${unique(rows.map(({ node }) => node)).join(" and ")}. ${rounds}`,
    contestantTable("node", rows),
    goalTable(rows),
    "## Workloads",
    ...measured,
  ];
}

/** The page of some lines, as Markdown. */
export function page(lines: readonly Line[]): string {
  const rows = lines.filter(isRow);
  const linear = lines.filter((line) => !isRow(line));
  const inNode = rows.filter(({ backend }) => isOn("node", backend));
  const inChromium = rows.filter(({ backend }) => isOn("chromium", backend));
  const sections = [
    INTRODUCTION.trimEnd(),
    ...(inNode.length === 0 ? [] : nodeSections(inNode)),
    ...(inChromium.length === 0 ? [] : [webgpuSection(inChromium)]),
    ...(linear.length === 0 ? [] : [linearSection(linear)]),
  ];
  return `${sections.join("\n\n")}\n`;
}
