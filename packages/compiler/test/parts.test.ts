import { compile } from "@adjoint/compiler";
import { AdjointError, type Tensor, conv, input, program } from "@adjoint/ir";
import { expect, it, vi } from "vitest";
import { loadParts, partOf } from "../src/parts.ts";
import { stub } from "./stub-backend.ts";

vi.mock("../src/lower-windows.ts", () => {
  throw new Error("offline");
});

const x = input("x", "f32", [2, 3, 8, 8]);
const w = input("w", "f32", [4, 3, 3, 3]);

it("lowering that does not load refuses the graph that needs it, by name, and no other", async () => {
  const backend = stub();
  const of = (y: Tensor): ReturnType<typeof compile> =>
    compile({ main: program({ inputs: { x, w }, outputs: { y } }) }, { backend });
  const refused = await of(conv(x, w)).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(AdjointError);
  expect(refused).toMatchObject({ code: "backend", operation: "compile" });
  expect(String(refused)).toMatch(/"windows" did not load .*Serve every file of the build/s);
  await using session = await of(x.cumSum({ axis: 3 }));
  expect(backend.programs.flatMap(({ kernels }) => kernels.map(({ form }) => form))).toEqual(["cumulative"]);
  expect(session.compiled).toHaveLength(1);
});

it("a part that nobody asked for is found missing", () => {
  expect(() => partOf<{ readonly a: number }, "a">("compile", {}, "a")).toThrow(
    'compile: the code for "a" was not asked for',
  );
});

it("a part that never comes is given up", async () => {
  vi.useFakeTimers();
  try {
    const never = (): Promise<number> => new Promise(() => {});
    const loading = loadParts<{ readonly a: number }, "a">("compile", { a: never }, ["a"]).catch(String);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(await loading).toContain('the code for "a" did not load (Error: nothing came in 30 s)');
    const loaders = { a: () => Promise.resolve(1) };
    await expect(loadParts<{ readonly a: number }, "a">("compile", loaders, ["a"])).resolves.toEqual({
      a: 1,
    });
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});
