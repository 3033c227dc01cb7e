/**
 * The error function to about 1 ulp. Rational approximations on five ranges; coefficients from FreeBSD's msun
 * `s_erf.c` (W. J. Cody's method).
 */
export function erf(x: number): number {
  if (Number.isNaN(x)) return NaN;
  const magnitude = Math.abs(x);
  if (magnitude < 0.84375) {
    if (magnitude < 2 ** -28) return x + 0.1283791670955125738 * x;
    const z = x * x;
    return x + (x * evaluate(SMALL[0], z)) / evaluate(SMALL[1], z);
  }
  let positive: number;
  if (magnitude < 1.25) {
    const s = magnitude - 1;
    positive = ONE + evaluate(NEAR[0], s) / evaluate(NEAR[1], s);
  } else if (magnitude >= 6) {
    positive = 1;
  } else {
    const s = 1 / (magnitude * magnitude);
    const [p, q] = magnitude < 1 / 0.35 ? MEDIUM : LARGE;
    // x² is split so that the rounding error of the square does not reach the exponential.
    const head = Math.fround(magnitude);
    positive =
      1 -
      (Math.exp(-head * head - 0.5625) *
        Math.exp((head - magnitude) * (head + magnitude) + evaluate(p, s) / evaluate(q, s))) /
        magnitude;
  }
  return x < 0 ? -positive : positive;
}

function evaluate(coefficients: readonly number[], x: number): number {
  let sum = 0;
  for (let index = coefficients.length - 1; index >= 0; index--) sum = sum * x + (coefficients[index] ?? 0);
  return sum;
}

const ONE = 0.845062911510467529297;
const SMALL = [
  [
    0.128379167095512558561, -0.32504210724700149937, -0.0284817495755985104766, -0.00577027029648944159157,
    -0.0000237630166566501626084,
  ],
  [
    1, 0.397917223959155352819, 0.0650222499887672944485, 0.00508130628187576562776,
    0.000132494738004321644526, -0.0000039602282787753681232,
  ],
] as const;
const NEAR = [
  [
    -0.00236211856075265944077, 0.414856118683748331666, -0.372207876035701323847, 0.318346619901161753674,
    -0.110894694282396677476, 0.0354783043256182359371, -0.002166375594868790843,
  ],
  [
    1, 0.106420880400844228286, 0.540397917702171048937, 0.0718286544141962662868, 0.126171219808761642112,
    0.0136370839120290507362, 0.011984499846799107417,
  ],
] as const;
const MEDIUM = [
  [
    -0.00986494403484714822705, -0.693858572707181764372, -10.5586262253232909814, -62.3753324503260060396,
    -162.396669462573470355, -184.605092906711035994, -81.2874355063065934246, -9.81432934416914548592,
  ],
  [
    1, 19.6512716674392571292, 137.6577541435190426, 434.565877475229228821, 645.387271733267880336,
    429.008140027567833386, 108.635005541779435134, 6.57024977031928170135, -0.0604244152148580987438,
  ],
] as const;
const LARGE = [
  [
    -0.00986494292470009928597, -0.799283237680523006574, -17.7579549177547519889, -160.636384855821916062,
    -637.566443368389627722, -1025.09513161107724954, -483.519191608651397019,
  ],
  [
    1, 30.3380607434824582924, 325.792512996573918826, 1536.72958608443695994, 3199.85821950859553908,
    2553.05040643316442583, 474.528541206955367215, -22.4409524465858183362,
  ],
] as const;
