import { at } from "@adjoint/ir/values";
import { type Body, type Local, type ModuleBuilder, i32, memory, v128 } from "../../emit/index.ts";
import { copyElement } from "./elements.ts";
import type { Lane } from "./lane.ts";
import { type Operand, addressIn } from "./operand.ts";
import { type Procedure, invoke, procedure } from "./procedure.ts";
import { unroll } from "./unroll.ts";
import type { PaddedAxis, PaddedCopy, Windows } from "./windows.ts";

/** Vectors of a row that are copied without a loop. */
const UNROLLED = 16;

/** Copies all of an image but its padding, which stays zero. */
type CopyImage = Procedure<"to" | "from">;

/** Addresses, in the copy and in the operand. */
type Cursor = readonly [target: Local<"i32">, source: Local<"i32">];

/** Brings the images of windows to memory in which they can be read without guards. */
export interface Images {
  /** Clears the region of the padded copy, whose padding then stays zero. */
  clear(body: Body, region: Local<"i32">, zero: Local<"i32">): void;
  /**
   * Copies an image if it has padding.
   * @param base address of the first image in the operand
   * @returns the address of the first tap of its first window
   */
  read(body: Body, region: Local<"i32">, base: Local<"i32">, image: Local<"i32">): Local<"i32">;
}

export function emitImages(
  module: ModuleBuilder,
  { copy, images, origin }: Windows,
  operand: Operand,
  lane: Lane,
): Images {
  if (copy === undefined)
    return {
      clear: () => {},
      read: (body, _region, base, image) => body.let(addressIn(body, images, image, base)),
    };
  const copyImage = emitCopyImage(module, copy, operand, lane);
  return {
    clear: (body, region, zero) => body.run(memory.fill(region, zero, i32.const(copy.bytes))),
    read: (body, region, base, image) => {
      const source = body.let(addressIn(body, images, image, base));
      invoke(body, copyImage, { to: region, from: i32.add(source, i32.const(copy.start)) });
      return body.let(i32.add(region, i32.const(origin)));
    },
  };
}

function emitCopyImage(
  module: ModuleBuilder,
  { axes }: PaddedCopy,
  { dtype, bytes }: Operand,
  lane: Lane,
): CopyImage {
  const isEmpty = axes.some(({ first, end }) => first >= end);
  return procedure(module, ["to", "from"], (body, { to, from }) => {
    if (isEmpty) return;
    const element = (...[target, source]: Cursor): void => body.run(copyElement(dtype, lane, target, source));
    const loopOverAxis = (index: number, target: Local<"i32">, source: Local<"i32">): void => {
      const axis = at(axes, index);
      const cursor = [
        body.let(i32.add(target, i32.const(axis.first * axis.pitch))),
        body.let(i32.add(source, i32.const(axis.first * axis.stride))),
      ] as const;
      if (index === axes.length - 1) {
        copyRow(body, cursor, axis.end - axis.first, bytes, element);
        return;
      }
      const count = body.let(i32.const(axis.first));
      body.for(count, i32.const(axis.end), 1, () => {
        loopOverAxis(index + 1, ...cursor);
        advance(body, axis, cursor);
      });
    };
    loopOverAxis(0, to, from);
  });
}

function advance(
  body: Body,
  { pitch, stride }: Pick<PaddedAxis, "pitch" | "stride">,
  [target, source]: Cursor,
): void {
  body.set(target, i32.add(target, i32.const(pitch)));
  body.set(source, i32.add(source, i32.const(stride)));
}

/** Copies a row in vectors. The last one begins before the end of what is copied already, so that padding after the row stays as it is. */
function copyRow(
  body: Body,
  [to, from]: Cursor,
  count: number,
  size: number,
  element: (...cursor: Cursor) => void,
): void {
  const bytes = count * size;
  const cursor = [body.let(to), body.let(from)] as const;
  const [target, source] = cursor;
  const step = (by: number): void => advance(body, { pitch: by, stride: by }, cursor);
  if (bytes < 16) {
    unroll(count, () => {
      element(...cursor);
      step(size);
    });
    return;
  }
  const vector = (offset: number): void => body.run(v128.store(target, v128.load(source, offset), offset));
  const whole = Math.floor(bytes / 16) * 16;
  if (whole <= UNROLLED * 16) {
    unroll(whole / 16, (index) => vector(index * 16));
    if (whole < bytes) vector(bytes - 16);
    return;
  }
  const stop = body.let(i32.add(target, i32.const(whole)));
  body.loop((again) => {
    vector(0);
    step(16);
    body.jumpIf(again, i32.ltU(target, stop));
  });
  if (whole === bytes) return;
  step(bytes - whole - 16);
  vector(0);
}
