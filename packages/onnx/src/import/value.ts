import { type Tensor, constant } from "@adjoint/ir";
import { type TensorValue, typeText } from "@adjoint/ir/values";
import { unsupported } from "../errors.ts";
import type { NarrowType } from "../narrow/types.ts";

/** A tensor whose elements stand for those of a narrow type. */
export class NarrowTensor {
  readonly tensor: Tensor;
  readonly type: NarrowType;

  constructor(tensor: Tensor, type: NarrowType) {
    this.tensor = tensor;
    this.type = type;
  }
}

/** A sequence of known length. */
export class Sequence {
  readonly items: readonly Value[];

  constructor(items: readonly Value[]) {
    this.items = items;
  }
}

/** An optional value that holds nothing; one that holds something is that. */
export class Absent {
  readonly isAbsent = true;
}

/** The value of a name in a model. */
export type Value = Tensor | NarrowTensor | Sequence | Absent;

/** A value of a file or a caller: a tensor, a sequence's items, or nothing in an optional value. */
export type HostValue = HostTensor | readonly HostValue[] | null;

/** A tensor's elements; those of a narrow type as its integers, or the bits of its floats. */
export interface HostTensor extends TensorValue {
  readonly narrow?: NarrowType;
}

/** A value known before the run. */
export function constantValue(host: HostValue): Value {
  if (host === null) return new Absent();
  if (!("dtype" in host)) return new Sequence(host.map(constantValue));
  const { dtype, shape, data, narrow } = host;
  const tensor = constant({ dtype, shape, data });
  return narrow === undefined ? tensor : new NarrowTensor(tensor, narrow);
}

/** The value as a tensor of a dtype. @throws UnsupportedError for any other. */
export function asTensor(value: Value, owner: string): Tensor {
  if (value instanceof NarrowTensor)
    throw unsupported(`element type ${value.type.name}`, `${owner} can't take elements of that type`);
  if (value instanceof Sequence) throw unsupported("a sequence", `${owner} takes a tensor`);
  if (value instanceof Absent) throw unsupported("an optional value", `${owner} takes a tensor`);
  return value;
}

/** The tensors in a value, in order. */
export function tensorsOf(value: Value): readonly Tensor[] {
  if (value instanceof Absent) return [];
  if (value instanceof Sequence) return value.items.flatMap(tensorsOf);
  return [value instanceof NarrowTensor ? value.tensor : value];
}

/** Values of the same structure over other tensors. */
export function rebuilt(values: readonly Value[], tensors: readonly Tensor[]): readonly Value[] {
  const rest = tensors.values();
  const build = (value: Value): Value => {
    if (value instanceof Absent) return value;
    if (value instanceof Sequence) return new Sequence(value.items.map(build));
    const tensor = rest.next().value;
    if (tensor === undefined) return value;
    return value instanceof NarrowTensor ? new NarrowTensor(tensor, value.type) : tensor;
  };
  return values.map(build);
}

/** A value's structure and types; equal for values that can stand for each other. */
export function valueText(value: Value): string {
  if (value instanceof Absent) return "nothing";
  if (value instanceof Sequence) return `sequence(${value.items.map(valueText).join(", ")})`;
  return value instanceof NarrowTensor
    ? `${value.type.name} ${typeText(value.tensor.type)}`
    : typeText(value.type);
}
