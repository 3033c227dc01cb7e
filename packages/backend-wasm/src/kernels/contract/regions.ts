import { type Body, type Local, i32 } from "../../emit/index.ts";
import { type Region, layOut } from "../../region.ts";
import type { Setting } from "./contraction.ts";

/** A range in the output: from the first to before the end. */
export interface Range {
  readonly first: Local<"i32">;
  readonly end: Local<"i32">;
}

/** A region that each thread has for itself. */
export const ownRegion = <Name extends string>(name: Name, bytes: number): Region<Name> => ({
  name,
  bytes,
  perThread: true,
});

/** Statements that leave if one of the ranges is empty: a thread without a share touches nothing. */
export function leaveIfEmpty(
  body: Body,
  ...ranges: readonly (readonly [Local<"i32">, Local<"i32">])[]
): void {
  for (const [first, end] of ranges) body.if(i32.geS(first, end), () => body.return());
}

/** Gives addresses of a thread's regions by their names. */
export function threadRegions<Name extends string>(
  body: Body,
  regions: readonly Region<Name>[],
  { workspace, gap }: Setting,
  thread: Local<"i32">,
): <N extends Name>(...names: readonly N[]) => Readonly<Record<N, Local<"i32">>> {
  const { offsets, threadBytes } = layOut(regions, 1, gap);
  const own = body.let(i32.add(i32.const(workspace), i32.mul(thread, i32.const(threadBytes))));
  return (...names) => {
    const entries = names.map((name) => [name, body.let(i32.add(own, i32.const(offsets[name])))] as const);
    // The entries have every name.
    return Object.fromEntries(entries) as Record<(typeof names)[number], Local<"i32">>;
  };
}
