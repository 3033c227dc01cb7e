import { type Callee, type ModuleBuilder, call, i32, select } from "../emit/index.ts";
import { type Epilogue, emitFinish } from "./epilogue.ts";
import { LAST, emitMicro } from "./micro.ts";
import { strideOf } from "./operand.ts";
import type { BlockPlan, Plan } from "./plan.ts";

/** stripe(a, b, bEnd, tile, flags, row, rowEnd, column, batch): all rows of a block by one sliver. */
export type Stripe = Callee<["i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32"], "void">;

/** Byte steps of the micro-kernel. */
export interface Steps {
  readonly leftRow: number;
  readonly leftTerm: number;
  readonly tileRow: number;
}

export function stepsOf(plan: Plan, shape: BlockPlan, epilogue: Epilogue): Steps {
  const { left, lane } = plan;
  return {
    leftRow: shape.panel?.row ?? strideOf(left.free) ?? 0,
    leftTerm: shape.panel?.term ?? strideOf(left.inner) ?? 0,
    tileRow: epilogue.kind === "dense" ? epilogue.row : shape.width * lane.bytes,
  };
}

/** The function that runs a sliver of so many columns through a block of rows. */
export function emitStripe(
  module: ModuleBuilder,
  plan: Plan,
  shape: BlockPlan,
  epilogue: Epilogue,
  columns: number,
): Stripe {
  const { lane, sizes } = plan;
  const { main, tails, rows: tileRows } = shape.tiles;
  const steps = stepsOf(plan, shape, epilogue);
  const own = epilogue.kind === "emitted" ? epilogue : undefined;
  const blocks = shape.depthBlocks > 1;
  // V8 joins vectors from neighbouring stores backwards: an epilogue in between would keep it from doing so.
  const inline = own?.inline === true && shape.width === 2 * lane.count ? own : undefined;
  const micro = (rows: number): ReturnType<typeof emitMicro> =>
    emitMicro(module, rows, {
      lane,
      columns,
      ...steps,
      rightTerm: shape.width * lane.bytes,
      blocks,
      empty: sizes.inner === 0,
      exact: epilogue.kind === "dense",
      ...(inline && { epilogue: inline }),
    });
  const whole = main > 0 ? micro(tileRows) : undefined;
  const kernels = new Map([...new Set(tails)].map((rows) => [rows, micro(rows)]));
  const finish =
    own === undefined || inline !== undefined
      ? undefined
      : emitFinish(module, own, lane, steps.tileRow, columns);
  return module.function(
    ["i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32"],
    "void",
    (body, a, b, end, tile, flags, first, rowEnd, column, batch) => {
      const row = body.let(first);
      const at = body.let(tile);
      const next = (rows: number): void => {
        body.set(a, i32.add(a, i32.const(rows * steps.leftRow)));
        body.set(at, i32.add(at, i32.const(rows * steps.tileRow)));
      };
      if (whole !== undefined) {
        const limit = body.let(i32.const(main));
        const stop = body.let(select(i32.ltS(rowEnd, limit), rowEnd, limit));
        body.for(row, stop, tileRows, () => {
          body.run(call(whole, a, b, end, at, flags, row, column, batch));
          next(tileRows);
        });
      }
      if (tails.length > 0) {
        body.if(i32.eq(rowEnd, i32.const(sizes.rows)), () => {
          for (const rows of tails) {
            const kernel = kernels.get(rows);
            if (kernel === undefined) continue;
            body.run(call(kernel, a, b, end, at, flags, row, column, batch));
            next(rows);
            body.set(row, i32.add(row, i32.const(rows)));
          }
        });
      }
      if (finish === undefined) return;
      const last = (): void => body.run(call(finish, tile, first, rowEnd, column, batch));
      if (blocks) body.if(i32.and(flags, i32.const(LAST)), last);
      else last();
    },
  );
}
