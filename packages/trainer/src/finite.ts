import { type DType, type State, type TypedArray, isFloat } from "@adjoint/ir";
import type { RegisterAttributes } from "@adjoint/ir/graph";

/**
 * The first register, in the order of the program, that has NaN or an infinity where it should not. One that is declared to
 * start with an element that is not finite (a running minimum) may have such elements.
 */
export const firstNotFinite = (
  state: State,
  registers: ReadonlyMap<string, RegisterAttributes>,
): string | undefined => notFinite(state, registers)[0];

/** The same, all of them. */
export function notFinite(
  state: State,
  registers: ReadonlyMap<string, RegisterAttributes>,
): readonly string[] {
  return [...registers].flatMap(([name, { initial }]) => {
    const value = Object.hasOwn(state, name) ? state[name] : undefined;
    return value === undefined || isAllFinite(value) || startsNotFinite(initial) ? [] : [name];
  });
}

function startsNotFinite(initial: RegisterAttributes["initial"]): boolean {
  if (initial.kind === "constant") return !Number.isFinite(initial.value);
  return initial.kind === "data" && !isAllFinite(initial.value);
}

/** The bits of an exponent that only NaN and the infinities have, for types that are kept as bits. */
const exponents: { readonly [dtype in DType]?: number } = { f16: 0x7c00, bf16: 0x7f80 };

function isAllFinite({ dtype, data }: { readonly dtype: DType; readonly data: TypedArray }): boolean {
  if (!isFloat(dtype)) return true;
  const exponent = exponents[dtype];
  for (let index = 0; index < data.length; index++) {
    const element = Number(data[index]);
    if (exponent === undefined ? !Number.isFinite(element) : (element & exponent) === exponent) return false;
  }
  return true;
}
