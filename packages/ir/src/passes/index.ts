export {
  type Match,
  type Pass,
  type PassOptions,
  type Replacement,
  type Rewrite,
  type Rule,
  type Step,
  rewrite,
  rewriteBy,
  rule,
} from "../rewrite.ts";
export { check } from "../check.ts";
export { type InlineOptions, inline, inlineWith } from "./inline.ts";
export { type FoldOptions, fold, foldRuleSet, foldWith } from "./fold.ts";
export { simplify, simplifyRules } from "./simplify.ts";
export { canonicalize, canonicalizeRules } from "./canonicalize.ts";
export { cse } from "./cse.ts";
export { deadCode } from "./dead-code.ts";
export { type PipelineOptions, optimize, runPasses } from "./pipeline.ts";
