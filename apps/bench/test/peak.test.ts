import { detectFeatures } from "@adjoint/backend-wasm";
import { expect, test } from "vitest";
import { peakMeter, peakModule } from "../src/measure/peak.ts";

test.each([false, true])("the loop without fused arithmetic runs, wide: %j", (wide) => {
  expect(peakMeter({ fused: false, wide })()).toBeGreaterThan(0);
});

test.each([false, true])("the fused loop is a module where the engine has relaxed SIMD, wide: %j", (wide) => {
  expect(WebAssembly.validate(peakModule({ fused: true, wide }))).toBe(detectFeatures().relaxedSimd);
});
