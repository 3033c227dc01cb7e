import { buildArtifact } from "@adjoint/backend-wasm";
import { openArtifact } from "@adjoint/backend-wasm/artifact";
import type { Feed, Feeds } from "@adjoint/compiler";
import type { Graph, State } from "@adjoint/ir";
import { solveSymbols } from "@adjoint/ir/graph";
import { runConformance } from "./suite.ts";

const shapeOf = (feed: Feed | undefined): readonly number[] =>
  typeof feed === "object" && "shape" in feed ? feed.shape : ArrayBuffer.isView(feed) ? [feed.length] : [];

runConformance(
  "wasm, compiled ahead of time to a file",
  async (graph: Graph, feeds: Feeds, state: State) => {
    const inputs = Object.entries(graph.inputs);
    const sizes = solveSymbols(
      inputs.map(([name, { shape }]) => ({ name, shape, fed: shapeOf(feeds[name]) })),
    );
    const file = buildArtifact({ main: graph }, { sizes: [sizes] });
    await using session = await openArtifact<{ main: Graph }>(file, { state });
    const outputs = await session.run("main", feeds);
    return { outputs, state: await session.state() };
  },
  { share: 3 },
);
