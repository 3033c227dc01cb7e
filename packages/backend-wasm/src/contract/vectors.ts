export { vectorPlan } from "./vector-plan.ts";
export { emitVector } from "./vector.ts";
