/** A line of a plot. */
interface Series {
  readonly name: string;
  /** Pairs of x and y by rising x; where a number is not finite the line has a gap. */
  readonly points: readonly (readonly [x: number, y: number])[];
  /** Marks each point with a dot, for few points. */
  readonly dots?: boolean;
}

/** The content of a plot. */
export interface LinePlot {
  readonly title: string;
  /** The x axis counts something: its ticks are whole numbers. */
  readonly xLabel: string;
  readonly yLabel: string;
  readonly series: readonly Series[];
}

const SIZE = { width: 720, height: 400 };
/** Room around the lines, for the title, the legend and the axes. */
const AREA = { left: 64, right: 700, top: 64, bottom: 348 };
/** Told apart also without seeing colours well. Source: Okabe and Ito, "Color Universal Design" (2008). */
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7"];

/**
 * Values from a little below `low` to a little above `high`, at 1, 2 or 5 times a power of ten; about `count` of them.
 * @param apart the least that two may be apart: 1 for what is counted.
 */
export function ticks(low: number, high: number, count: number, apart = 0): readonly number[] {
  const rough = Math.max((high - low) / count, apart);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10);
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  // Multiples are taken anew each time: sums of steps would drift.
  return Array.from({ length: last - first + 1 }, (_, index) =>
    Number(((first + index) * step).toPrecision(12)),
  );
}

/**
 * An SVG of lines over numeric axes, with a grid and a legend. It is written here since @observablehq/plot with linkedom (the
 * DOM it needs in Node) would bring 57 packages of 13 MB into an `npm start` that draws two such plots.
 */
export function linePlot({ title, xLabel, yLabel, series }: LinePlot): string {
  const points = series.flatMap((line) => line.points).filter(isFinitePoint);
  const x = axis(
    points.map((point) => point[0]),
    AREA.left,
    AREA.right,
    10,
    1,
  );
  const y = axis(
    points.map((point) => point[1]),
    AREA.bottom,
    AREA.top,
    6,
    0,
  );
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${SIZE.width} ${SIZE.height}" width="${SIZE.width}" height="${SIZE.height}" role="img" font-family="system-ui, sans-serif" font-size="12">`,
    `<title>${escape(title)}</title>`,
    `<rect width="100%" height="100%" fill="#fff"/>`,
    text(AREA.left, 26, title, `font-size="16" font-weight="600"`),
    ...x.ticks.map(
      (at) =>
        grid(x.place(at), AREA.top, x.place(at), AREA.bottom) +
        text(x.place(at), AREA.bottom + 18, String(at), MIDDLE),
    ),
    ...y.ticks.map(
      (at) =>
        grid(AREA.left, y.place(at), AREA.right, y.place(at)) +
        text(AREA.left - 8, round(y.place(at) + 4), String(at), `text-anchor="end"`),
    ),
    text((AREA.left + AREA.right) / 2, SIZE.height - 14, xLabel, MIDDLE),
    text(0, 0, yLabel, `${MIDDLE} transform="translate(16 ${(AREA.top + AREA.bottom) / 2}) rotate(-90)"`),
    ...series.map((line, index) => drawn(line, index, x.place, y.place)),
    ...legend(series),
    "</svg>",
  ];
  return `${parts.join("\n")}\n`;
}

const MIDDLE = `text-anchor="middle"`;
type Place = (value: number) => number;

/** The ticks of an axis, and where its values are in the picture. */
function axis(
  values: readonly number[],
  from: number,
  to: number,
  count: number,
  apart: number,
): { readonly ticks: readonly number[]; readonly place: Place } {
  const [low, high] = values.reduce(
    ([a, b], value) => [Math.min(a, value), Math.max(b, value)],
    [Infinity, -Infinity],
  );
  // A single value, or none, gets a range around it.
  const middle = Number.isFinite(low) ? low : 0.5;
  const all = low < high ? ticks(low, high, count, apart) : ticks(middle - 0.5, middle + 0.5, count, apart);
  const [first = 0, last = 1] = [all[0], all.at(-1)];
  return { ticks: all, place: (value) => round(from + ((value - first) / (last - first)) * (to - from)) };
}

function drawn({ points, dots }: Series, index: number, x: Place, y: Place): string {
  let path = "";
  let pen = "M";
  for (const point of points) {
    if (isFinitePoint(point)) {
      path += `${pen}${x(point[0])} ${y(point[1])}`;
      pen = "L";
    } else pen = "M";
  }
  const colour = colourOf(index);
  const marks =
    dots === true
      ? points
          .filter(isFinitePoint)
          .map((point) => `<circle cx="${x(point[0])}" cy="${y(point[1])}" r="3" fill="${colour}"/>`)
      : [];
  return [
    `<path d="${path}" fill="none" stroke="${colour}" stroke-width="1.5" stroke-linejoin="round"/>`,
    ...marks,
  ].join("");
}

/** Names in a row below the title; 7 units are about the width of a letter. */
function legend(series: readonly Series[]): readonly string[] {
  let left = AREA.left;
  return series.map(({ name }, index) => {
    const entry = `<path d="M${left} 46h18" stroke="${colourOf(index)}" stroke-width="3"/>${text(left + 24, 50, name)}`;
    left += 48 + 7 * name.length;
    return entry;
  });
}

const colourOf = (index: number): string => COLOURS[index % COLOURS.length] ?? "#000";
const isFinitePoint = ([x, y]: readonly [number, number]): boolean =>
  Number.isFinite(x) && Number.isFinite(y);
const round = (value: number): number => Math.round(value * 100) / 100;
const grid = (x1: number, y1: number, x2: number, y2: number): string =>
  `<path d="M${x1} ${y1}L${x2} ${y2}" stroke="#ddd"/>`;
const text = (x: number, y: number, content: string, attributes = ""): string =>
  `<text x="${x}" y="${y}"${attributes === "" ? "" : ` ${attributes}`}>${escape(content)}</text>`;
const escape = (content: string): string =>
  content.replaceAll(
    /[&<>"]/g,
    (character) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[character] ?? "&quot;",
  );
