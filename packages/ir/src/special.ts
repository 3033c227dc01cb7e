/**
 * The error function to about 1 ulp. Rational approximations on five ranges; coefficients from FreeBSD's msun
 * `s_erf.c` (W. J. Cody's method).
 */
export function erf(x: number): number {
  if (Number.isNaN(x)) return NaN;
  const magnitude = Math.abs(x);
  if (magnitude < 0.84375) return magnitude < 2 ** -28 ? x + 0.1283791670955126 * x : x + x * smallRatio(x);
  const positive =
    magnitude < 1.25 ? ONE + beyondOne(magnitude) : magnitude < 6 ? 1 - complement(magnitude) : 1;
  return x < 0 ? -positive : positive;
}

/** erf(x) / x − 1 below 0.84375. */
function smallRatio(x: number): number {
  const square = x * x;
  return evaluate(SMALL[0], square) / evaluate(SMALL[1], square);
}

/** erf(x) − `ONE` from 0.84375 to 1.25. */
function beyondOne(x: number): number {
  const s = x - 1;
  return evaluate(NEAR[0], s) / evaluate(NEAR[1], s);
}

/** 1 − erf(x) from 1.25 to 28. */
function complement(x: number): number {
  const s = 1 / (x * x);
  const [p, q] = x < 1 / 0.35 ? MEDIUM : LARGE;
  // x² is split so that the rounding error of the square does not reach the exponential.
  const head = Math.fround(x);
  const tail = (head - x) * (head + x) + evaluate(p, s) / evaluate(q, s);
  return (Math.exp(-head * head - 0.5625) * Math.exp(tail)) / x;
}

function evaluate(coefficients: readonly number[], x: number): number {
  let sum = 0;
  for (let index = coefficients.length - 1; index >= 0; index--) sum = sum * x + (coefficients[index] ?? 0);
  return sum;
}

const ONE = 0.8450629115104675;
const SMALL = [
  [
    0.12837916709551256, -0.3250421072470015, -0.02848174957559851, -0.005770270296489442,
    -2.3763016656650163e-5,
  ],
  [
    1, 0.39791722395915535, 0.0650222499887673, 0.005081306281875766, 0.00013249473800432164,
    -3.960228278775368e-6,
  ],
] as const;
const NEAR = [
  [
    -0.0023621185607526594, 0.41485611868374833, -0.3722078760357013, 0.31834661990116175,
    -0.11089469428239668, 0.035478304325618236, -0.002166375594868791,
  ],
  [
    1, 0.10642088040084423, 0.540397917702171, 0.07182865441419627, 0.12617121980876164, 0.01363708391202905,
    0.011984499846799107,
  ],
] as const;
const MEDIUM = [
  [
    -0.009864944034847148, -0.6938585727071818, -10.558626225323291, -62.375332450326006, -162.39666946257347,
    -184.60509290671104, -81.2874355063066, -9.814329344169145,
  ],
  [
    1, 19.651271667439257, 137.65775414351904, 434.56587747522923, 645.3872717332679, 429.00814002756783,
    108.63500554177944, 6.570249770319282, -0.0604244152148581,
  ],
] as const;
const LARGE = [
  [
    -0.0098649429247001, -0.799283237680523, -17.757954917754752, -160.63638485582192, -637.5664433683896,
    -1025.0951316110772, -483.5191916086514,
  ],
  [
    1, 30.33806074348246, 325.7925129965739, 1536.729586084437, 3199.8582195085955, 2553.0504064331644,
    474.52854120695537, -22.44095244658582,
  ],
] as const;
