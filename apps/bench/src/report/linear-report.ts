import { digits, table } from "./markdown.ts";
import { cnn, mlp, multiplyAdds } from "../tasks/networks.ts";
import type { LinearRow } from "../measure/rows.ts";
import type { Network } from "../tasks/task.ts";

const networks: {
  readonly [name in LinearRow["network"]]: { readonly title: string; make(units: number): Network };
} = {
  mlp: { title: "MLP", make: mlp },
  cnn: { title: "CNN", make: cnn },
};

/** The batch at which hidden units grow. */
const BATCH = 100;

/** Times in the order of what grows, with what they are for each product of a number by a weight. */
function growth(rows: readonly LinearRow[], title: string, sizeOf: (row: LinearRow) => number): string {
  const cost = ({ network, units, batch, oursMs }: LinearRow): number =>
    (oursMs * 1e6) / (batch * multiplyAdds(networks[network].make(units)));
  const lines = rows
    .toSorted((a, b) => a.node.localeCompare(b.node) || sizeOf(a) - sizeOf(b))
    .map((row) => [
      row.node.split(".")[0] ?? "",
      String(sizeOf(row)),
      digits(row.oursMs),
      digits(1000 * cost(row)),
    ]);
  return table([["Node", title, "ms", "ns for 1,000 forward products"], ...lines]);
}

/** The growth of a training step's time with its batch and its hidden units. */
export function linearSection(rows: readonly LinearRow[]): string {
  const sections = (["mlp", "cnn"] as const).flatMap((network) => {
    const own = rows.filter((row) => row.network === network);
    const base = own.find(({ batch }) => batch !== BATCH)?.units;
    const { title } = networks[network];
    return [
      `### ${title}, by batch, with ${base ?? "as many"} hidden units`,
      growth(
        own.filter(({ units }) => units === base),
        "batch",
        ({ batch }) => batch,
      ),
      `### ${title}, by hidden units, at batch ${BATCH}`,
      growth(
        own.filter(({ batch }) => batch === BATCH),
        "hidden units",
        ({ units }) => units,
      ),
    ];
  });
  return [
    "## Cost grows linearly",
    "A training step of ours on one thread with `wasm-fused`. The last column divides its time by the batch and by the multiply-adds of one example's forward pass: where cost is linear in batch and parameters, it is level. Small sizes carry what every step costs. `pnpm bench --workload linear` measures it.",
    ...sections,
  ].join("\n\n");
}
