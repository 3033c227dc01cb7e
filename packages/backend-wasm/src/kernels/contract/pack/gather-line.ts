import {
  type Body,
  type Local,
  type ModuleBuilder,
  type Value,
  i32,
  select,
  v128,
} from "../../../emit/index.ts";
import { copyElement, loadVector } from "../elements.ts";
import type { Lane } from "../lane.ts";
import { type Axis, type Operand, decode, weighted } from "../operand.ts";
import type { Line } from "./pack.ts";

const min = (a: Local<"i32">, b: Local<"i32">): Value<"i32"> => select(i32.ltS(a, b), a, b);
const max = (a: Local<"i32">, b: Local<"i32">): Value<"i32"> => select(i32.gtS(a, b), a, b);

/**
 * A function that writes `count` elements of an operand, from `start` along one of its parts and at `other` of the other
 * part, to contiguous sums; zero where a guard fails. It walks runs along the innermost axis: guards are decided once a
 * run, and what is inside is copied as vectors. It may write LINE_SLACK bytes too many, so lines are filled in order.
 *
 * Precondition: none. Region: lines, where they go on to be packed, or the vector's copy.
 * Cost: a call for each line, a decision for each run of it, and a store for each vector or, where its elements are no
 * neighbours, for each element.
 */
export function emitLine(module: ModuleBuilder, operand: Operand, along: "free" | "inner", lane: Lane): Line {
  const walked = operand[along];
  const across = along === "free" ? operand.inner : operand.free;
  const outer = walked.slice(0, -1);
  const innermost: Axis = walked.at(-1) ?? { size: 1, stride: 0, guards: operand.guards.map(() => 0) };
  const strides = (part: readonly Axis[]): number[] => part.map((axis) => axis.stride);
  const steps = (part: readonly Axis[], guard: number): number[] =>
    part.map((axis) => axis.guards[guard] ?? 0);

  return module.function(
    ["i32", "i32", "i32", "i32", "i32"],
    "void",
    (body, to, other, start, count, batch) => {
      const batches = decode(body, operand.batch, batch);
      const others = decode(body, across, other);
      const position = (address: Value<"i32">): Value<"i32"> =>
        weighted(weighted(address, batches, strides(operand.batch)), others, strides(across));
      const base = body.let(position(i32.const(operand.address)));
      const rests = operand.guards.map(({ offset }, guard) =>
        body.let(
          weighted(
            weighted(i32.const(offset), batches, steps(operand.batch, guard)),
            others,
            steps(across, guard),
          ),
        ),
      );
      const coordinates = decode(body, walked, start);
      const outers = coordinates.slice(0, -1);
      const x = coordinates.at(-1) ?? body.local("i32");
      const [left, n, at, lo, hi, end] = [
        body.let(count),
        body.local("i32"),
        body.local("i32"),
        body.local("i32"),
        body.local("i32"),
        body.local("i32"),
      ];
      body.block((exit) =>
        body.loop((again) => {
          body.jumpIf(exit, i32.leS(left, i32.const(0)));
          body.set(n, i32.sub(i32.const(innermost.size), x));
          body.set(n, min(n, left));
          body.set(at, weighted(base, outers, strides(outer)));
          body.set(end, i32.add(x, n));
          body.set(lo, x);
          body.set(hi, end);
          operand.guards.forEach(({ limit }, guard) => {
            const rest = weighted(rests[guard] ?? i32.const(0), outers, steps(outer, guard));
            narrow(body, rest, limit, innermost.guards[guard] ?? 0, lo, hi, end);
          });
          const target = (place: Local<"i32">): Value<"i32"> =>
            i32.add(to, i32.mul(i32.sub(place, x), i32.const(lane.bytes)));
          if (operand.guards.length > 0) zeros(body, body.let(to), target(lo));
          copy(body, operand, innermost, lane, body.let(target(lo)), target(hi), at, lo);
          if (operand.guards.length > 0) zeros(body, body.let(target(hi)), target(end));
          body.set(to, target(end));
          body.set(left, i32.sub(left, n));
          body.set(x, i32.const(0));
          carry(body, outers, outer);
          body.jump(again);
        }),
      );
    },
  );
}

/** Cuts [lo, hi) down to where 0 ≤ rest + step·x < limit. */
function narrow(
  body: Body,
  rest: Value<"i32">,
  limit: number,
  step: number,
  lo: Local<"i32">,
  hi: Local<"i32">,
  end: Local<"i32">,
): void {
  if (step === 0) {
    body.set(hi, select(i32.ltU(rest, i32.const(limit)), hi, lo));
    return;
  }
  // A falling guard is a rising one seen from its other end.
  const rising = step > 0 ? rest : i32.sub(i32.const(limit - 1), rest);
  const size = Math.abs(step);
  const own = body.let(rising);
  const zero = body.let(i32.const(0));
  const firstAbove = (distance: Value<"i32">): Local<"i32"> => {
    const far = body.let(distance);
    if (size === 1) return far;
    const positive = body.let(max(far, zero));
    return body.let(i32.divU(i32.add(positive, i32.const(size - 1)), i32.const(size)));
  };
  body.set(lo, max(lo, firstAbove(i32.sub(i32.const(0), own))));
  body.set(lo, min(lo, end));
  body.set(hi, min(hi, firstAbove(i32.sub(i32.const(limit), own))));
  body.set(hi, max(hi, lo));
}

/** Zeros to `end`, in whole vectors. */
function zeros(body: Body, to: Local<"i32">, end: Value<"i32">): void {
  const zero = body.i32x4(0);
  body.block((exit) =>
    body.loop((again) => {
      body.jumpIf(exit, i32.geU(to, end));
      body.run(v128.store(to, zero));
      body.set(to, i32.add(to, i32.const(16)));
      body.jump(again);
    }),
  );
}

/** Elements from x = `first` on, until `to` is at its end: in whole vectors where they are neighbours. */
function copy(
  body: Body,
  operand: Operand,
  innermost: Axis,
  lane: Lane,
  to: Local<"i32">,
  end: Value<"i32">,
  base: Local<"i32">,
  first: Local<"i32">,
): void {
  const contiguous = innermost.stride === operand.bytes;
  const count = contiguous ? lane.count : 1;
  const from = body.let(weighted(base, [first], [innermost.stride]));
  const stop = body.let(end);
  body.block((exit) =>
    body.loop((again) => {
      body.jumpIf(exit, i32.geU(to, stop));
      if (contiguous) body.run(v128.store(to, loadVector(operand.dtype, lane, from)));
      else body.run(copyElement(operand.dtype, lane, to, from));
      body.set(to, i32.add(to, i32.const(count * lane.bytes)));
      body.set(from, i32.add(from, i32.const(count * innermost.stride)));
      body.jump(again);
    }),
  );
}

/** The next coordinates in row-major order. */
function carry(body: Body, coordinates: readonly Local<"i32">[], part: readonly Axis[]): void {
  const last = coordinates.at(-1);
  if (last === undefined) return;
  body.set(last, i32.add(last, i32.const(1)));
  if (coordinates.length === 1) return;
  body.if(i32.eq(last, i32.const(part.at(-1)?.size ?? 1)), () => {
    body.set(last, i32.const(0));
    carry(body, coordinates.slice(0, -1), part.slice(0, -1));
  });
}
