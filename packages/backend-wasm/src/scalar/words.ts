export { decode, encode } from "./half.ts";
export { loadNarrow, maskBytes } from "./narrow-lanes.ts";
export { randomBits, randomBitsX4 } from "./random.ts";
export { bitcastElement, castWord } from "./word-casts.ts";
export { lanewise, vectorRules } from "./word-lanes.ts";
export { rules } from "./word-rules.ts";
