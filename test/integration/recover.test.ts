import { cpu } from "@adjoint/backend-cpu";
import { type Backend, compile } from "@adjoint/compiler";
import { add, input, program, register, valueOf } from "@adjoint/ir";
import { describe, expect, it } from "vitest";

const x = input("x", "f32", []);
const [a, b] = [
  register("a", "f32", []),
  register("b", "f32", [], { initial: { kind: "constant", value: 5 } }),
];
const main = program({
  inputs: { x },
  outputs: { sum: add(a, b) },
  updates: [
    { register: a, next: add(a, x) },
    { register: b, next: add(b, x) },
  ],
});

describe("a session that recovers", () => {
  it("goes on from the state it is given, the other registers as they were at first, on a device of its own", async () => {
    const plain = cpu();
    let opened = 0;
    const backend: Backend = { ...plain, name: "counting", open: () => (opened++, plain.open()) };
    await using session = await compile({ main }, { backend, state: { a: valueOf("f32", [], [1]) } });
    await session.run("main", { x: 10 });
    await session.recover({ b: valueOf("f32", [], [100]) });
    expect(opened).toBe(2);
    expect((await session.run("main", { x: 2 })).sum.item()).toBe(101);
    const state = await session.state();
    expect([state["a"]?.data[0], state["b"]?.data[0]]).toEqual([3, 102]);
  });

  it("keeps what it has where no device opens, and refuses registers it does not have", async () => {
    const plain = cpu();
    let isGone = false;
    const backend: Backend = {
      ...plain,
      name: "gone",
      open: () => (isGone ? Promise.reject(new Error("no device")) : plain.open()),
    };
    await using session = await compile({ main }, { backend });
    await session.run("main", { x: 1 });
    isGone = true;
    await expect(session.recover()).rejects.toThrow("no device");
    expect((await session.state())["b"]?.data[0]).toBe(6);
    await expect(session.recover({ c: valueOf("f32", [], [0]) })).rejects.toThrow('no register "c"');
  });
});
