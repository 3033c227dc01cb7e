import type { BufferId, ContractKernel } from "@adjoint/compiler";
import {
  type Body,
  type Callee,
  type Local,
  type ModuleBuilder,
  type Value,
  call,
  i32,
  select,
} from "../emit/index.ts";
import type { Epilogue } from "./epilogue.ts";
import { ADD, LAST, MOST_ROWS } from "./micro.ts";
import { type Operand, placeOf } from "./operand.ts";
import { emitPackLeft, emitPackRight } from "./pack.ts";
import { type BlockPlan, type Plan, type PlanOptions, type Split, planContraction } from "./plan.ts";
import { shareOf } from "./share.ts";
import { type Stripe, emitStripe, stepsOf } from "./stripe.ts";
import { emitVector } from "./vector.ts";

export interface ContractionOptions extends PlanOptions {
  /** Where a buffer lies, in bytes. READ_SLACK bytes behind each buffer must be memory too: they may be read, not used. */
  readonly address: (buffer: BufferId) => number;
  /** Bytes of scratch memory at this address, a multiple of 64; how many, says `workspaceBytes`. */
  readonly workspace: number;
  /** What becomes of the sums. */
  readonly epilogue: Epilogue;
}

/** A contraction as a function of (thread, threads); the numbers don't depend on either. */
export interface Contraction {
  readonly run: Callee<["i32", "i32"], "void">;
  /** What a thread computes is a range of this. */
  readonly split: Split;
}

/** Bytes of scratch memory that a contraction needs, for all its threads. */
export function workspaceBytes(
  kernel: ContractKernel,
  options: PlanOptions & { readonly epilogue: Epilogue },
): number {
  return planContraction(kernel, options, options.epilogue).threadBytes * (options.threads ?? 1);
}

/**
 * Writes the functions of a contraction. Each thread calls `run` with its number and how many there are (at most
 * `options.threads`); none waits for another. Blocking as in Goto and van de Geijn, "Anatomy of High-Performance Matrix
 * Multiplication" (2008).
 */
export function emitContraction(
  module: ModuleBuilder,
  kernel: ContractKernel,
  options: ContractionOptions,
): Contraction {
  const plan = planContraction(kernel, options, options.epilogue, options.address);
  const { batch, rows, columns } = plan.sizes;
  if (batch === 0 || rows === 0 || columns === 0)
    return { run: module.function(["i32", "i32"], "void", () => {}), split: plan.split };
  const { shape } = plan;
  const run =
    shape.kind === "vector"
      ? emitVector(module, plan, shape, options)
      : emitBlocks(module, plan, shape, options);
  return { run, split: plan.split };
}

const bases = (body: Body, operand: Operand, batch: Value<"i32">): Local<"i32"> =>
  body.let(placeOf(body, operand.batch, batch, i32.const(operand.address)));

function emitBlocks(
  module: ModuleBuilder,
  plan: Plan,
  shape: BlockPlan,
  { epilogue, workspace }: ContractionOptions,
): Callee<["i32", "i32"], "void"> {
  const { sizes, lane, left, right, regions } = plan;
  const { width, depth, depthBlocks, blockColumns, blockRows, keptRows, tiles } = shape;
  const { rows, columns } = sizes;
  const steps = stepsOf(plan, shape, epilogue);
  const rest = columns % width;
  const whole = columns >= width ? emitStripe(module, plan, shape, epilogue, width) : undefined;
  const narrow = rest > 0 ? emitStripe(module, plan, shape, epilogue, rest) : undefined;
  const slivers = { width, depth, columns, block: blockColumns };
  const empty = sizes.inner === 0;
  const packRight = empty ? undefined : emitPackRight(module, right, shape.rightAccess, lane, slivers);
  const packLeft =
    shape.panel === undefined || empty
      ? undefined
      : emitPackLeft(module, left, shape.leftAccess, lane, shape.panel);
  const termBytes = width * lane.bytes;
  const rowUnits = tiles.main / tiles.rows + (tiles.tails.length > 0 ? 1 : 0);

  return module.function(["i32", "i32"], "void", (body, thread, threads) => {
    const full = (size: number): readonly [Local<"i32">, Local<"i32">] => [
      body.let(i32.const(0)),
      body.let(i32.const(size)),
    ];
    const share = (size: number, units: number, unit: number): readonly [Local<"i32">, Local<"i32">] => {
      const [from, to] = shareOf(body, units, thread, threads);
      const end = select(i32.eq(to, i32.const(units)), i32.const(size), i32.mul(to, i32.const(unit)));
      return [body.let(i32.mul(from, i32.const(unit))), body.let(end)];
    };
    const [batch, batchEnd] = plan.split === "batch" ? share(sizes.batch, sizes.batch, 1) : full(sizes.batch);
    const [row0, row1] = plan.split === "rows" ? share(rows, rowUnits, tiles.rows) : full(rows);
    const [column0, column1] =
      plan.split === "columns" ? share(columns, Math.ceil(columns / width), width) : full(columns);
    const scratch = body.let(i32.add(i32.const(workspace), i32.mul(thread, i32.const(plan.threadBytes))));
    const region = (offset: number): Value<"i32"> => i32.add(scratch, i32.const(offset));
    const rowLimit = (start: Local<"i32">, step: number, end: Local<"i32">): Local<"i32"> => {
      const limit = body.let(i32.add(start, i32.const(step)));
      // The last tiles may be thinner or thicker than a whole one: they go with the block that reaches them.
      body.if(i32.gtS(limit, i32.const(tiles.main)), () => body.set(limit, i32.const(rows)));
      body.set(limit, select(i32.gtS(limit, end), end, limit));
      return limit;
    };
    const overRows = (
      from: Local<"i32">,
      end: Local<"i32">,
      step: number,
      write: (at: Local<"i32">, to: Local<"i32">) => void,
    ): void => {
      const at = body.let(from);
      body.block((exit) =>
        body.loop((again) => {
          body.jumpIf(exit, i32.geS(at, end));
          const to = rowLimit(at, step, end);
          write(at, to);
          body.set(at, to);
          body.jump(again);
        }),
      );
    };
    const sliver = (
      a: Local<"i32">,
      b: Local<"i32">,
      bEnd: Local<"i32">,
      tile: Local<"i32">,
      flags: Local<"i32">,
      row: Local<"i32">,
      to: Local<"i32">,
      column: Local<"i32">,
    ): void => {
      const one = (stripe: Stripe): void =>
        body.run(call(stripe, a, b, bEnd, tile, flags, row, to, column, batch));
      if (whole !== undefined && narrow !== undefined) {
        body.if(
          i32.leS(column, i32.const(columns - width)),
          () => one(whole),
          () => one(narrow),
        );
      } else if (whole !== undefined) one(whole);
      else if (narrow !== undefined) one(narrow);
    };

    body.for(batch, batchEnd, 1, () => {
      const leftBase = bases(body, left, batch);
      const resultBase =
        epilogue.kind === "dense"
          ? body.let(placeOf(body, epilogue.batch, batch, i32.const(epilogue.address)))
          : undefined;
      overRows(row0, row1, keptRows, (kept, keptEnd) => {
        const j0 = body.let(column0);
        body.for(j0, column1, blockColumns, () => {
          const j1 = body.let(i32.add(j0, i32.const(blockColumns)));
          body.set(j1, select(i32.gtS(j1, column1), column1, j1));
          const block = body.let(i32.const(0));
          body.for(block, i32.const(depthBlocks), 1, () => {
            const k0 = body.let(i32.mul(block, i32.const(depth)));
            const terms = body.let(i32.sub(i32.const(sizes.inner), k0));
            body.set(terms, select(i32.gtS(terms, i32.const(depth)), i32.const(depth), terms));
            const flags = body.let(
              i32.or(
                select(block, i32.const(ADD), i32.const(0)),
                select(i32.eq(block, i32.const(depthBlocks - 1)), i32.const(LAST), i32.const(0)),
              ),
            );
            if (packRight !== undefined) {
              const count = i32.sub(j1, j0);
              body.run(
                call(packRight, region(regions.right), j0, count, k0, terms, batch, region(regions.lines)),
              );
            }
            overRows(kept, keptEnd, blockRows, (row, to) => {
              if (packLeft !== undefined) {
                const count = i32.sub(to, row);
                body.run(call(packLeft, region(regions.left), row, count, k0, terms, batch, i32.const(0)));
              }
              const a = body.let(
                packLeft === undefined
                  ? i32.add(
                      i32.add(leftBase, i32.mul(row, i32.const(steps.leftRow))),
                      i32.mul(k0, i32.const(steps.leftTerm)),
                    )
                  : region(regions.left),
              );
              const b = body.let(region(regions.right));
              const bytes = body.let(i32.mul(terms, i32.const(termBytes)));
              const bEnd = body.local("i32");
              const tile = body.local("i32");
              const column = body.let(j0);
              // Kept sums lie sliver by sliver, each with all kept rows.
              const stripeBytes = Math.min(rows, keptRows + 2 * MOST_ROWS) * termBytes;
              body.set(
                tile,
                resultBase === undefined
                  ? depthBlocks === 1
                    ? region(regions.tile)
                    : i32.add(region(regions.tile), i32.mul(i32.sub(row, kept), i32.const(termBytes)))
                  : i32.add(
                      i32.add(resultBase, i32.mul(row, i32.const(steps.tileRow))),
                      i32.mul(column, i32.const(lane.bytes)),
                    ),
              );
              body.for(column, j1, width, () => {
                body.set(bEnd, i32.add(b, bytes));
                sliver(a, b, bEnd, tile, flags, row, to, column);
                body.set(b, i32.add(b, i32.const(depth * termBytes)));
                if (resultBase !== undefined) body.set(tile, i32.add(tile, i32.const(termBytes)));
                else if (depthBlocks > 1) body.set(tile, i32.add(tile, i32.const(stripeBytes)));
              });
            });
          });
        });
      });
    });
  });
}
