import { digits, table } from "./markdown.ts";
import { names } from "../contestants/names.ts";
import { contestantTable, notes, peerCell, ratioCell, setting, unique } from "./report-parts.ts";
import type { Row } from "../measure/rows.ts";
import { workloadNames } from "../tasks/workloads/table.ts";

const INTRODUCTION = `## WebGPU

The same work in Chromium: each contestant on a page of its own, all on one adapter, in turns, and compared with the
same plain loops first. Every step waits for the device. Training and inference read their results back; products, the
elementwise chain and softmax leave theirs on the device, ONNX Runtime's too, and wait until its queue is empty (ours reads 16 bytes, by
which it hears of failures). tiny-train and tiny-infer are of the network 4-4-10 on one image: what a step costs beside its kernels.
\`pnpm bench --platform chromium\` measures it all.`;

const WHAT_IT_TELLS = `### What these times tell about a GPU, and what not

The adapter is a software one: it compiles shaders to code of the processor and runs them on its cores, so these are times of that
driver's code. No goal of the project rests on them.

- **In part they carry over**: what a step costs beside its kernels. Dispatches, submits, uploads, read-backs, and how often JavaScript
  waits go the same way through the browser's command buffer, its validation, and its GPU process on every adapter. On a fast GPU they are a
  larger share of a step than here. tiny-train and tiny-infer are hardly anything else.
- **They don't**: how fast a kernel is. Memory that a workgroup shares is ordinary memory here, and at a barrier the
  workgroup's code is suspended and resumed in software, so tiles and trees in a workgroup, which GPUs reward, cost more than they save; a kernel
  without them may look better here and lose on a GPU. There is no occupancy, no latency to hide, no coalescing and no bank
  conflict. Memory is the processor's, and so is its bandwidth.
- Ratios of products, softmax and large batches therefore tell how kernels suit this driver. A ratio near 1 does not say that
  the kernels would be equals on a GPU, nor a large one who would win.`;

/** Ours and the peers by workload on one version of Chromium. */
function times(rows: readonly Row[]): string {
  const { own, peers } = names.chromium;
  const lines = workloadNames.flatMap((workload) =>
    own.flatMap((backend) => {
      const ofWorkload = rows.filter((row) => row.workload === workload && row.backend === backend);
      const [first] = ofWorkload;
      if (first === undefined) return [];
      const pairs = peers.map((peer) => ofWorkload.find((row) => row.peer === peer));
      return [[workload, digits(first.oursMs), ...pairs.map(peerCell), ...pairs.map(ratioCell)]];
    }),
  );
  const head = [
    "workload",
    ...[...own, ...peers].map((name) => `${name}, ms`),
    ...peers.map((peer) => `÷ ${peer}`),
  ];
  return table([head, ...lines]);
}

/** Rows of Chromium, with what a software adapter tells and what not. */
export function webgpuSection(rows: readonly Row[]): string {
  const { machine, rounds } = setting(rows);
  const browsers = unique(rows.map(({ node }) => node)).join(" and ");
  const adapters = unique(rows.map(({ adapter }) => adapter ?? "unknown")).join("; ");
  return [
    INTRODUCTION,
    `${machine} ${browsers}, adapter: ${adapters}. ${rounds}`,
    contestantTable("chromium", rows),
    times(rows),
    ...notes(rows, ({ workload }) => workload),
    WHAT_IT_TELLS,
  ].join("\n\n");
}
