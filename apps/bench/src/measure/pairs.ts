import { type PeerName, isOwn } from "../contestants/names.ts";
import { significant } from "./numbers.ts";
import type { Outcome } from "./rounds.ts";
import type { Row } from "./rows.ts";

type Facts = Pick<Row, "workload" | "rounds" | "node" | "cpu" | "cores" | "adapter">;

/** Each of ours beside each peer at the same number of threads. */
export function pairsOf(outcomes: readonly Outcome[], facts: Facts): readonly Row[] {
  const peers = outcomes.filter(({ name }) => !isOwn(name));
  return outcomes.flatMap((ours) => {
    const { name } = ours;
    if (!isOwn(name)) return [];
    return peers
      .filter(({ threads }) => threads === ours.threads)
      .map((peer): Row => {
        const [oursMs, peerMs] = [ours.milliseconds ?? null, peer.milliseconds ?? null];
        return {
          workload: facts.workload,
          backend: name,
          peer: peer.name as PeerName, // Those of ours are left out above.
          threads: ours.threads,
          oursMs,
          peerMs,
          ratio: oursMs === null || peerMs === null ? null : significant(oursMs / peerMs, 4),
          rounds: facts.rounds,
          node: facts.node,
          oursNote: ours.note ?? null,
          peerNote: peer.note ?? null,
          isBound: peer.isBound,
          oursSpread: ours.spread === undefined ? null : [...ours.spread],
          peerSpread: peer.spread === undefined ? null : [...peer.spread],
          shareOfPeak: ours.shareOfPeak ?? null,
          oursVersion: ours.version ?? null,
          peerVersion: peer.version ?? null,
          cpu: facts.cpu,
          cores: facts.cores,
          ...(facts.adapter !== undefined && { adapter: facts.adapter }),
        };
      });
  });
}
