import * as ir from "@adjoint/ir";
import type { Tensor } from "@adjoint/ir";
import { elementCount, valueOf } from "@adjoint/ir/values";

/** Real and imaginary parts of one shape. */
export interface Complex<I extends Tensor | undefined = Tensor> {
  readonly real: Tensor;
  readonly imaginary: I;
}

/** Complex numbers that may all be real. */
export type Signal = Complex<Tensor | undefined>;

/** Lengths up to this one are multiplied by their matrix at once. */
const SHORT = 64;
/** Hears how many elements of a table are about to be computed. */
type Reserve = (elements: number) => void;

/** The factor of n that is nearest below its square root; 1 for primes. */
function factorOf(n: number): number {
  let factor = Math.floor(Math.sqrt(n));
  while (n % factor !== 0) factor--;
  return factor;
}

/** cos and sin of direction·2π·index/n. */
function roots(
  dtype: ir.DType,
  shape: readonly number[],
  n: number,
  direction: 1 | -1,
  index: (position: number) => number,
  reserve: Reserve,
): Complex {
  const count = elementCount(shape);
  reserve(count);
  const angles = new Float64Array(count);
  for (let position = 0; position < count; position++)
    angles[position] = (direction * 2 * Math.PI * (index(position) % n)) / n;
  return {
    real: ir.constant(valueOf(dtype, shape, angles.map(Math.cos))),
    imaginary: ir.constant(valueOf(dtype, shape, angles.map(Math.sin))),
  };
}

/** A product that is linear in both parts of each factor. */
function times(a: Signal, b: Complex, product: (a: Tensor, b: Tensor) => Tensor): Complex {
  const real = product(a.real, b.real);
  const imaginary = product(a.real, b.imaginary);
  if (a.imaginary === undefined) return { real, imaginary };
  return {
    real: real.sub(product(a.imaginary, b.imaginary)),
    imaginary: imaginary.add(product(a.imaginary, b.real)),
  };
}

/** Both parts changed alike. */
export function both<I extends Tensor | undefined>(
  { real, imaginary }: Complex<I>,
  change: (part: Tensor) => Tensor,
): Complex<I> {
  // An absent part stays absent, which the type can't follow.
  return { real: change(real), imaginary: (imaginary && change(imaginary)) as I };
}

/**
 * The discrete Fourier transform along the last axis, of a known size n; not divided by n. Direction −1 is forward.
 * Source: Cooley and Tukey, "An algorithm for the machine calculation of complex Fourier series" (1965), with factors
 * near √n; prime lengths take n² steps.
 * @param reserve hears of each table before it is made; prime lengths have one of n² elements.
 */
export function fourier(x: Signal, n: number, direction: 1 | -1, reserve: Reserve): Complex {
  const { dtype, rank, shape } = x.real;
  const a = factorOf(n);
  if (n <= SHORT || a === 1) {
    const matrix = roots(
      dtype,
      [n, n],
      n,
      direction,
      (position) => Math.floor(position / n) * (position % n),
      reserve,
    );
    return times(x, matrix, (left, right) =>
      left.dotGeneral(right, { leftContract: [rank - 1], rightContract: [0] }),
    );
  }
  const b = n / a;
  const outer = shape.slice(0, -1);
  // Element i·b + j: transforms over i give [j, k], turned by j·k; those over j give [k, l], which is element l·a + k.
  const columns = both(x, (part) => part.reshape([...outer, a, b]).transpose(swapped(rank + 1)));
  const turns = roots(
    dtype,
    [b, a],
    n,
    direction,
    (position) => Math.floor(position / a) * (position % a),
    reserve,
  );
  const turned = times(fourier(columns, a, direction, reserve), turns, ir.mul);
  const rows = fourier(
    both(turned, (part) => part.transpose(swapped(rank + 1))),
    b,
    direction,
    reserve,
  );
  return both(rows, (part) => part.transpose(swapped(rank + 1)).reshape([...outer, n]));
}

/** The last two axes, exchanged. */
const swapped = (rank: number): readonly number[] => [
  ...Array.from({ length: rank - 2 }, (_, axis) => axis),
  rank - 1,
  rank - 2,
];
