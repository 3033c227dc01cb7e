import { z } from "zod";
import { type OwnName, type PeerName, ownNames, peerNames } from "../contestants/names.ts";
import { type WorkloadName, workloadNames } from "../tasks/workloads/table.ts";

/** One of ours beside one peer at as many threads on one version of Node: a line of `--json`. */
export interface Row {
  readonly workload: WorkloadName;
  readonly backend: OwnName;
  readonly peer: PeerName;
  readonly threads: number;
  /** Medians; nothing if there is none, for which a note tells the reason. */
  readonly oursMs: number | null;
  readonly peerMs: number | null;
  /** oursMs / peerMs. */
  readonly ratio: number | null;
  readonly rounds: number;
  /** Version of Node, or "Chromium" and its version. */
  readonly node: string;
  readonly oursNote: string | null;
  readonly peerNote: string | null;
  /** The peer took longer than `peerMs`, so the ratio is an upper bound. */
  readonly isBound: boolean;
  /** Least and most of the rounds. */
  readonly oursSpread: readonly [number, number] | null;
  readonly peerSpread: readonly [number, number] | null;
  /** Of the loop that never leaves its registers, on as many threads. */
  readonly shareOfPeak: number | null;
  readonly oursVersion: string | null;
  readonly peerVersion: string | null;
  readonly cpu: string;
  readonly cores: number;
  /** The adapter of WebGPU. */
  readonly adapter?: string;
}

/** A step's time by batch and hidden units, ours alone: a line of `--json` too. */
export interface LinearRow {
  readonly workload: "linear";
  readonly backend: OwnName;
  readonly network: "mlp" | "cnn";
  readonly batch: number;
  readonly units: number;
  readonly threads: number;
  readonly oursMs: number;
  readonly rounds: number;
  readonly node: string;
}

export type Line = Row | LinearRow;

const time = z.number().positive().nullable();
const spread = z.tuple([z.number(), z.number()]).readonly().nullable();
const size = z.int().min(1);

const rowSchema: z.ZodType<Row> = z.strictObject({
  workload: z.enum(workloadNames),
  backend: z.enum(ownNames),
  peer: z.enum(peerNames),
  threads: size,
  oursMs: time,
  peerMs: time,
  ratio: time,
  rounds: size,
  node: z.string(),
  oursNote: z.string().nullable(),
  peerNote: z.string().nullable(),
  isBound: z.boolean(),
  oursSpread: spread,
  peerSpread: spread,
  shareOfPeak: z.number().nullable(),
  oursVersion: z.string().nullable(),
  peerVersion: z.string().nullable(),
  cpu: z.string(),
  cores: size,
  adapter: z.string().exactOptional(),
});

const linearSchema: z.ZodType<LinearRow> = z.strictObject({
  workload: z.literal("linear"),
  backend: z.enum(ownNames),
  network: z.enum(["mlp", "cnn"]),
  batch: size,
  units: size,
  threads: size,
  oursMs: z.number().positive(),
  rounds: size,
  node: z.string(),
});

const lineSchema: z.ZodType<Line> = z.union([rowSchema, linearSchema]);

/** Reads a line that `--json` printed. */
export const parseLine = (line: string): Line => lineSchema.parse(JSON.parse(line));

export const isRow = (line: Line): line is Row => line.workload !== "linear";
