import { expect, it, vi } from "vitest";
import { loadParts, partOf } from "../src/parts.ts";

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
