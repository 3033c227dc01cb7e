import { describe, expect, test } from "vitest";
import { linePlot, ticks } from "../src/line-plot.ts";

describe("ticks", () => {
  test.each([
    [0, 10, 10, 0, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]],
    [0.03, 0.29, 5, 0, [0, 0.1, 0.2, 0.3]],
    [0.1, 0.3, 4, 0, [0.1, 0.15000000000000002, 0.2, 0.25, 0.3].map((tick) => Number(tick.toPrecision(12)))],
    [96.1, 97.9, 6, 0, [96, 96.5, 97, 97.5, 98]],
    [-3, 4, 4, 0, [-4, -2, 0, 2, 4]],
    [0, 60000, 6, 0, [0, 10000, 20000, 30000, 40000, 50000, 60000]],
    [1, 3, 10, 1, [1, 2, 3]],
    [1, 200, 10, 1, [0, 20, 40, 60, 80, 100, 120, 140, 160, 180, 200]],
  ])("from %d to %d, about %d, at least %d apart", (low, high, count, apart, expected) => {
    expect(ticks(low, high, count, apart)).toEqual(expected);
  });
});

describe("a plot", () => {
  const plot = (points: readonly (readonly [number, number])[], dots = false): string =>
    linePlot({
      title: 'a < b & "c"',
      xLabel: "epoch",
      yLabel: "loss",
      series: [
        { name: "training", points, dots },
        { name: "test", points: [] },
      ],
    });
  const paths = (svg: string): readonly string[] =>
    [...svg.matchAll(/<path d="([^"]*)" fill="none"/g)].map(([, path = ""]) => path);

  test("places points on the axes", () => {
    // x from 0 to 2 over 64 to 700, y from 0 to 10 over 348 to 64.
    const svg = plot(
      [
        [0, 0],
        [1, 5],
        [2, 10],
      ],
      true,
    );
    expect(paths(svg)).toEqual(["M64 348L382 206L700 64", ""]);
    expect([...svg.matchAll(/<circle cx="([\d.]+)" cy="([\d.]+)"/g)].map(([, x, y]) => [x, y])).toEqual([
      ["64", "348"],
      ["382", "206"],
      ["700", "64"],
    ]);
    expect([...svg.matchAll(/text-anchor="middle">(\d+)</g)].map(([, tick]) => tick)).toEqual([
      "0",
      "1",
      "2",
    ]);
    expect([...svg.matchAll(/text-anchor="end">([\d.]+)</g)].map(([, tick]) => tick)).toEqual([
      "0",
      "2",
      "4",
      "6",
      "8",
      "10",
    ]);
  });

  test("has a gap where a number is not finite", () => {
    expect(
      paths(
        plot([
          [0, 0],
          [1, NaN],
          [2, 10],
          [3, Infinity],
          [4, 5],
        ]),
      )[0],
    ).toBe("M64 348M382 64M700 206");
  });

  test("names its lines, escapes text, and is one well-formed element", () => {
    const svg = plot([
      [0, 1],
      [5, 2],
    ]);
    expect(svg).toContain("<title>a &lt; b &amp; &quot;c&quot;</title>");
    for (const name of ["training", "test", "epoch", "loss"]) expect(svg).toContain(`>${name}</text>`);
    const open: string[] = [];
    const closed: (readonly [string | undefined, string])[] = [];
    for (const [, close, name = "", empty] of svg.matchAll(
      /<(\/?)([a-z]+)(?:\s+[\w-]+="[^"<>]*")*\s*(\/?)>/g,
    )) {
      if (close === "/") closed.push([open.pop(), name]);
      else if (empty === "") open.push(name);
    }
    expect(open).toEqual([]);
    expect(closed.length).toBeGreaterThan(10);
    for (const [opened, name] of closed) expect(name).toBe(opened);
    expect(svg.match(/</g)?.length).toBe(
      [...svg.matchAll(/<(\/?)([a-z]+)(?:\s+[\w-]+="[^"<>]*")*\s*(\/?)>/g)].length,
    );
  });

  test.each([[[]], [[[1, 0.5] as const]], [[[1, NaN] as const]]])(
    "of %j has axes too, and no NaN",
    (points) => {
      const svg = plot(points);
      expect(svg).not.toMatch(/NaN|Infinity|undefined/);
      expect([...svg.matchAll(/text-anchor="end"/g)].length).toBeGreaterThan(1);
    },
  );
});
