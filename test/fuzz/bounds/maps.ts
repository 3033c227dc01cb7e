import { type FloatFunction, type NameOf, elementary } from "@adjoint/ir/graph";
import {
  type DType,
  type TensorValue,
  castScalar,
  dtypeInfo,
  isFloat,
  roundTiesToEven,
} from "@adjoint/ir/values";
import { forFloatFunctions } from "../../float-functions.ts";
import {
  type Arithmetic,
  type Bounds,
  anything,
  at,
  bounds,
  computedIn,
  exactly,
  isExactAt,
  rounded,
  unitAt,
} from "./bounds.ts";
import { add, corners, divide, multiply, out, set, setAny, setExact, setNaN } from "./interval.ts";

/** Bounds of the result of one elementwise operation. */
interface MapContext {
  readonly value: TensorValue;
  readonly arithmetic: Arithmetic;
}
type MapRule = (inputs: readonly Bounds[], context: MapContext) => Bounds;

/** Where every operand is exact the result is the oracle's; elsewhere it may be anything. */
const exactOnly: MapRule = (inputs, { value }) => {
  if (inputs.every((input) => input.exact)) return exactly(value);
  return elementwise(value, (index) => {
    const known = inputs.every((input) => isExact(input, index));
    if (known) keep(value, index);
    else setAny();
  });
};

const isExact = ({ low, high, nan }: Bounds, index: number): boolean =>
  isExactAt(at(low, index), at(high, index), at(nan, index));

let kept: { readonly value: TensorValue; readonly low: Float64Array } | undefined;

/** The oracle's own element. */
function keep(value: TensorValue, index: number): void {
  if (kept?.value !== value) kept = { value, low: exactly(value).low };
  setExact(at(kept.low, index));
}

/** Bounds of one element after the other, from what `rule` leaves in `out`. */
function elementwise(value: TensorValue, rule: (index: number) => void): Bounds {
  const count = value.data.length;
  const [low, high, nan] = [new Float64Array(count), new Float64Array(count), new Uint8Array(count)];
  for (let index = 0; index < count; index++) {
    rule(index);
    low[index] = out.low;
    high[index] = out.high;
    nan[index] = out.nan;
  }
  return bounds(value, low, high, nan);
}

/** Widens `out` by some units of the type that the function is computed in, and rounds to its own. */
function settle(dtype: DType, units: number): void {
  if (Number.isNaN(out.low)) return;
  const inner = computedIn(dtype);
  const low = units === 0 ? out.low : out.low - units * unitAt(inner, out.low);
  const high = units === 0 ? out.high : out.high + units * unitAt(inner, out.high);
  out.low = rounded(dtype, Number.isNaN(low) ? out.low : low);
  out.high = rounded(dtype, Number.isNaN(high) ? out.high : high);
}

type Units = (arithmetic: Arithmetic) => number;
const rightly: Units = () => 0;
const functions: Units = ({ functions: units }) => units;
const divisions: Units = ({ division }) => division;

/** The interval of a function of one float, before it is rounded; NaN operands are dealt with. */
type Unary = (low: number, high: number, nan: number) => void;

const unary =
  (rule: Unary, units: Units = rightly): MapRule =>
  ([x], { value, arithmetic }) => {
    if (x === undefined) return anything(value);
    const of = units(arithmetic);
    if (!isFloat(value.dtype)) return exactOnly([x], { value, arithmetic });
    if (x.exact && of === 0) return exactly(value);
    return elementwise(value, (index) => {
      const [low, high, nan] = [at(x.low, index), at(x.high, index), at(x.nan, index)];
      if (of === 0 && isExactAt(low, high, nan)) keep(value, index);
      else if (Number.isNaN(low)) setNaN();
      else {
        rule(low, high, nan);
        settle(value.dtype, of);
      }
    });
  };

/** A function that never falls, on its domain. */
const rising =
  (f: (x: number) => number, from = -Infinity, to = Infinity): Unary =>
  (low, high, nan) => {
    if (high < from || low > to) setNaN();
    else set(f(Math.max(low, from)), f(Math.min(high, to)), low < from || high > to ? 1 : nan);
  };

const falling =
  (f: (x: number) => number, from = -Infinity, to = Infinity): Unary =>
  (low, high, nan) => {
    if (high < from || low > to) setNaN();
    else set(f(Math.min(high, to)), f(Math.max(low, from)), low < from || high > to ? 1 : nan);
  };

/** A function that falls up to 0 and rises from there. */
const valley =
  (f: (x: number) => number): Unary =>
  (low, high, nan) => {
    const [a, b] = [f(low), f(high)];
    set(low <= 0 && high >= 0 ? f(0) : Math.min(a, b), Math.max(a, b), nan);
  };

/** A function between −1 and 1 whose derivative is too. */
const wave =
  (f: (x: number) => number): Unary =>
  (low, high, nan) => {
    if (low === high && !Number.isFinite(low)) return setNaN();
    if (!Number.isFinite(low) || !Number.isFinite(high)) return set(-1, 1, 1);
    const width = high - low;
    set(Math.max(-1, f(low) - width), Math.min(1, f(low) + width), nan);
  };

const tangent: Unary = (low, high, nan) => {
  const turn = (x: number): number => Math.floor((x - Math.PI / 2) / Math.PI);
  if (low === high) setExact(Math.tan(low));
  else if (high - low < 3 && turn(low) === turn(high) && Math.tan(low) <= Math.tan(high))
    set(Math.tan(low), Math.tan(high), nan);
  else setAny();
};

/** The interval of a function of two floats, neither NaN for sure. */
type Binary = (al: number, ah: number, bl: number, bh: number, nan: number) => void;

const binary =
  (rule: Binary, units: Units = rightly): MapRule =>
  (inputs, { value, arithmetic }) => {
    const [a, b] = inputs;
    if (a === undefined || b === undefined) return anything(value);
    const of = units(arithmetic);
    if (!isFloat(value.dtype)) return exactOnly(inputs, { value, arithmetic });
    if (a.exact && b.exact && of === 0) return exactly(value);
    return elementwise(value, (index) => {
      const [al, ah, bl, bh] = [at(a.low, index), at(a.high, index), at(b.low, index), at(b.high, index)];
      const isKnown = isExact(a, index) && isExact(b, index);
      if (isKnown) keep(value, index);
      if (isKnown && (of === 0 || !Number.isFinite(out.low))) return;
      // NaN to the power 0 and 1 to the power NaN are 1.
      if (!isKnown && (Number.isNaN(al) || Number.isNaN(bl))) return rule === power ? setAny() : setNaN();
      if (!isKnown || of > 0) rule(al, ah, bl, bh, at(a.nan, index) | at(b.nan, index));
      settle(value.dtype, of);
    });
  };

const isExactNaN = (x: Bounds, index: number): boolean => Number.isNaN(at(x.low, index));

const power: Binary = (al, ah, bl, bh, nan) => {
  if (al > 0) corners(elementary.floatPower, [al, ah, bl, bh], nan);
  else if (bl === bh && Number.isInteger(bl) && (bl >= 0 || ah < 0)) {
    const [low, high] = [al ** bl, ah ** bl];
    const [least, most] = [Math.min(low, high), Math.max(low, high)];
    set(
      ah >= 0 ? Math.min(least, 0 ** bl) : least,
      ah >= 0 ? Math.max(most, 0 ** bl) : most,
      bl === 0 ? 0 : nan,
    );
  } else setAny();
};

const angle: Binary = (al, ah, bl, bh, nan) => {
  const isCut = al <= 0 && ah >= 0 && bl <= 0;
  if (isCut && !(al === ah && bl === bh)) set(-Math.PI, Math.PI, nan);
  else corners(Math.atan2, [al, ah, bl, bh], nan);
};

const remainder =
  (quotient: (x: number) => number, range: (bl: number, bh: number) => readonly [number, number]): Binary =>
  (al, ah, bl, bh, nan) => {
    if ((bl <= 0 && bh >= 0) || !Number.isFinite(al) || !Number.isFinite(ah)) return setAny();
    const [p, q, r, s] = [al / bl, al / bh, ah / bl, ah / bh];
    const slack = 1e-12 * Math.max(Math.abs(p), Math.abs(q), Math.abs(r), Math.abs(s));
    const [first, last] = [quotient(Math.min(p, q, r, s) - slack), quotient(Math.max(p, q, r, s) + slack)];
    const finite = Number.isFinite(bl) && Number.isFinite(bh);
    if (first !== last || !finite || Math.abs(first) > 2 ** 40) set(...range(bl, bh), nan);
    else {
      corners((a, b) => a - first * b, [al, ah, bl, bh], nan);
      const error = 1e-12 * Math.max(Math.abs(al), Math.abs(ah));
      out.low -= error;
      out.high += error;
    }
  };

const widest = (bl: number, bh: number): readonly [number, number] => {
  const most = Math.max(Math.abs(bl), Math.abs(bh));
  return [-most, most];
};

/** Remainders of integers that may be anything lie below the divisor: they are what indices are made of. */
const integerRemainder =
  (rule: Binary): MapRule =>
  (inputs, context) => {
    const [, divisor] = inputs;
    const { value } = context;
    if (divisor === undefined || isFloat(value.dtype) || value.dtype === "i64" || value.dtype === "u64")
      return binary(rule)(inputs, context);
    const given = exactOnly(inputs, context);
    if (given.exact) return given;
    const [low, high] = [given.low.slice(), given.high.slice()];
    for (let index = 0; index < low.length; index++) {
      const most = at(divisor.low, index);
      if (at(given.nan, index) === 0 || !isExact(divisor, index) || most <= 0) continue;
      low[index] = 0;
      high[index] = most - 1;
    }
    return bounds(value, low, high, given.nan);
  };

/** A comparison of floats: certain if the intervals are apart. */
const predicate =
  (certain: (al: number, ah: number, bl: number, bh: number) => boolean | undefined): MapRule =>
  (inputs, context) => {
    const [a, b] = inputs;
    const { value } = context;
    if (a === undefined || b === undefined) return anything(value);
    if (a.exact && b.exact) return exactly(value);
    if (!isFloat(a.value.dtype)) return exactOnly(inputs, context);
    return elementwise(value, (index) => {
      const [al, ah, bl, bh] = [at(a.low, index), at(a.high, index), at(b.low, index), at(b.high, index)];
      const nan = at(a.nan, index) + at(b.nan, index) > 0;
      const answer = certain(al, ah, bl, bh);
      // A comparison with NaN is false.
      if (Number.isNaN(al) || Number.isNaN(bl) || answer === false || (answer === true && !nan))
        keep(value, index);
      else setAny();
    });
  };

const logic =
  (decides: (a: number, b: number) => boolean): MapRule =>
  (inputs, { value }) => {
    const [a, b] = inputs;
    if (a === undefined || b === undefined) return anything(value);
    if (a.exact && b.exact) return exactly(value);
    const known = (x: Bounds, index: number): number => (isExact(x, index) ? at(x.low, index) : NaN);
    return elementwise(value, (index) => {
      const [p, q] = [known(a, index), known(b, index)];
      if (decides(p, q)) keep(value, index);
      else setAny();
    });
  };

const cast: MapRule = ([x], { value }) => {
  if (x === undefined) return anything(value);
  if (x.exact) return exactly(value);
  const { dtype } = value;
  if (!isFloat(x.value.dtype)) return exactOnly([x], { value, arithmetic: hostsOnly });
  return elementwise(value, (index) => {
    const [low, high, nan] = [at(x.low, index), at(x.high, index), at(x.nan, index)];
    if (Number.isNaN(low)) keep(value, index);
    else if (isFloat(dtype)) set(rounded(dtype, low), rounded(dtype, high), nan);
    else if (isExactAt(low, high, nan)) keep(value, index);
    else if (
      dtype === "bool"
        ? low > 0 || high < 0
        : nan === 0 && castScalar(low, dtype, true) === castScalar(high, dtype, true)
    )
      keep(value, index);
    else setAny();
  });
};

/** `exactOnly` asks for none. */
const hostsOnly: Arithmetic = { functions: 0, division: 0, doubles: true, flushes: false };

/** Bits of a NaN are not promised. */
const bitcast: MapRule = ([x], { value }) => {
  if (x === undefined || dtypeInfo[x.value.dtype].bytes !== dtypeInfo[value.dtype].bytes)
    return anything(value);
  return elementwise(value, (index) => {
    if (!isExact(x, index) || (at(x.nan, index) === 1 && isFloat(x.value.dtype) && !isFloat(value.dtype)))
      setAny();
    else keep(value, index);
  });
};

const choice: MapRule = (inputs, { value }) => {
  const [condition, a, b] = inputs;
  if (condition === undefined || a === undefined || b === undefined) return anything(value);
  return elementwise(value, (index) => {
    const take = (x: Bounds): void => {
      out.low = at(x.low, index);
      out.high = at(x.high, index);
      out.nan = at(x.nan, index);
    };
    const isKnown = isExact(condition, index);
    if (isKnown) return take(at(condition.low, index) === 0 ? b : a);
    if (isExact(a, index) && isExact(b, index) && Object.is(at(a.low, index), at(b.low, index)))
      return take(a);
    if (!isFloat(value.dtype) || isExactNaN(a, index) || isExactNaN(b, index)) return setAny();
    set(
      Math.min(at(a.low, index), at(b.low, index)),
      Math.max(at(a.high, index), at(b.high, index)),
      at(a.nan, index) | at(b.nan, index),
    );
  });
};

const isFinitePart: MapRule = ([x], { value }) => {
  if (x === undefined) return anything(value);
  if (x.exact) return exactly(value);
  return elementwise(value, (index) => {
    const [low, high] = [at(x.low, index), at(x.high, index)];
    const certain = isExact(x, index) || (Number.isFinite(low) && Number.isFinite(high));
    if (certain) keep(value, index);
    else setAny();
  });
};

const isNotANumber: MapRule = ([x], { value }) => {
  if (x === undefined) return anything(value);
  return elementwise(value, (index) => {
    if (Number.isNaN(at(x.low, index)) || at(x.nan, index) === 0) keep(value, index);
    else setAny();
  });
};

const same: MapRule = ([x], { value }) => (x === undefined ? anything(value) : { ...x, value });

const increasing = (f: (x: number) => number, from?: number, to?: number): MapRule =>
  unary(rising(f, from, to), functions);

/** Of a function without a rule, results of inexact operands are not compared. */
const floatRules: { readonly [N in FloatFunction]?: MapRule } = {
  exp: increasing(Math.exp),
  expm1: increasing(Math.expm1),
  log: increasing(Math.log, 0),
  log1p: increasing(Math.log1p, -1),
  sqrt: unary(rising(Math.sqrt, 0), divisions),
  sin: unary(wave(Math.sin), functions),
  cos: unary(wave(Math.cos), functions),
  tan: unary(tangent, functions),
  asin: increasing(Math.asin, -1, 1),
  acos: unary(falling(Math.acos, -1, 1), functions),
  atan: increasing(Math.atan),
  sinh: increasing(Math.sinh),
  cosh: unary(valley(Math.cosh), functions),
  tanh: increasing(Math.tanh),
  asinh: increasing(Math.asinh),
  acosh: increasing(Math.acosh, 1),
  atanh: increasing(Math.atanh, -1, 1),
  erf: increasing(elementary.erf),
};

export const mapRules: { readonly [N in NameOf<"map">]: MapRule } = {
  ...forFloatFunctions((name) => floatRules[name] ?? exactOnly),
  abs: unary(valley(Math.abs)),
  neg: unary(falling((x) => -x)),
  sign: unary(rising(Math.sign)),
  floor: unary(rising(Math.floor)),
  ceil: unary(rising(Math.ceil)),
  round: unary(rising(roundTiesToEven)),
  isNaN: isNotANumber,
  isInf: isFinitePart,
  not: exactOnly,
  bitwiseNot: exactOnly,
  cast,
  bitcast,
  stopGradient: same,
  add: binary(add),
  sub: binary((al, ah, bl, bh, nan) => add(al, ah, -bh, -bl, nan)),
  mul: binary(multiply),
  div: binary(divide, divisions),
  mod: integerRemainder(remainder(Math.floor, (bl, bh) => [Math.min(0, bl), Math.max(0, bh)])),
  fmod: binary(remainder(Math.trunc, widest)),
  pow: binary(power, functions),
  atan2: binary(angle, functions),
  max: binary((al, ah, bl, bh, nan) => set(Math.max(al, bl), Math.max(ah, bh), nan)),
  min: binary((al, ah, bl, bh, nan) => set(Math.min(al, bl), Math.min(ah, bh), nan)),
  equal: predicate((al, ah, bl, bh) =>
    al > bh || bl > ah ? false : al === ah && bl === bh ? al === bl : undefined,
  ),
  less: predicate((al, ah, bl, bh) => (ah < bl ? true : al >= bh ? false : undefined)),
  lessOrEqual: predicate((al, ah, bl, bh) => (ah <= bl ? true : al > bh ? false : undefined)),
  and: logic((a, b) => a === 0 || b === 0 || (a === 1 && b === 1)),
  or: logic((a, b) => a === 1 || b === 1 || (a === 0 && b === 0)),
  xor: logic((a, b) => !Number.isNaN(a) && !Number.isNaN(b)),
  bitwiseAnd: exactOnly,
  bitwiseOr: exactOnly,
  bitwiseXor: exactOnly,
  shiftLeft: exactOnly,
  shiftRight: exactOnly,
  where: choice,
};
