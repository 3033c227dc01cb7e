import type { Node, PrimitiveName } from "@adjoint/ir/graph";
import type { Value } from "./draft.ts";
import { arithmeticRows } from "./primitives/arithmetic.ts";
import { bitRows } from "./primitives/bits.ts";
import { castRows } from "./primitives/casts.ts";
import { contractionRows } from "./primitives/contractions.ts";
import { controlRows } from "./primitives/control.ts";
import { indexingRows } from "./primitives/indexing.ts";
import { logicRows } from "./primitives/logic.ts";
import { orderingRows } from "./primitives/ordering.ts";
import { reductionRows } from "./primitives/reductions.ts";
import { sourceRows } from "./primitives/sources.ts";
import { viewRows } from "./primitives/views.ts";
import { windowRows } from "./primitives/windows.ts";
import type { ExportRows } from "./row.ts";
import type { Writer } from "./writer.ts";

/** The writer of each primitive: one without a row is a type error here. */
const primitiveRows: ExportRows<PrimitiveName> = {
  ...sourceRows,
  ...arithmeticRows,
  ...logicRows,
  ...bitRows,
  ...castRows,
  ...reductionRows,
  ...viewRows,
  ...windowRows,
  ...contractionRows,
  ...indexingRows,
  ...orderingRows,
  ...controlRows,
};

/** Writes a node of any primitive. */
export function writePrimitive(node: Node, writer: Writer): readonly Value[] {
  // A node that is not a composite has a primitive's name, and the name decides the type of its attributes.
  const row = primitiveRows[node.operation.name as PrimitiveName] as (
    node: Node,
    writer: Writer,
  ) => Value | readonly Value[];
  const written = row(node, writer);
  return "kind" in written ? [written] : written;
}
