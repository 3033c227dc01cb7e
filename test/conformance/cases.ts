import type { PrimitiveName } from "@adjoint/ir/graph";
import type { Case } from "./case.ts";
import { arithmeticCases } from "./cases/arithmetic.ts";
import { dotCases } from "./cases/contract.ts";
import { controlCases } from "./cases/control.ts";
import { convCases } from "./cases/conv.ts";
import { convertCases } from "./cases/convert.ts";
import { fusionCases } from "./cases/fusion.ts";
import { indexingCases } from "./cases/indexing.ts";
import { logicCases } from "./cases/logic.ts";
import { modelCases } from "./cases/models.ts";
import { narrowCases, unusedCases } from "./cases/narrow.ts";
import { orderCases } from "./cases/order.ts";
import { cumulativeCases, reduceCases } from "./cases/reduce.ts";
import { registerCases } from "./cases/registers.ts";
import { sourceCases } from "./cases/source.ts";
import { transcendentalCases } from "./cases/transcendental.ts";
import { viewChainCases } from "./cases/view-chains.ts";
import { viewCases } from "./cases/view.ts";
import { windowCases } from "./cases/window.ts";

/** The cases of each primitive, for every backend: total over the closed set, so that a new one is a type error here. */
export const cases: { readonly [N in PrimitiveName]: readonly Case[] } = {
  ...sourceCases,
  ...arithmeticCases,
  ...transcendentalCases,
  ...logicCases,
  ...convertCases,
  ...reduceCases,
  ...cumulativeCases,
  ...viewCases,
  ...windowCases,
  ...dotCases,
  ...convCases,
  ...indexingCases,
  ...orderCases,
  ...controlCases,
};

/** Cases of several primitives: faults of fusion, view folding, memory planning and updates in place. */
export const composed: { readonly [subject: string]: readonly Case[] } = {
  fusion: fusionCases,
  views: viewChainCases,
  registers: registerCases,
  models: modelCases,
  "sums of 16-bit floats": narrowCases,
  "what is not used": unusedCases,
};
