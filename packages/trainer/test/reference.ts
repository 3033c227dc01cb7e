import type { Backend, Device, SessionOptions } from "@adjoint/compiler";
import { type Graph, type State, type TensorValue, evaluate, filled } from "@adjoint/ir";

/**
 * Session options under which the reference evaluator runs the graphs: this package's tests need no backend. A pass keeps
 * the graph that is about to be compiled, and puts one of its types in its place that any compiler can take.
 */
export function reference(seed = 1): SessionOptions {
  let graph: Graph | undefined;
  const stands = new WeakSet<Graph>();
  return {
    seed,
    backend: referenceBackend(() => graph),
    passes: [
      {
        name: "reference",
        run: (given) => {
          // Passes are repeated until nothing changes.
          if (stands.has(given)) return given;
          graph = given;
          const outputs = Object.entries<Graph["outputs"][string]>(given.outputs);
          const stand = outputs.map(([name, { dtype, shape }]) => [name, filled(0, dtype, shape)]);
          const simple = { ...given, outputs: Object.fromEntries(stand), updates: [] };
          stands.add(simple);
          return simple;
        },
      },
    ],
  };
}

function referenceBackend(current: () => Graph | undefined): Backend {
  return {
    name: "reference",
    [Symbol.dispose]: () => undefined,
    open: () => {
      let state: { [name: string]: TensorValue } = {};
      const copy = ({ dtype, shape, data }: TensorValue): TensorValue => ({
        dtype,
        shape,
        data: data.slice(),
      });
      const device: Device = {
        writeState: (given: State) => {
          for (const [name, value] of Object.entries(given)) state[name] = copy(value);
          return Promise.resolve();
        },
        readState: (names) =>
          Promise.resolve(
            Object.fromEntries(
              names.flatMap((name) => (state[name] === undefined ? [] : [[name, copy(state[name])]])),
            ),
          ),
        compile: (program) => {
          const graph = current();
          if (graph === undefined) throw new Error("no graph was kept");
          return Promise.resolve({
            workspaceBytes: 0,
            run: (feeds) => {
              const named = program.inputs.map(({ name, dtype, shape }, index) => [
                name,
                { dtype, shape, data: feeds[index] },
              ]);
              const result = evaluate(graph, Object.fromEntries(named), { state });
              state = { ...state, ...result.state };
              return Promise.resolve(
                program.outputs.map(({ name }) => result.outputs[name]?.data ?? new Float32Array()),
              );
            },
            [Symbol.asyncDispose]: () => Promise.resolve(),
          });
        },
        [Symbol.asyncDispose]: () => Promise.resolve(),
      };
      return Promise.resolve(device);
    },
  };
}
