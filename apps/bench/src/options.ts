import { parseArgs } from "node:util";
import { z } from "zod";
import {
  type OwnName,
  type PeerName,
  type Platform,
  names,
  ownNames,
  peerNames,
  platforms,
} from "./contestants/names.ts";
import { type WorkloadName, workloadNames } from "./tasks/workloads/table.ts";

/** The options of the command line. */
export interface Options {
  readonly platform: readonly Platform[];
  readonly workload: readonly (WorkloadName | "linear")[];
  readonly backend: readonly OwnName[];
  readonly peer: readonly PeerName[];
  readonly rounds: number;
  readonly threads: readonly number[];
  /** Major versions of Node. */
  readonly node: readonly number[];
  /** Seconds until a contestant's preparation is given up. */
  readonly limit: number;
  readonly json: boolean;
  readonly write: boolean;
  /** Files of JSON lines to report instead of measuring. */
  readonly from: readonly string[];
  readonly help: boolean;
}

const list = <T>(item: z.ZodType<T>): z.ZodType<readonly T[]> =>
  z.array(z.string()).transform((texts, context) => {
    const parts = texts.flatMap((text) => text.split(","));
    return parts.flatMap((part) => {
      const parsed = item.safeParse(part);
      if (parsed.success) return [parsed.data];
      context.addIssue({ code: "custom", message: parsed.error.issues[0]?.message ?? "is wrong" });
      return [];
    });
  });

const oneOf = <T extends string>(allowed: readonly T[]): z.ZodType<T> =>
  z.enum(allowed, { error: ({ input }) => `has ${String(input)}: it is one of ${allowed.join(", ")}` });

const whole = (least: number, most: number): z.ZodType<number> =>
  z.coerce
    .number("has something that is no number")
    .int("has a number that is not whole")
    .min(least, `has a number below ${least}`)
    .max(most, `has a number above ${most}`);

const schema: z.ZodType<Options> = z.object({
  platform: list(oneOf(platforms)),
  workload: list(oneOf([...workloadNames, "linear"] as const)),
  backend: list(oneOf(ownNames)),
  peer: list(oneOf(peerNames)),
  rounds: whole(1, 1000),
  threads: list(whole(1, 64)),
  node: list(whole(20, 99)),
  limit: whole(1, 3600),
  json: z.boolean(),
  write: z.boolean(),
  from: z.array(z.string()),
  help: z.boolean(),
});

/** The command line does not say what to do. */
export class UsageError extends Error {}

const text = { type: "string" } as const;
const texts = { type: "string", multiple: true } as const;
const flag = { type: "boolean", default: false } as const;

/**
 * Reads the command line; names may be repeated or joined by commas.
 * @throws UsageError that names the option that is wrong and what is allowed.
 */
export function parseOptions(argv: readonly string[]): Options {
  const result = schema.safeParse(valuesOf(argv));
  if (!result.success) {
    throw new UsageError(
      result.error.issues.map(({ path, message }) => `--${String(path[0])} ${message}`).join("\n"),
    );
  }
  const { write, from, platform, workload, backend, peer } = result.data;
  const isFull =
    platform.length === platforms.length &&
    workload.length === workloadNames.length + 1 &&
    backend.length === ownNames.length &&
    peer.length === peerNames.length;
  if (write && from.length === 0 && !isFull)
    throw new UsageError(
      "--write is of a full run: give --platform node,chromium and leave out --workload, --backend and --peer, or give --from",
    );
  return result.data;
}

function valuesOf(argv: readonly string[]): object {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        platform: { ...texts, default: ["node"] },
        workload: { ...texts, default: [...workloadNames, "linear"] },
        backend: { ...texts, default: [...ownNames] },
        peer: { ...texts, default: [...peerNames] },
        rounds: { ...text, default: "7" },
        threads: { ...texts, default: ["1", "2"] },
        node: { ...texts, default: ["20", "24"] },
        limit: { ...text, default: "60" },
        json: flag,
        write: flag,
        from: { ...texts, default: [] },
        help: flag,
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

export const help: string = `pnpm bench [options]

Runs Adjoint and its peers in turns, each in a process or page of its own, on the same work and data. Results are
compared with a plain reference before anything is timed. Ratios are ours ÷ peer: below 1 is faster.

  --platform NAMES  node by default; chromium has WebGPU on a software adapter
  --workload NAMES  ${[...workloadNames, "linear"].join(", ").replace("gemm-512", "\n                    gemm-512")}
  --backend NAMES   ${names.node.own.join(", ")}; in Chromium ${names.chromium.own.join(", ")}
  --peer NAMES      ${names.node.peers.join(", ")};
                    in Chromium ${names.chromium.peers.join(", ")}
  --rounds N        bursts of each, of which the median counts; 7 by default
  --threads LIST    1,2 by default
  --node LIST       major versions, 20,24 by default; those that don't run this come through npx
  --limit SECONDS   for a contestant to load, show its results and warm up; 60 by default
  --json            a line of JSON for each pair
  --write           docs/benchmarks.md, of a full run
  --from FILE       report what earlier runs printed with --json
`;
