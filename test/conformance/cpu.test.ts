import { cpu } from "@adjoint/backend-cpu";
import type { Graph, State } from "@adjoint/ir";
import { type Feeds, compile } from "@adjoint/compiler";
import { runConformance } from "./suite.ts";

for (const kernels of ["printed", "closures"] as const) {
  runConformance(`cpu, ${kernels} kernels`, async (graph: Graph, feeds: Feeds, state: State) => {
    await using session = await compile({ main: graph }, { backend: cpu({ kernels }), state });
    const outputs = await session.run("main", feeds);
    return { outputs, state: await session.state() };
  });
}
