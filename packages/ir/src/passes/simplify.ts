import { type Rule, rewrite } from "./rewrite.ts";
import type { Pass } from "./driver.ts";
import { arithmeticRules } from "./arithmetic-rules.ts";
import { controlRules } from "./control-rules.ts";
import { convertRules } from "./convert-rules.ts";
import { logicRules } from "./logic-rules.ts";
import { reduceRules } from "./reduce-rules.ts";

export const simplifyRules: readonly Rule[] = [
  ...arithmeticRules,
  ...logicRules,
  ...convertRules,
  ...reduceRules,
  ...controlRules,
];

/** Algebra: removes operands that are neutral, opposite, repeated or decided. */
export const simplify: Pass = rewrite("simplify", simplifyRules);
