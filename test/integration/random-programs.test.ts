import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cpu } from "@adjoint/backend-cpu";
import { wasm } from "@adjoint/backend-wasm";
import {
  type Backend,
  type Kernel,
  type CompiledProgram,
  buffersOf,
  compile,
  compileProgram,
} from "@adjoint/compiler";
import {
  type Graph,
  type State,
  type Tensor,
  type Update,
  evaluate,
  iota,
  print,
  program,
  register,
} from "@adjoint/ir";
import { inline, optimize, runPasses } from "@adjoint/ir/graph";
import { type TensorValue, dtypeInfo, typeText } from "@adjoint/ir/values";
import { inFull } from "../in-full.ts";
import { clashes, leaves } from "./ownership.ts";
import { type RandomGraph, difference, graphs } from "./random-graphs.ts";

/** A zero of a padding times NaN or infinity is NaN to a backend and nothing to the oracle: convolutions are drawn apart. */
const convolutions = ["conv", "convTranspose", "convWeight"] as const;
const special = { without: convolutions, numbers: 120 } as const;
/** Nothing that makes NaN or infinity of finite numbers. */
const finite = {
  special: false,
  gradients: false,
  without: [
    "log",
    "log1p",
    "sqrt",
    "tan",
    "asin",
    "acos",
    "acosh",
    "atanh",
    "sinh",
    "cosh",
    "exp",
    "expm1",
    "div",
    "mod",
    "fmod",
    "pow",
    "bitcast",
  ],
  numbers: 120,
} as const;
const many = {
  ...special,
  dtypes: ["f16", "bf16", "f64", "i64", "i16", "i8", "u64", "u32", "u16", "u8", "bool"],
} as const;

/** The runs of a property; the same ones each time unless a seed is given. */
const parameters = (numRuns: number): { numRuns: number; seed: number } => ({
  numRuns: Number(process.env["RUNS"] ?? numRuns),
  seed: Number(process.env["SEED"] ?? 1),
});

type Ran = { readonly outputs: { readonly [name: string]: TensorValue }; readonly state: State };

async function run({ graph, feeds }: RandomGraph, backend: Backend, passes = optimize): Promise<Ran> {
  await using session = await compile({ main: graph }, { backend, passes });
  const outputs = await session.run("main", feeds);
  return { outputs, state: await session.state() };
}

const sameBits = (a: TensorValue, b: TensorValue): boolean =>
  a.data.length === b.data.length &&
  Array.prototype.every.call(a.data, (element, index) => Object.is(element, b.data[index]));

/** Names of outputs and registers whose bits differ; which NaN a NaN is does not count. */
const differing = (a: Ran, b: Ran): string[] =>
  (["outputs", "state"] as const).flatMap((part) =>
    Object.entries(a[part]).flatMap(([name, value]) => {
      const other = b[part][name];
      return other !== undefined && sameBits(value, other) ? [] : [name];
    }),
  );

describe("random graphs on the CPU", () => {
  it.each([
    ["with the default passes", special, optimize, 100],
    ["with composites inlined and nothing else", special, [inline], 60],
    ["with convolutions", finite, optimize, 60],
    ["in other dtypes", many, optimize, 60],
    ["with registers that they change", { ...special, registers: true }, optimize, 100],
  ] as const)("%s give what the oracle gives", async (_, options, passes, count) => {
    await fc.assert(
      fc.asyncProperty(graphs(options), async (drawn) => {
        const random = "registers" in options ? withRegisters(drawn) : drawn;
        const actual = await run(random, cpu(), passes);
        expect(difference(random.graph, evaluate(random.graph, random.feeds), actual)).toBeUndefined();
      }),
      parameters(count),
    );
  });

  it("give the same bits printed, as closures, again, and in any number of kernels", async () => {
    await fc.assert(
      fc.asyncProperty(graphs(special), async (random) => {
        const printed = await run(random, cpu({ kernels: "printed" }));
        for (const other of [cpu({ kernels: "closures" }), cpu(), { ...cpu(), limits: { buffers: 3 } }])
          expect(differing(printed, await run(random, other))).toEqual([]);
      }),
      parameters(60),
    );
  });

  it("keep their registers where a run fails", async () => {
    let failed = 0;
    const property = fc.asyncProperty(graphs(special), async (drawn) => {
      const random = withRegisters(drawn);
      const graph = spoiled(random.graph);
      await using session = await compile({ main: graph }, { backend: cpu() });
      const before = await session.state();
      await expect(session.run("main", random.feeds)).rejects.toThrow("lies outside");
      const after = await session.state();
      expect(differing({ outputs: {}, state: before }, { outputs: {}, state: after })).toEqual([]);
      failed++;
    });
    await fc.assert(property, parameters(60));
    expect(failed).toBeGreaterThan(5);
  });
});

describe("random graphs on WebAssembly", () => {
  it.each([1, 2])(
    "touch no memory but their own, and give the bits that they give unchecked, on %i threads",
    { timeout: 300_000 },
    async (threads) => {
      // All kernels are shared, however small.
      const options = { threads, shareFrom: 0 } as const;
      using checked = await wasm({ ...options, checked: true });
      using plain = await wasm(options);
      await fc.assert(
        fc.asyncProperty(graphs(special), async (drawn) => {
          const random = withRegisters(drawn);
          const actual = await run(random, checked);
          expect(differing(await run(random, plain), actual)).toEqual([]);
          expect(difference(random.graph, evaluate(random.graph, random.feeds), actual)).toBeUndefined();
        }),
        parameters(inFull ? 200 : 12),
      );
    },
  );
});

/**
 * The graph with a register for each of its first outputs, which is added to that output, shifted by one, or takes it as it
 * is; the old values are outputs too.
 */
function withRegisters({ graph, feeds, toString }: RandomGraph): RandomGraph {
  const tensors = Object.values<Tensor>(graph.outputs).slice(0, 4);
  const registers = tensors.map((tensor, index) =>
    register(`r${index}`, tensor.dtype, tensor.shape.map(Number), {
      initial: { kind: "constant", value: index },
    }),
  );
  const updates = registers.map((own, index): Update => {
    const tensor = tensors[index] ?? own;
    // Some take the one of another register of their type, which trades places.
    const other = registers.find((each, at) => at > index && typeText(each.type) === typeText(own.type));
    if (index % 2 === 1 && other !== undefined) return { register: own, next: other };
    if (own.dtype === "bool") return { register: own, next: tensor };
    const moved = own.rank > 0 && index % 3 === 2 ? own.flip([0]) : own;
    return { register: own, next: moved.add(tensor) };
  });
  const old = Object.fromEntries(registers.map((own, index) => [`old_${index}`, own]));
  const whole = program({
    inputs: graph.inputs,
    outputs: { ...graph.outputs, ...old },
    updates: [...graph.updates, ...updates],
  });
  return { graph: whole, feeds, toString };
}

/** The graph with a further output: an element far outside its axis, by an index that needs all the updates. */
function spoiled(graph: Graph): Graph {
  const parts = graph.updates.map(({ next }) => next.cast("i32").reduceSum());
  const index = parts
    .reduce((sum, part) => sum.add(part))
    .bitwiseAnd(7)
    .add(1000);
  return { ...graph, outputs: { ...graph.outputs, spoiled: iota("i32", [9]).gather(index.reshape([1])) } };
}

describe("programs of random graphs", () => {
  const programs = (
    options: Parameters<typeof graphs>[0],
  ): fc.Arbitrary<{ graph: Graph; toString: () => string }> =>
    graphs(options).map((random) => {
      const { graph } = withRegisters(random);
      return { graph: runPasses(graph), toString: () => print(graph) };
    });

  it("never find another buffer's data where their operand should be", () => {
    let [shared, inPlace] = [0, 0];
    fc.assert(
      fc.property(programs(special), fc.constantFrom(3, 6, Infinity), ({ graph }, buffers) => {
        const compiled = compileProgram(graph, { buffers });
        expect(clashes(compiled)).toEqual([]);
        shared += sharing(compiled);
        inPlace += takeovers(compiled);
      }),
      parameters(150),
    );
    // Otherwise there was nothing to find.
    expect(shared).toBeGreaterThan(50);
    expect(inPlace).toBeGreaterThan(20);
  });

  it("need no more than all buffers together, and every slot is as large as its largest buffer", () => {
    fc.assert(
      fc.property(programs(special), ({ graph }) => {
        const { buffers, slots, peakBytes } = compileProgram(graph);
        const bytesOf = (index: number): number =>
          (buffers[index]?.elements ?? 0) * dtypeInfo[buffers[index]?.dtype ?? "u8"].bytes;
        const sizes = slots.map((_, slot) =>
          Math.max(
            ...buffers.map(({ location }, index) =>
              location.kind === "slot" && location.slot === slot ? bytesOf(index) : 0,
            ),
          ),
        );
        expect(sizes).toEqual([...slots]);
        expect(peakBytes).toBeLessThanOrEqual(buffers.reduce((sum, _, index) => sum + bytesOf(index), 0));
      }),
      parameters(100),
    );
  });

  it("keep a limit of buffers that single operations keep, and are the fewer kernels the higher it is", () => {
    let fused = 0;
    const touched = (kernel: Kernel): number => {
      const { reads, writes } = buffersOf(kernel);
      return new Set([...reads, ...writes]).size;
    };
    fc.assert(
      fc.property(programs(special), fc.nat(4), ({ graph }, more) => {
        const single = leaves(compileProgram(graph, { buffers: 0 }).kernels);
        const limit = Math.max(1, ...single.map(touched)) + more;
        const { kernels, buffers } = compileProgram(graph, { buffers: limit });
        const limited = leaves(kernels);
        // A next value that is written over its register takes no buffer of its own.
        const homeOf = (buffer: number): number | string => {
          const location = buffers[buffer]?.location;
          return location?.kind === "register" ? location.name : buffer;
        };
        for (const kernel of limited) {
          const { reads, writes } = buffersOf(kernel);
          expect(new Set([...reads, ...writes].map(homeOf)).size).toBeLessThanOrEqual(limit);
        }
        expect(limited.length).toBeLessThanOrEqual(single.length);
        if (limited.length < single.length) fused++;
      }),
      parameters(100),
    );
    expect(fused).toBeGreaterThan(20);
  });
});

/** Buffers that live where another one did. */
function sharing({ buffers, slots }: CompiledProgram): number {
  return buffers.filter(({ location }) => location.kind === "slot").length - slots.length;
}

/** Kernels that write where they read. */
function takeovers({ kernels, buffers }: CompiledProgram): number {
  const place = (buffer: number): string => JSON.stringify(buffers[buffer]?.location);
  return leaves(kernels).filter((kernel) => {
    const { reads, writes } = buffersOf(kernel);
    const read = new Set([...reads].filter((buffer) => !writes.has(buffer)).map(place));
    return [...writes].some((buffer) => read.has(place(buffer)));
  }).length;
}
