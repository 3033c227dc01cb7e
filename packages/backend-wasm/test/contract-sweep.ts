import { Buffer } from "node:buffer";
import { type DType, at, dtypeInfo } from "@adjoint/ir/values";
import { ModuleBuilder } from "../src/emit/index.ts";
import { contractKernel, contractRegions } from "../src/kernels/contract/kernel.ts";
import { MathLibrary } from "../src/math/library.ts";
import { type Region, type RegionLayout, layOut } from "../src/region.ts";
import { Helpers } from "../src/scalar/helpers.ts";
import type { SharedCode } from "./contract-support.ts";
import { Draw, type SweptCase, product, randomOf } from "./contract-cases.ts";
import { compare, judge } from "./contract-judge.ts";
import { fill, valuesOf, wordsOf } from "./contract-words.ts";

/**
 * Contractions at the level of kernels, shared by one to three threads. Memory around every buffer and between the regions of
 * every workspace holds NaN, which must stay and must not be used.
 */

const POISON = 0xff;
const SLACK = 64;
const align = (bytes: number): number => Math.ceil(bytes / 64) * 64;

interface LaidOut {
  readonly swept: SweptCase;
  readonly regions: readonly Region[];
  readonly buffers: readonly number[];
  readonly workspace: number;
  readonly from: number;
  readonly to: number;
}

/** Runs cases as one module. @returns what is wrong, with the name of the case */
export function sweep(cases: readonly SweptCase[]): readonly string[] {
  const laidOut: LaidOut[] = [];
  const module = new ModuleBuilder();
  let end = SLACK;
  const environmentOf = (
    builder: ModuleBuilder,
    { dtype, options }: SweptCase,
    buffers: readonly number[],
  ) => ({
    module: builder,
    math: new MathLibrary(builder, options.fused),
    helpers: new Helpers(builder),
    addressing: {
      address: (buffer: number) => at(buffers, buffer),
      dtype: (): DType => dtype,
      outOfRange: () => {},
    },
  });
  for (const swept of cases) {
    const { kernel, options, dtype } = swept;
    const points = product([...kernel.batch, ...kernel.rows, ...kernel.columns]);
    const from = end;
    const buffers = [...swept.elements, ...swept.results.map(() => points)].map((elements) => {
      const address = end + SLACK;
      end = align(address + elements * dtypeInfo[dtype].bytes + SLACK);
      return address;
    });
    const regions = contractRegions(environmentOf(new ModuleBuilder(), swept, buffers), kernel, options);
    const workspace = end + SLACK;
    end = align(workspace + layOut(regions, options.threads, options.gap).bytes + SLACK);
    laidOut.push({ swept, regions, buffers, workspace, from, to: end });
  }
  const pages = Math.ceil((end + SLACK) / 65536);
  module.importMemory("env", "memory", { initial: pages });
  laidOut.forEach(({ swept, buffers, workspace }, index) => {
    const environment = environmentOf(module, swept, buffers);
    module.export(
      `run${index}`,
      contractKernel(environment, swept.kernel, { ...swept.options, workspace }).run,
    );
  });
  const memory = new WebAssembly.Memory({ initial: pages });
  const all = new Uint8Array(memory.buffer).fill(POISON);
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.finish()), { env: { memory } });
  return laidOut.flatMap((one, index) => {
    // The module exports a function of (thread, from, to, parts) by this name.
    const code = instance.exports[`run${index}`] as SharedCode;
    const wrong = checkCase(one, memory.buffer, all, code);
    return wrong === undefined ? [] : [`${one.swept.name}: ${wrong}`];
  });
}

/** @returns what is wrong, or undefined */
function checkCase(
  { swept, regions, buffers, workspace, from, to }: LaidOut,
  buffer: ArrayBuffer,
  all: Uint8Array,
  code: SharedCode,
): string | undefined {
  const { kernel, dtype, options } = swept;
  const { bytes } = dtypeInfo[dtype];
  const points = product([...kernel.batch, ...kernel.rows, ...kernel.columns]);
  const draw = new Draw(randomOf(swept.seed + 1));
  const words = swept.elements.map((elements, index) => wordsOf(dtype, buffer, at(buffers, index), elements));
  for (const list of words) fill(list, dtype, draw);
  const [a, b, bias] = words.map((list) => valuesOf(list, dtype));
  if (a === undefined || b === undefined || bias === undefined) return "no operands";
  const results = swept.results.map((_, index) => ({
    address: at(buffers, 3 + index),
    bytes: points * bytes,
  }));
  const before = all.slice(from, to);
  const layout = layOut(regions, options.threads, options.gap);
  /** The memory that must stay as it is while a thread runs: all but the results and the thread's regions. */
  const stays = (thread: number): readonly (readonly [number, number])[] => {
    const changes = [
      ...results.map((result) => [result.address, result.address + result.bytes] as const),
      ...regions.map((region) => {
        const start = workspace + offsetOf(layout, region.name);
        const address = start + (region.perThread ? thread * layout.threadBytes : 0);
        return [address, address + region.bytes] as const;
      }),
    ].toSorted(([one], [other]) => one - other);
    return [...changes, [to, to] as const].map(
      ([first], index) => [changes[index - 1]?.[1] ?? from, first] as const,
    );
  };
  const staying = Array.from({ length: options.threads }, (_, thread) => stays(thread));
  let bits: Uint8Array | undefined;
  for (let threads = 1; threads <= options.threads; threads++) {
    const made = results.map((result) => new Uint8Array(result.bytes));
    const owners = results.map((result) => new Uint8Array(result.bytes).fill(255));
    // In another order than that of their numbers.
    for (let turn = 0; turn < threads; turn++) {
      const thread = (turn + threads - 1) % threads;
      // A thread has written the bytes that differ from one of two fillings.
      for (const filling of [POISON, 0]) {
        all.set(before, from);
        for (const result of results) all.fill(filling, result.address, result.address + result.bytes);
        code(thread, thread, thread + 1, threads);
        const changed = firstChange(all, before, from, staying[thread] ?? []);
        if (changed !== undefined)
          return `thread ${thread} of ${threads} writes ${locationText(changed, buffers, workspace, regions, layout)}`;
        for (const [which, result] of results.entries()) {
          const [owner, own] = [owners[which], made[which]];
          if (owner === undefined || own === undefined) return "no result";
          for (let index = 0; index < result.bytes; index++) {
            const byte = at(all, result.address + index);
            if (byte === filling) continue;
            if (owner[index] !== 255 && owner[index] !== thread)
              return `threads ${owner[index]} and ${thread} of ${threads} both write byte ${index} of result ${which}`;
            owner[index] = thread;
            own[index] = byte;
          }
        }
      }
    }
    if (owners.some((list) => list.includes(255))) {
      // A byte that equals both fillings can't be told, so an owner is missing only if nobody wrote.
      const which = owners.findIndex((list) => list.includes(255));
      return `nobody of ${threads} writes byte ${owners[which]?.indexOf(255)} of result ${which}`;
    }
    const now = new Uint8Array(made.reduce((sum, list) => sum + list.length, 0));
    let offset = 0;
    for (const list of made) {
      now.set(list, offset);
      offset += list.length;
    }
    if (bits !== undefined && bits.some((byte, index) => byte !== now[index]))
      return `${threads} threads give other bits`;
    bits ??= now;
  }
  if (bits === undefined) return "nothing ran";
  return compare(kernel, dtype, judge(kernel, [a, b]), bias, bits, points);
}

/** The offset of a region; the names are those of the layout. */
const offsetOf = ({ offsets }: RegionLayout, name: string): number => offsets[name] ?? NaN;

/** The address of the first byte in some spans that is no longer what it was. */
function firstChange(
  now: Uint8Array,
  before: Uint8Array,
  from: number,
  spans: readonly (readonly [number, number])[],
): number | undefined {
  for (const [first, end] of spans) {
    const old = before.subarray(first - from, end - from);
    if (Buffer.compare(now.subarray(first, end), old) !== 0)
      return first + old.findIndex((byte, index) => byte !== now[first + index]);
  }
  return undefined;
}

function locationText(
  address: number,
  buffers: readonly number[],
  workspace: number,
  regions: readonly Region[],
  layout: RegionLayout,
): string {
  if (address < workspace)
    return `${address - (buffers.findLast((start) => start <= address) ?? NaN)} bytes from buffer ${buffers.findLastIndex((start) => start <= address)}`;
  const thread = Math.floor((address - workspace) / layout.threadBytes);
  const within = address - workspace - thread * layout.threadBytes;
  const region = regions.findLast(({ name }) => offsetOf(layout, name) <= within);
  return `${within - offsetOf(layout, region?.name ?? "")} bytes from "${region?.name}" (${region?.bytes} bytes) of thread ${thread}`;
}
