"""Near-minimax polynomials of src/math/coefficients, by Chebyshev interpolation at 60 digits (mpmath.chebyfit).

    python3 tools/coefficients.py && oxfmt src/math/coefficients

Each file has those of one family of functions, which load together.

Each fit is of the part that remains when the leading terms are taken out exactly; its largest absolute error is the
comment beside it.
"""
import pathlib
import struct
from mpmath import mp, mpf, exp, log, sin, cos, atan, asin, erf, erfc, sqrt, pi, chebyfit

mp.dps = 60
away = lambda x: x if abs(x) > mpf(10) ** -20 else mpf(10) ** -20
root = lambda z: sqrt(away(z))

h = log(2) / 2 * mpf("1.001")
low, high = sqrt(mpf(1) / 2) - 1, sqrt(mpf(2)) - 1
quarter = pi / 4 * mpf("1.0001")
s = (sqrt(mpf(2)) - 1) / (sqrt(mpf(2)) + 1)


def expm1_rest(r):
    r = away(r)
    return (exp(r) - 1 - r) / r**2


def log_rest(f):
    f = away(f)
    return (log(1 + f) - f + f**2 / 2) / f**3


def log_odd(z):
    t = root(z)
    return (log((1 + t) / (1 - t)) / t - 2) / t**2


sin_rest = lambda z: (sin(root(z)) / root(z) - 1) / away(z)
cos_rest = lambda z: (cos(root(z)) - 1 + away(z) / 2) / away(z) ** 2
atan_rest = lambda z: (atan(root(z)) / root(z) - 1) / away(z)
asin_rest = lambda z: (asin(root(z)) / root(z) - 1) / away(z)
erf_rest = lambda z: erf(root(z)) / root(z) - 1
erfcx = lambda t: erfc(SHIFT * (1 + t) / (1 - t)) * exp((SHIFT * (1 + t) / (1 - t)) ** 2)
SHIFT = mpf("2.5")

fits = [
    ("EXP_F32", "(exp(r) - 1 - r) / r², |r| ≤ ln 2 / 2", expm1_rest, -h, h, 5, 32),
    ("EXPM1_F32", "(exp(r) - 1 - r) / r², |r| ≤ ln 2 / 2, one term more", expm1_rest, -h, h, 6, 32),
    ("LOG_F32", "(log(1 + f) - f + f² / 2) / f³, 1 + f in √½ … √2", log_rest, low, high, 9, 32),
    ("SIN_F32", "(sin(r) / r - 1) / r², of r²; |r| ≤ π / 4", sin_rest, 0, quarter**2, 3, 32),
    ("COS_F32", "(cos(r) - 1 + r² / 2) / r⁴, of r²; |r| ≤ π / 4", cos_rest, 0, quarter**2, 3, 32),
    ("ERF_F32", "erf(x) / x - 1, of x²; |x| ≤ 0.95", erf_rest, 0, mpf("0.95") ** 2, 7, 32),
    ("ERFC_F32", "log erfc(x), 0.9 … 4", lambda x: log(erfc(x)), mpf("0.9"), 4, 10, 32),
    ("EXP2_POW", "(exp(r) - 1 - r) / r², |r| ≤ ln 2 / 2, for pow of f32", expm1_rest, -h, h, 7, 64),
    ("LOG_POW", "(log((1 + t) / (1 - t)) / t - 2) / t², of t², for pow of f32", log_odd, 0, s**2, 5, 64),
    ("EXP_F64", "(exp(r) - 1 - r) / r², |r| ≤ ln 2 / 2", expm1_rest, -h, h, 12, 64),
    ("LOG_F64", "(log((1 + t) / (1 - t)) / t - 2) / t², of t²", log_odd, 0, s**2, 8, 64),
    ("SIN_F64", "(sin(r) / r - 1) / r², of r²", sin_rest, 0, quarter**2, 7, 64),
    ("COS_F64", "(cos(r) - 1 + r² / 2) / r⁴, of r²", cos_rest, 0, quarter**2, 7, 64),
    ("ATAN_F64", "(atan(x) / x - 1) / x², of x²; |x| ≤ 7/16", atan_rest, 0, (mpf(7) / 16) ** 2, 13, 64),
    ("ASIN_F64", "(asin(x) / x - 1) / x², of x²; |x| ≤ 1/2", asin_rest, 0, mpf(1) / 4, 14, 64),
    ("ERF_F64", "erf(x) / x - 1, of x²; |x| ≤ 1", erf_rest, 0, mpf(1), 15, 64),
    ("ERFCX_F64", "erfc(x)·exp(x²), of (x - 2.5) / (x + 2.5); x in 1 … 6", erfcx, (1 - SHIFT) / (1 + SHIFT), (6 - SHIFT) / (6 + SHIFT), 19, 64),
]


def rounded(value, bits):
    if bits == 64:
        return repr(float(value))
    return repr(struct.unpack("f", struct.pack("f", float(value)))[0])


families = {
    "basic": ["EXP_F32", "EXPM1_F32", "LOG_F32"],
    "activations": ["ERF_F32", "ERFC_F32"],
    "doubles": ["EXP2_POW", "LOG_POW", "EXP_F64", "LOG_F64", "ERF_F64", "ERFCX_F64"],
    "angles": ["SIN_F32", "COS_F32", "SIN_F64", "COS_F64", "ATAN_F64", "ASIN_F64"],
}
folder = pathlib.Path(__file__).parent.parent / "src/math/coefficients"


def polynomial(name, what, f, a, b, terms, bits):
    coefficients, error = chebyfit(f, [mpf(a), mpf(b)], terms, error=True)
    values = [rounded(c, bits) for c in reversed(coefficients)]
    return f"/** {what}; {mp.nstr(error, 2)}. */\nexport const {name}: readonly number[] = [{', '.join(values)}];\n"


def two_over_pi():
    mp.prec = 1400
    digits = int(mp.floor(2 / mp.pi * mpf(2) ** (19 * 64)))
    words = [f"  0x{(digits >> (64 * (18 - index))) & (2**64 - 1):016x}n,\n" for index in range(19)]
    what = "2/π as 19 words of 64 bits after a word of zeros: the first is the 64 bits below the binary point."
    return f"/** {what} */\nexport const TWO_OVER_PI: readonly bigint[] = [0n,\n{''.join(words)}];\n"


by_name = {fit[0]: fit for fit in fits}
for family, names in families.items():
    text = "/** Polynomials made by tools/coefficients.py, lowest order first. */\n"
    text += "".join(polynomial(*by_name[name]) for name in names)
    if family == "angles":
        text += two_over_pi()
    (folder / f"{family}.ts").write_text(text)
