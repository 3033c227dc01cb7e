import { type CompositeDefinition, type CompositeFunction, defineComposite } from "../composite.ts";
import type { None } from "../primitive-set.ts";
import type { Cotangent, Tensor } from "../tensor.ts";

/*
 * The short forms of `defineComposite`, for one and for two operands and one output. The exported function takes the
 * operands and then what `settings` takes.
 */

type One = readonly [x: Tensor];
type Two = readonly [a: Tensor, b: Tensor];

/** The tensors that the gradient of a composite of one operand may use; g is the cotangent of y. */
interface UnaryPull<A> {
  readonly x: Tensor;
  readonly y: Tensor;
  readonly g: Tensor;
  readonly attributes: A;
}

export interface UnaryOptions<A, P extends readonly unknown[] = []> extends Pick<
  CompositeDefinition<One, A, P>,
  "attributes" | "check" | "exact"
> {
  /** The attributes from the parameters of the function: defaults of options are filled in here. */
  readonly settings?: (x: Tensor, ...rest: P) => A;
  readonly gradient?: (parts: UnaryPull<A>) => Cotangent;
}

/** Defines a composite of one operand. */
// @__NO_SIDE_EFFECTS__
export function unary<A = None, P extends readonly unknown[] = []>(
  name: string,
  build: (x: Tensor, attributes: A) => Tensor,
  { gradient, settings = none, ...rest }: UnaryOptions<A, P> = {},
): CompositeFunction<[x: Tensor, ...P]> {
  return defineComposite<One, A, [x: Tensor, ...P]>({
    name,
    arity: 1,
    ...rest,
    call: (x, ...others) => [[x], settings(x, ...others)],
    build: ([x], attributes) => build(x, attributes),
    ...(gradient && {
      gradient: ({ inputs: [x], output: y, attributes }, [g]) => [g && gradient({ x, y, g, attributes })],
    }),
  });
}

/** The tensors that the gradient of a composite of two operands may use; g is the cotangent of y. */
interface BinaryPull<A> {
  readonly inputs: Two;
  readonly y: Tensor;
  readonly g: Tensor;
  readonly attributes: A;
}

export interface BinaryOptions<A, P extends readonly unknown[] = []> extends Pick<
  CompositeDefinition<Two, A, P>,
  "attributes" | "check" | "exact"
> {
  /** The attributes from the parameters of the function: defaults of options are filled in here. */
  readonly settings?: (a: Tensor, b: Tensor, ...rest: P) => A;
  /** Cotangents of both operands. */
  readonly gradient?: (parts: BinaryPull<A>) => readonly [Cotangent, Cotangent];
}

/** Defines a composite of two operands. */
// @__NO_SIDE_EFFECTS__
export function binary<A = None, P extends readonly unknown[] = []>(
  name: string,
  build: (a: Tensor, b: Tensor, attributes: A) => Tensor,
  { gradient, settings = none, ...rest }: BinaryOptions<A, P> = {},
): CompositeFunction<[a: Tensor, b: Tensor, ...P]> {
  return defineComposite<Two, A, [a: Tensor, b: Tensor, ...P]>({
    name,
    arity: 2,
    ...rest,
    call: (a, b, ...others) => [[a, b], settings(a, b, ...others)],
    build: ([a, b], attributes) => build(a, b, attributes),
    ...(gradient && {
      gradient: ({ inputs, output: y, attributes }, [g]) =>
        g === undefined ? [undefined, undefined] : gradient({ inputs, y, g, attributes }),
    }),
  });
}

/** Without `settings` A is the type of no attributes; otherwise the schema refuses them. */
const none = <A>(): A => ({}) as A;
