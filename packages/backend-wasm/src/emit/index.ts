export { Body, type Callee, call } from "./body.ts";
export type { Guard } from "./guard.ts";
export { type Global, ModuleBuilder } from "./module.ts";
export { type Float, type Integer, f32, f64, i32, i64, memory, select } from "./operations.ts";
export { f32x4, f64x2, i16x8, i32x4, i64x2, i8x16, v128 } from "./vector-operations.ts";
export { Local, Value, type ValueType } from "./value.ts";
