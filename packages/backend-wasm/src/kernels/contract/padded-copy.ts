import { type Body, type Callee, type Local, type ModuleBuilder, i32, v128 } from "../../emit/index.ts";
import { copyElement } from "./elements.ts";
import type { Lane } from "./lane.ts";
import type { Operand } from "./operand.ts";
import type { Image, ImageAxis } from "./windows.ts";

/** Vectors of a row that are copied without a loop. */
const UNROLLED = 16;

/** copy(to, from): all of an image but its padding, which stays zero. */
export function emitImageCopy(
  module: ModuleBuilder,
  { axes }: Image,
  { dtype, bytes }: Operand,
  lane: Lane,
): Callee<["i32", "i32"], "void"> {
  const isEmpty = axes.some(({ first, end }) => first >= end);
  return module.function(["i32", "i32"], "void", (body, to, from) => {
    if (isEmpty) return;
    const walk = (at: number, target: Local<"i32">, source: Local<"i32">): void => {
      const axis = axes[at];
      if (axis === undefined) return;
      const own = [
        body.let(i32.add(target, i32.const(axis.first * axis.pitch))),
        body.let(i32.add(source, i32.const(axis.first * axis.stride))),
      ] as const;
      if (at === axes.length - 1) {
        const element = (one: Local<"i32">, other: Local<"i32">): void =>
          body.run(copyElement(dtype, lane, one, other));
        copyRow(body, ...own, axis.end - axis.first, bytes, element);
        return;
      }
      const count = body.let(i32.const(axis.first));
      body.for(count, i32.const(axis.end), 1, () => {
        walk(at + 1, ...own);
        step(body, axis, ...own);
      });
    };
    walk(0, to, from);
  });
}

function step(body: Body, { pitch, stride }: ImageAxis, target: Local<"i32">, source: Local<"i32">): void {
  body.set(target, i32.add(target, i32.const(pitch)));
  body.set(source, i32.add(source, i32.const(stride)));
}

/** A row in vectors; the last one reaches back over what was copied, so that padding after the row stays as it is. */
function copyRow(
  body: Body,
  to: Local<"i32">,
  from: Local<"i32">,
  count: number,
  size: number,
  element: (to: Local<"i32">, from: Local<"i32">) => void,
): void {
  const bytes = count * size;
  const [target, source] = [body.let(to), body.let(from)];
  const advance = (by: number): void => {
    body.set(target, i32.add(target, i32.const(by)));
    body.set(source, i32.add(source, i32.const(by)));
  };
  if (bytes < 16) {
    for (let at = 0; at < count; at++) {
      element(target, source);
      advance(size);
    }
    return;
  }
  const vector = (at: number): void => body.run(v128.store(target, v128.load(source, at), at));
  const whole = Math.floor(bytes / 16) * 16;
  if (whole <= UNROLLED * 16) {
    for (let at = 0; at < whole; at += 16) vector(at);
    if (whole < bytes) vector(bytes - 16);
    return;
  }
  const stop = body.let(i32.add(target, i32.const(whole)));
  body.loop((again) => {
    vector(0);
    advance(16);
    body.jumpIf(again, i32.ltU(target, stop));
  });
  if (whole === bytes) return;
  advance(bytes - whole - 16);
  vector(0);
}
