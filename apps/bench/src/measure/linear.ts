import { z } from "zod";
import { Child, type Program } from "../partners/child.ts";
import { inFolder } from "../tasks/folder.ts";
import { median, significant } from "./numbers.ts";
import { cnn, mlp } from "../tasks/networks.ts";
import type { LinearRow } from "./rows.ts";
import type { Network } from "../tasks/task.ts";
import { dataOf } from "../tasks/workloads/kinds.ts";

const networks: {
  readonly [name in LinearRow["network"]]: { readonly units: number; make(units: number): Network };
} = {
  mlp: { units: 500, make: (units) => mlp(units) },
  cnn: { units: 512, make: (units) => cnn(units) },
};

const BATCHES = [25, 50, 100, 200, 400];
const UNITS = [125, 250, 500, 1000, 2000];
const BURST = 100;

/** The steps whose times show how cost grows, each network by batch and by hidden units. */
const points = (): readonly Pick<LinearRow, "network" | "batch" | "units">[] =>
  (["mlp", "cnn"] as const).flatMap((network) => [
    ...BATCHES.map((batch) => ({ network, batch, units: networks[network].units })),
    ...UNITS.filter((units) => units !== networks[network].units).map((units) => ({
      network,
      batch: 100,
      units,
    })),
  ]);

interface Facts {
  readonly rounds: number;
  readonly node: string;
  readonly program: Program;
  readonly limit: number;
}

/** Times a training step of ours by batch and by hidden units, on one thread. */
export async function runLinear({ rounds, node, program, limit }: Facts): Promise<readonly LinearRow[]> {
  const rows: LinearRow[] = [];
  for (const { network, batch, units } of points()) {
    const task = { kind: "train", network: networks[network].make(units), batch, checkedSteps: 1 } as const;
    const times = await inFolder(dataOf(task), async (folder) => {
      const child = new Child(program, { contestant: "wasm-fused", threads: 1, task, folder, once: false });
      try {
        await child.answer(z.object({ version: z.string() }), limit);
        const bursts: number[] = [];
        for (let round = 0; round < rounds; round++) {
          child.tell({ burst: BURST });
          bursts.push((await child.answer(z.object({ milliseconds: z.number() }), limit)).milliseconds);
        }
        return bursts;
      } finally {
        await child.stop();
      }
    });
    rows.push({
      workload: "linear",
      backend: "wasm-fused",
      network,
      batch,
      units,
      threads: 1,
      oursMs: significant(median(times), 5),
      rounds,
      node,
    });
  }
  return rows;
}
