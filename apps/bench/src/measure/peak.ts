/** Turns of one measurement: about half a millisecond. */
const TURNS = 100_000;
const LANES = 4;

/** Unsigned LEB128. */
function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}

/** Signed LEB128 of a number ≥ 0. */
const signed = (value: number): number[] =>
  value < 0x40 ? [value] : [(value & 0x7f) | 0x80, ...signed(value >>> 7)];

const section = (id: number, content: readonly number[]): number[] => [
  id,
  ...unsigned(content.length),
  ...content,
];
const vector = (items: readonly (readonly number[])[]): number[] => [
  ...unsigned(items.length),
  ...items.flat(),
];

const text = (name: string): number[] => [name.length, ...new TextEncoder().encode(name)];

/** The first bytes of a module, and the version of the format. */
const MAGIC = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const I32 = 0x7f;
const V128 = 0x7b;
const code = {
  loop: [0x03, 0x40],
  branchIf: (depth: number) => [0x0d, depth],
  end: [0x0b],
  get: (local: number) => [0x20, ...unsigned(local)],
  set: (local: number) => [0x21, ...unsigned(local)],
  tee: (local: number) => [0x22, ...unsigned(local)],
  i32Const: (value: number) => [0x41, ...signed(value)],
  i32Sub: [0x6b],
  // Alignment of 4 bytes, as a power of 2, and the offset.
  load: (offset: number) => [0xfd, 0x00, 2, ...unsigned(offset)],
  loadSplat: (offset: number) => [0xfd, 0x09, 2, ...unsigned(offset)],
  store: (offset: number) => [0xfd, 0x0b, 2, ...unsigned(offset)],
  add: [0xfd, 0xe4, 0x01],
  mul: [0xfd, 0xe6, 0x01],
  relaxedMadd: [0xfd, 0x85, 0x02],
} as const;

/** The instructions that multiply and add. */
export interface Arithmetic {
  /** Relaxed multiply-add instead of a product and a sum. */
  readonly fused: boolean;
  /** In adjacent pairs, which V8 may join into 256 bits. */
  readonly wide: boolean;
}

/**
 * A module whose `run(address)` adds products to sums that stay in registers, `TURNS` times: the most that one thread
 * can do with these instructions.
 */
export function peakModule({ fused, wide }: Arithmetic): Uint8Array<ArrayBuffer> {
  const sums = wide ? 24 : 12;
  // Locals: the address, the counter, the factor, two vectors, the sums.
  const [address, counter, factor, first, firstSum] = [0, 1, 2, 3, 5];
  const multiplyAdd = (sum: number, b: number): number[] =>
    fused
      ? [...code.get(factor), ...code.get(b), ...code.get(sum), ...code.relaxedMadd]
      : [...code.get(sum), ...code.get(factor), ...code.get(b), ...code.mul, ...code.add];
  const each = (make: (index: number) => readonly number[]): number[] =>
    Array.from({ length: sums }, (_, index) => make(index)).flat();
  const body = [
    vector([
      [1, I32],
      [...unsigned(3 + sums), V128],
    ]),
    [...code.get(address), ...code.loadSplat(0), ...code.set(factor)],
    [...code.get(address), ...code.load(64), ...code.set(first)],
    [...code.get(address), ...code.load(80), ...code.set(first + 1)],
    [...code.i32Const(TURNS), ...code.set(counter)],
    code.loop,
    each((index) => [...multiplyAdd(firstSum + index, first + (index % 2)), ...code.set(firstSum + index)]),
    [...code.get(counter), ...code.i32Const(1), ...code.i32Sub, ...code.tee(counter)],
    code.branchIf(0),
    code.end,
    // Stored at the end, or the engine would leave all of it out.
    each((index) => [...code.get(address), ...code.get(firstSum + index), ...code.store(1024 + 16 * index)]),
    code.end,
  ].flat();
  return Uint8Array.from(
    [
      MAGIC,
      section(1, vector([[0x60, ...vector([[I32]]), 0]])),
      section(3, vector([[0]])),
      section(5, vector([[0, 1]])),
      section(7, vector([[...text("run"), 0, 0]])),
      section(10, vector([[...unsigned(body.length), ...body]])),
    ].flat(),
  );
}

/** Milliseconds of a measurement: long enough to have its share of what else the machine does, as bursts have. */
const MEASURED = 25;

/** GFLOP/s of one thread of this process with these instructions, at the moment of each call. */
export function peakMeter(arithmetic: Arithmetic): () => number {
  const instance = new WebAssembly.Instance(new WebAssembly.Module(peakModule(arithmetic)));
  // The module exports a function of an address.
  const run = instance.exports["run"] as (address: number) => void;
  const operations = (arithmetic.wide ? 24 : 12) * LANES * 2 * TURNS;
  const measure = (): number => {
    const start = performance.now();
    let [runs, passed] = [0, 0];
    while (passed < MEASURED) {
      run(0);
      runs++;
      passed = performance.now() - start;
    }
    return (operations * runs) / passed / 1e6;
  };
  // Optimized code takes over within the first calls.
  measure();
  return measure;
}
