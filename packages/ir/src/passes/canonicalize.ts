import { type Rule, rewrite } from "./rewrite.ts";
import type { Pass } from "./driver.ts";
import { contractRules } from "./contract-rules.ts";
import { iotaRules } from "./iota-rules.ts";
import { sumRules } from "./sum-rules.ts";
import { viewRules } from "./view-rules.ts";

export const canonicalizeRules: readonly Rule[] = [...viewRules, ...iotaRules, ...contractRules, ...sumRules];

/** Views are brought to one form, and transposes, reshapes and broadcasts go into contractions and reductions. */
export const canonicalize: Pass = rewrite("canonicalize", canonicalizeRules);
