import type { OwnName, PeerName } from "../contestants/names.ts";
import type { Row } from "../measure/rows.ts";
import { type WorkloadName, workloads } from "../tasks/workloads/table.ts";

/** The rows of one workload. */
type Rows = readonly Row[];

export interface Goal {
  readonly workloads: readonly WorkloadName[];
  readonly text: string;
  /** The measured value; undefined if its rows are missing. */
  measure(rows: Rows): number | undefined;
  readonly limit: number;
  /** The measured number must be at least the limit; else at most. */
  readonly isFloor?: true;
  readonly unit?: "%" | "ns an element";
}

interface Where {
  readonly backend?: OwnName;
  readonly peers?: readonly PeerName[];
  readonly threads?: number;
  readonly major?: number;
}

/** Does the version belong to that major version? */
const isMajor = ({ node }: Row, major: number): boolean => Number(node.split(".")[0]) === major;

const chosen = (rows: Rows, { backend, peers, threads, major }: Where): Rows =>
  rows.filter(
    (row) =>
      (backend === undefined || row.backend === backend) &&
      (peers === undefined || peers.includes(row.peer)) &&
      (threads === undefined || row.threads === threads) &&
      (major === undefined || isMajor(row, major)),
  );

const most = (numbers: readonly number[]): number | undefined =>
  numbers.length === 0 ? undefined : Math.max(...numbers);

const present = (numbers: readonly (number | null)[]): readonly number[] =>
  numbers.filter((number) => number !== null);

/** The worst ratio of the chosen rows: a goal holds for all of them. */
const worstRatio =
  (where: Where) =>
  (rows: Rows): number | undefined =>
    most(present(chosen(rows, where).map(({ ratio }) => ratio)));

/** Two threads of ours beside the better of the peer's threads. */
const besidePytorchsBest =
  (backend: OwnName, major: number) =>
  (rows: Rows): number | undefined => {
    const [own] = present(chosen(rows, { backend, threads: 2, major }).map(({ oursMs }) => oursMs));
    const peer = present(chosen(rows, { peers: ["pytorch"], major }).map(({ peerMs }) => peerMs));
    return own === undefined || peer.length === 0 ? undefined : own / Math.min(...peer);
  };

const nanoseconds =
  (where: Where) =>
  (rows: Rows): number | undefined => {
    const { task } = workloads["elementwise-1m"];
    if (task.kind !== "elementwise") return undefined;
    const slowest = most(present(chosen(rows, where).map(({ oursMs }) => oursMs)));
    return slowest === undefined ? undefined : (slowest * 1e6) / task.elements;
  };

const leastShare = (rows: Rows): number | undefined => {
  const shares = present(rows.map(({ shareOfPeak }) => shareOfPeak));
  return shares.length === 0 ? undefined : 100 * Math.min(...shares);
};

const javascript: readonly PeerName[] = ["tfjs-cpu", "tfjs-wasm", "jax-js", "onnxruntime-web"];
const fused = "wasm-fused";

/** The project's goals; a goal that names no version of Node or number of threads is for the worst of all. */
export const goals: readonly Goal[] = [
  {
    workloads: ["mlp-train"],
    text: "fused, 2 threads, Node 20, beside the better of PyTorch's 1 and 2 threads",
    measure: besidePytorchsBest(fused, 20),
    limit: 0.7,
  },
  {
    workloads: ["mlp-train"],
    text: "plain, 2 threads, Node 20, beside the better of PyTorch's",
    measure: besidePytorchsBest("wasm", 20),
    limit: 1,
  },
  {
    workloads: ["mlp-train"],
    text: "wide, 2 threads, Node 24, beside the better of PyTorch's",
    measure: besidePytorchsBest("wasm-wide", 24),
    limit: 0.45,
  },
  {
    workloads: ["mlp-train"],
    text: "fused beside jax-js at equal threads",
    measure: worstRatio({ backend: fused, peers: ["jax-js"] }),
    limit: 0.35,
  },
  {
    workloads: ["mlp-train"],
    text: "fused beside tfjs-wasm at equal threads",
    measure: worstRatio({ backend: fused, peers: ["tfjs-wasm"] }),
    limit: 0.08,
  },
  {
    workloads: ["cnn-train"],
    text: "fused beside PyTorch at equal threads",
    measure: worstRatio({ backend: fused, peers: ["pytorch"] }),
    limit: 1.5,
  },
  {
    workloads: ["cnn-train"],
    text: "wide beside PyTorch at equal threads",
    measure: worstRatio({ backend: "wasm-wide", peers: ["pytorch"] }),
    limit: 0.8,
  },
  {
    workloads: ["cnn-train"],
    text: "fused beside every JavaScript peer",
    measure: worstRatio({ backend: fused, peers: javascript }),
    limit: 0.01,
  },
  {
    workloads: ["gemm-512", "gemm-1024"],
    text: "share of the register-only peak, the least of all variants",
    measure: leastShare,
    limit: 85,
    isFloor: true,
    unit: "%",
  },
  {
    workloads: ["gemm-512", "gemm-1024"],
    text: "fused beside onnxruntime-web at equal threads",
    measure: worstRatio({ backend: fused, peers: ["onnxruntime-web"] }),
    limit: 0.5,
  },
  {
    workloads: ["mlp-infer-1", "mlp-infer-100", "cnn-infer-1", "cnn-infer-100"],
    text: "fused beside onnxruntime-web and tfjs-wasm at equal threads",
    measure: worstRatio({ backend: fused, peers: ["onnxruntime-web", "tfjs-wasm"] }),
    limit: 0.6,
  },
  {
    workloads: ["mlp-infer-1"],
    text: "fused beside onnxruntime-node at equal threads",
    measure: worstRatio({ backend: fused, peers: ["onnxruntime-node"] }),
    limit: 1,
  },
  {
    workloads: ["elementwise-1m"],
    text: "fused on 1 thread",
    measure: nanoseconds({ backend: fused, threads: 1 }),
    limit: 3.4,
    unit: "ns an element",
  },
  {
    workloads: ["elementwise-1m"],
    text: "fused beside every peer at equal threads",
    measure: worstRatio({ backend: fused }),
    limit: 0.6,
  },
  {
    workloads: ["first-step"],
    text: "fused beside every JavaScript peer",
    measure: worstRatio({ backend: fused, peers: javascript }),
    limit: 0.5,
  },
  {
    workloads: ["first-step"],
    text: "compiled ahead of time, beside every JavaScript peer",
    measure: worstRatio({ backend: "wasm-ahead", peers: javascript }),
    limit: 0.5,
  },
];

export const isReached = ({ limit, isFloor }: Goal, measured: number): boolean =>
  isFloor === true ? measured >= limit : measured <= limit;
