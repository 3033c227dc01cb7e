import { describe, expect, it } from "vitest";
import { type Tensor, input, register } from "@adjoint/ir";
import {
  type Kernel,
  type Location,
  type CompiledProgram,
  buffersOf,
  describeKernel,
} from "@adjoint/compiler";
import { compiled } from "./support.ts";

const r = (name: string, size = 100): Tensor => register(name, "f32", [size]);
const x = input("x", "f32", [100]);

const locations = (program: CompiledProgram, buffers: Iterable<number>): string[] =>
  [...buffers].map((buffer) => {
    const location: Location | undefined = program.buffers[buffer]?.location;
    return location?.kind === "register" ? location.name : (location?.kind ?? "none");
  });
const lines = (program: CompiledProgram): string[] =>
  program.kernels.map((kernel: Kernel) => {
    const { reads, writes } = buffersOf(kernel);
    return `${describeKernel(kernel)}: ${locations(program, reads).toSorted().join()} → ${locations(program, writes).toSorted().join()}`;
  });

describe("a register's next value", () => {
  it("is computed in the register's memory", () => {
    const a = r("a");
    expect(lines(compiled({}, [{ register: a, next: a.mul(0.9).add(x) }]))).toEqual([
      "map [100] mul add: a,slot → a",
    ]);
  });

  it("is computed there after all kernels that read the old one", () => {
    const a = r("a");
    const program = compiled({ sum: a.reduceSum(), sums: a.cumSum({ axis: 0 }) }, [
      { register: a, next: a.add(x) },
    ]);
    const written = lines(program).findIndex((line) => line.endsWith("→ a"));
    const read = lines(program).flatMap((line, index) => (/: (\w+,)*a(,\w+)* →/.test(line) ? [index] : []));
    expect(written).toBeGreaterThanOrEqual(0);
    expect(read).toHaveLength(3);
    expect(read.every((index) => index <= written)).toBe(true);
  });

  it("is computed there by a reduction's or product's epilogue", () => {
    const [w, g] = [register("w", "f32", [8, 4]), input("g", "f32", [3, 4])];
    const weights = { register: w, next: w.sub(input("x", "f32", [3, 8]).transpose([1, 0]).matMul(g)) };
    expect(lines(compiled({}, [weights]))).toEqual([
      "contract batch 1 rows 8 columns 4 inner 3 dotGeneral · sub: slot,slot,w → w",
    ]);
    const b = r("b", 4);
    expect(lines(compiled({}, [{ register: b, next: b.sub(g.reduceSum({ axes: [0] })) }]))).toEqual([
      "reduce [4] over [3] reduceSum · sub: b,slot → b",
    ]);
  });

  it("is copied at the end where its kernel reads the old one at other positions", () => {
    const a = r("a");
    expect(lines(compiled({}, [{ register: a, next: a.flip([0]).add(x) }]))).toEqual([
      "map [100] add: a,slot → slot",
      "map [100] copy: slot → a",
    ]);
    const w = register("w", "f32", [8, 8]);
    expect(lines(compiled({}, [{ register: w, next: w.matMul(w) }]))).toEqual([
      "contract batch 1 rows 8 columns 8 inner 8 dotGeneral: w → slot",
      "map [64] copy: slot → w",
    ]);
    const total = a.sub(a.reduceSum());
    expect(lines(compiled({}, [{ register: a, next: total }]))).toEqual([
      "reduce [] over [100] reduceSum: a → slot",
      "map [100] sub: a,slot → a",
    ]);
  });

  it("is copied at the end where a later kernel needs the old one", () => {
    const a = r("a");
    const next = a.add(1);
    // y needs the old value, and the new one through a sum of all of it.
    const program = compiled({ y: a.mul(next.reduceSum()) }, [{ register: a, next }]);
    expect(lines(program).at(-1)).toBe("map [100] copy: slot → a");
  });

  it("may be another register's old one: a swap", () => {
    const [a, b] = [r("a", 10), r("b", 10)];
    const swap = [
      { register: a, next: b },
      { register: b, next: a },
    ];
    // Small ones are one kernel, which reads both elements before it writes them.
    expect(lines(compiled({}, swap))).toEqual(["map [10] copy → 2 results: a,b → a,b"]);
    const [c, d] = [r("c"), r("d")];
    expect(
      lines(
        compiled({}, [
          { register: c, next: d },
          { register: d, next: c },
        ]),
      ),
    ).toEqual(
      ["map [100] copy: c → slot", "map [100] copy: d → c", "map [100] copy: slot → d"].map((line) =>
        expect.stringMatching(swapped(line)),
      ),
    );
  });

  it("that is the old one is no kernel", () => {
    const a = r("a");
    expect(lines(compiled({ y: x.add(a) }, [{ register: a, next: a }]))).toEqual([
      "map [100] add: a,slot → slot",
    ]);
  });

  it("may be an input, a constant, or an output, which keep their own memory", () => {
    const [a, b] = [r("a"), r("b")];
    expect(lines(compiled({}, [{ register: a, next: x }]))).toEqual(["map [100] copy: slot → a"]);
    const shared = x.exp();
    const program = compiled({ shared }, [
      { register: a, next: shared },
      { register: b, next: shared },
    ]);
    // The output reads one register's memory; the other has a copy.
    expect(lines(program)).toEqual(["map [100] exp → 2 results: slot → a,b"]);
    const [port] = program.outputs;
    expect(locations(program, [port?.buffer ?? -1])).toEqual(["a"]);
  });
});

/** The same line with both registers' names exchanged will do: which one goes first is no one's business. */
const swapped = (line: string): RegExp => {
  const other = line.replace(/\bc\b|\bd\b/g, (name) => (name === "c" ? "d" : "c"));
  return new RegExp(`^(${[line, other].map((text) => text.replace(/[[\]]/g, "\\$&")).join("|")})$`);
};

describe("an output that is a register", () => {
  it("is copied before the register changes", () => {
    const a = r("a");
    const program = compiled({ old: a }, [{ register: a, next: a.add(1) }]);
    expect(lines(program)).toEqual(["map [100] add → 2 results: a → a,slot"]);
  });

  it("is read where it is if the program does not change it", () => {
    const a = r("a");
    const program = compiled({ a, y: a.reshape([10, 10]) });
    expect(lines(program)).toEqual([]);
    expect(
      locations(
        program,
        program.outputs.map((port) => port.buffer),
      ),
    ).toEqual(["a", "a"]);
  });
});

describe("the order of kernels", () => {
  it("puts what data can make fail before every change of a register", () => {
    const a = r("a");
    const looked = x.gather(input("indices", "i32", [7, 1])).cumSum({ axis: 0 });
    const program = compiled({ looked }, [{ register: a, next: a.add(1) }]);
    expect(lines(program)).toEqual([
      "cumulative [7] gather · cumSum: slot,slot → slot",
      "map [100] add: a → a",
    ]);
  });

  it("copies at the end what a failing kernel computes or reads", () => {
    const a = r("a");
    const indices = input("indices", "i32", [100, 1]);
    expect(lines(compiled({}, [{ register: a, next: a.add(x.gather(indices)) }]))).toEqual([
      "map [100] gather add: a,slot,slot → slot",
      "map [100] copy: slot → a",
    ]);
    const rows = register("rows", "i32", [100]);
    const next = rows.add(1);
    const picked = x.gather(next.reshape([100, 1])).cumSum({ axis: 0 });
    expect(lines(compiled({ picked }, [{ register: rows, next }]))).toEqual([
      "map [100] add: rows → slot",
      "cumulative [100] gather · cumSum: slot,slot → slot",
      "map [100] copy: slot → rows",
    ]);
  });

  it("frees memory before it takes more", () => {
    // Each branch makes something large of registers, and of that something small: one branch after the other.
    const sizes = [400, 300, 200, 150];
    const branches = sizes.map((size) => {
      const [w, v] = [register(`w${size}`, "f32", [100, size]), register(`v${size}`, "f32", [size, 5])];
      return x.reshape([1, 100]).matMul(w).matMul(v);
    });
    const { kernels, slots } = compiled(
      Object.fromEntries(branches.map((branch, index) => [`y${index}`, branch])),
    );
    const order = kernels.map((kernel) =>
      kernel.form === "contract" ? [...kernel.columns, ...kernel.inner] : [],
    );
    expect(order.map(String)).toEqual(sizes.toReversed().flatMap((size) => [`${size},100`, `5,${size}`]));
    // The largest branch, the input (whose slot the last result takes), and the other results.
    expect(slots.toSorted((a, b) => b - a)).toEqual([1600, 400, 20, 20, 20]);
  });
});
