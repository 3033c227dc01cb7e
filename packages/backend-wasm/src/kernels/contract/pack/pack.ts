import {
  type Body,
  type Callee,
  type Local,
  type ModuleBuilder,
  type Value,
  call,
  i32,
  i32x4,
  i8x16,
  v128,
} from "../../../emit/index.ts";
import { type Lane, isPlain } from "../lane.ts";
import { type Operand, type Part, placeOf, strideOf } from "../operand.ts";

type Vector = Value<"v128">;

/** pack(to, first, count, k0, depth, batch, lines): free indices first … first+count and terms k0 … k0+depth. */
export type Pack = Callee<["i32", "i32", "i32", "i32", "i32", "i32", "i32"], "void">;

/** fill(to, other, start, count, batch). */
export type Line = Callee<["i32", "i32", "i32", "i32", "i32"], "void">;

/**
 * Writes a function that writes `count` elements of an operand, from `start` along one of its parts and at `other` of the
 * other part, to contiguous sums; zero where a guard fails.
 */
export type EmitLine = (module: ModuleBuilder, operand: Operand, along: "free" | "inner", lane: Lane) => Line;

/** Terms that are interleaved at once: as many streams as the smallest first-level caches have ways. */
const CHUNK = 8;

/** How a side is brought to the micro-kernel. */
export interface Access {
  /** In place, or through lines along one of its parts. */
  readonly direct: boolean;
  /** The part whose neighbours are read together. */
  readonly along: "free" | "inner";
}

const runOf = (part: Part, bytes: number): number => {
  const last = part.at(-1);
  return last?.stride === bytes ? last.size : 1;
};

/** True where a part's elements are neighbours in memory, all of them. */
export const isContiguous = (part: Part, bytes: number): boolean =>
  part.length === 0 || strideOf(part) === bytes;

export function accessOf(operand: Operand, lane: Lane): Access {
  const { free, inner, bytes } = operand;
  const steps = [strideOf(free), strideOf(inner)];
  // A step back can't be an immediate offset, so it goes through lines.
  const direct =
    isPlain(operand.dtype, lane) &&
    operand.guards.length === 0 &&
    steps.every((step) => step !== undefined && step >= 0);
  if (direct && free.length > 0 && isContiguous(free, bytes)) return { direct, along: "free" };
  if (direct && isContiguous(inner, bytes)) return { direct, along: "inner" };
  return { direct: false, along: runOf(free, bytes) >= runOf(inner, bytes) ? "free" : "inner" };
}

/** A packed side: slivers of some free indices (columns of the right side, rows of the left), one after another. */
export interface Panel {
  /** Bytes that a free index takes: a sliver is as many times that as it is wide. */
  readonly row: number;
  readonly bytes: number;
}

/** @param depth room for terms; a multiple of CHUNK */
export const panelOf = (free: number, depth: number, lane: Lane): Panel => {
  const row = depth * lane.bytes;
  return { row, bytes: free * row };
};

/** How far a fill may write past a line's end, in bytes. */
const LINE_SLACK = 16;

/** Bytes of a line of this many sums, with what a fill may write past its end. */
export const lineBytes = (elements: number, lane: Lane): number =>
  Math.ceil((elements * lane.bytes) / 16) * 16 + LINE_SLACK;

/** Lines of a side on their way to be packed. */
export interface Lines {
  /** Bytes from one to the next. */
  readonly step: number;
  readonly bytes: number;
}

/**
 * The lines that a side is packed through: as many as terms are dealt out at once, or as a sliver is wide.
 * @param most free indices that are packed at once
 */
export function linesOf(access: Access, lane: Lane, width: number, depth: number, most: number): Lines {
  if (access.direct) return { step: 0, bytes: 0 };
  const [count, elements] = access.along === "free" ? [CHUNK, most + width] : [width, depth];
  const step = lineBytes(elements, lane);
  return { step, bytes: count * step };
}

/**
 * How a side is packed: `width` free indices of a term are neighbours, terms follow each other, slivers follow each
 * other.
 */
export interface Slivers {
  readonly width: number;
  readonly panel: Panel;
  readonly lines: Lines;
  /** Free indices from the first to before the last that are packed at this width. */
  readonly first: number;
  readonly end: number;
}

/** Stores the first elements of a vector and nothing behind them: what lies there may be another sliver's. */
function storeFirst(
  body: Body,
  lane: Lane,
  to: Local<"i32">,
  vector: Vector,
  count: number,
  offset: number,
): void {
  if (count >= lane.count) {
    body.run(v128.store(to, vector, offset));
    return;
  }
  const whole = body.let(vector);
  const pairs = lane.count === 4 && count >= 2 ? 2 : 0;
  if (pairs > 0) body.run(v128.store64Lane(to, whole, 0, offset));
  if (count > pairs) body.run(lane.storeLane(to, whole, pairs, offset + pairs * lane.bytes));
}

/** A function that packs a block of one side. */
export function emitPack(
  module: ModuleBuilder,
  emitLine: EmitLine,
  operand: Operand,
  access: Access,
  lane: Lane,
  slivers: Slivers,
): Pack {
  return access.along === "free"
    ? packRows(module, emitLine, operand, access, lane, slivers)
    : packTransposed(module, emitLine, operand, access, lane, slivers);
}

/** Terms are rows whose columns are neighbours: CHUNK rows at a time are dealt out to the slivers. */
function packRows(
  module: ModuleBuilder,
  emitLine: EmitLine,
  operand: Operand,
  access: Access,
  lane: Lane,
  { width, panel, lines: { step: lineStep } }: Slivers,
): Pack {
  const termBytes = width * lane.bytes;
  const rowBytes = access.direct ? (strideOf(operand.inner) ?? 0) : lineStep;
  const deal = (terms: number): Callee<["i32", "i32", "i32"], "void"> =>
    module.function(["i32", "i32", "i32"], "void", (body, to, from, end) => {
      body.loop((again) => {
        for (let term = 0; term < terms; term++) {
          for (let first = 0; first < width; first += lane.count) {
            const byte = first * lane.bytes;
            const vector = v128.load(from, term * rowBytes + byte);
            storeFirst(body, lane, to, vector, width - first, term * termBytes + byte);
          }
        }
        body.set(to, i32.add(to, i32.const(width * panel.row)));
        body.set(from, i32.add(from, i32.const(termBytes)));
        body.jumpIf(again, i32.ltU(from, end));
      });
    });
  const [many, one] = [deal(CHUNK), deal(1)];
  const line = access.direct ? undefined : emitLine(module, operand, "free", lane);
  return module.function(
    ["i32", "i32", "i32", "i32", "i32", "i32", "i32"],
    "void",
    (body, to, first, count, k0, terms, batch, lines) => {
      const k = body.let(i32.const(0));
      const from = body.local("i32");
      const bytes = body.let(i32.mul(count, i32.const(lane.bytes)));
      const start = body.let(
        access.direct
          ? placeOf(
              body,
              operand.free,
              first,
              placeOf(body, operand.batch, batch, i32.const(operand.address)),
            )
          : lines,
      );
      const step = (size: number, callee: Callee<["i32", "i32", "i32"], "void">): void =>
        body.loop((again) => {
          body.if(i32.leS(i32.add(k, i32.const(size)), terms), () => {
            if (line === undefined) {
              body.set(from, i32.add(start, i32.mul(i32.add(k0, k), i32.const(rowBytes))));
            } else {
              body.set(from, start);
              for (let term = 0; term < size; term++) {
                const target = i32.add(start, i32.const(term * rowBytes));
                const index = i32.add(i32.add(k0, k), i32.const(term));
                body.run(call(line, target, index, first, count, batch));
              }
            }
            body.run(call(callee, i32.add(to, i32.mul(k, i32.const(termBytes))), from, i32.add(from, bytes)));
            body.set(k, i32.add(k, i32.const(size)));
            body.jump(again);
          });
        });
      step(CHUNK, many);
      step(1, one);
    },
  );
}

/** Columns of a square of sums, as vectors. */
export function transposed(body: Body, lane: Lane, rows: readonly Local<"v128">[]): readonly Vector[] {
  const [a, b, c, d] = rows;
  if (a === undefined || b === undefined) return rows;
  if (c === undefined || d === undefined) {
    const pick = (half: number): Vector =>
      i8x16.shuffle(
        a,
        b,
        Array.from({ length: 16 }, (_, byte) => (byte < 8 ? half * 8 + byte : 8 + half * 8 + byte)),
      );
    return lane.count === 2 ? [pick(0), pick(1)] : rows;
  }
  const [ab0, ab1, cd0, cd1] = [
    body.let(i32x4.shuffle(a, b, [0, 4, 1, 5])),
    body.let(i32x4.shuffle(a, b, [2, 6, 3, 7])),
    body.let(i32x4.shuffle(c, d, [0, 4, 1, 5])),
    body.let(i32x4.shuffle(c, d, [2, 6, 3, 7])),
  ];
  return [
    i32x4.shuffle(ab0, cd0, [0, 1, 4, 5]),
    i32x4.shuffle(ab0, cd0, [2, 3, 6, 7]),
    i32x4.shuffle(ab1, cd1, [0, 1, 4, 5]),
    i32x4.shuffle(ab1, cd1, [2, 3, 6, 7]),
  ];
}

/** Columns are rows whose terms are neighbours: squares of them are transposed. */
function packTransposed(
  module: ModuleBuilder,
  emitLine: EmitLine,
  operand: Operand,
  access: Access,
  lane: Lane,
  { width, panel, lines: { step: lineStep }, first: origin, end: limit }: Slivers,
): Pack {
  const termBytes = width * lane.bytes;
  const rowBytes = access.direct ? (strideOf(operand.free) ?? 0) : lineStep;
  // Rows past the last column are not there; its own is read in their place.
  const sliver = (valid: number): Callee<["i32", "i32", "i32"], "void"> =>
    module.function(["i32", "i32", "i32"], "void", (body, to, from, end) => {
      const rows = Array.from({ length: lane.count }, () => body.local("v128"));
      body.loop((again) => {
        for (let first = 0; first < valid; first += lane.count) {
          rows.forEach((row, index) =>
            body.set(row, v128.load(from, Math.min(first + index, valid - 1) * rowBytes)),
          );
          transposed(body, lane, rows).forEach((column, term) =>
            storeFirst(body, lane, to, column, width - first, term * termBytes + first * lane.bytes),
          );
        }
        body.set(to, i32.add(to, i32.const(lane.count * termBytes)));
        body.set(from, i32.add(from, i32.const(16)));
        body.jumpIf(again, i32.ltU(from, end));
      });
    });
  const rest = (limit - origin) % width;
  const whole = limit - origin >= width ? sliver(width) : undefined;
  const last = rest > 0 ? sliver(rest) : undefined;
  const line = access.direct ? undefined : emitLine(module, operand, "inner", lane);
  return module.function(
    ["i32", "i32", "i32", "i32", "i32", "i32", "i32"],
    "void",
    (body, to, first, count, k0, terms, batch, lines) => {
      const bytes = body.let(i32.mul(terms, i32.const(lane.bytes)));
      const column = body.let(first);
      const stop = body.let(i32.add(first, count));
      const start = body.let(
        placeOf(body, operand.inner, k0, placeOf(body, operand.batch, batch, i32.const(operand.address))),
      );
      const from = body.local("i32");
      const one = (callee: Callee<["i32", "i32", "i32"], "void">, valid: number): void => {
        if (line === undefined) body.set(from, i32.add(start, i32.mul(column, i32.const(rowBytes))));
        else {
          body.set(from, lines);
          const index = body.let(i32.const(0));
          body.for(index, i32.const(valid), 1, () => {
            const target = i32.add(lines, i32.mul(index, i32.const(rowBytes)));
            body.run(call(line, target, i32.add(column, index), k0, terms, batch));
          });
        }
        body.run(call(callee, to, from, i32.add(from, bytes)));
      };
      body.block((exit) =>
        body.loop((again) => {
          body.jumpIf(exit, i32.geS(column, stop));
          const isWhole = i32.leS(column, i32.const(limit - width));
          if (whole !== undefined && last !== undefined) {
            body.if(
              isWhole,
              () => one(whole, width),
              () => one(last, rest),
            );
          } else if (whole !== undefined) one(whole, width);
          else if (last !== undefined) one(last, rest);
          body.set(to, i32.add(to, i32.const(width * panel.row)));
          body.set(column, i32.add(column, i32.const(width)));
          body.jump(again);
        }),
      );
    },
  );
}
