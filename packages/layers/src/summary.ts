import { Tensor, input } from "@adjoint/ir";
import { type Shape, type TensorType, at, elementCount, shapeText } from "@adjoint/ir/values";
import { watchCall } from "./call.ts";
import { type Layer, type RegisterSpec, stateOf } from "./layer.ts";
import { assignNames } from "./names.ts";

/** One layer of a summary. */
export interface SummaryRow {
  readonly name: string;
  readonly kind: string;
  readonly outputShape: Shape;
  /** Elements of all its registers. */
  readonly parameters: number;
  /** Elements of those that optimizers update. */
  readonly trainable: number;
  /** It stood in an earlier row already; totals count it once. */
  readonly shared: boolean;
}

/** The layers of a model and their parameters. */
export interface Summary {
  readonly rows: readonly SummaryRow[];
  readonly total: number;
  readonly trainable: number;
  readonly nonTrainable: number;
  /** The same as a table. */
  readonly text: string;
}

/**
 * A model's layers in the order of computation, with output shapes and parameter counts, without making parameters.
 * Layers made of layers appear as their parts.
 * @param x an input with its batch axis: a tensor, a type, or the shape of an f32.
 * @throws AdjointError as a call on such an input would.
 */
export function summary(model: Layer, x: Tensor | TensorType | Shape): Summary {
  assignNames(model);
  const { dtype, shape } = typeOf(x);
  const rows: SummaryRow[] = [];
  const seen = new Set<Layer>();
  watchCall(model, input("x", dtype, shape), (layer, output, specs) => {
    if (stateOf(layer).kind.inner !== undefined) return;
    const all = Object.values(specs);
    rows.push({
      name: layer.name,
      kind: layer.kind,
      outputShape: output.shape,
      parameters: elementsOf(all),
      trainable: elementsOf(all.filter((spec) => spec.trainable !== false)),
      shared: seen.has(layer),
    });
    seen.add(layer);
  });
  const once = rows.filter((row) => !row.shared);
  const total = once.reduce((sum, row) => sum + row.parameters, 0);
  const trainable = once.reduce((sum, row) => sum + row.trainable, 0);
  const counts = { total, trainable, nonTrainable: total - trainable };
  return { rows, ...counts, text: table(rows, counts) };
}

const elementsOf = (specs: readonly RegisterSpec[]): number =>
  specs.reduce((sum, { shape }) => sum + elementCount(shape), 0);

const typeOf = (x: Tensor | TensorType | Shape): TensorType =>
  x instanceof Tensor ? x.type : isShape(x) ? { dtype: "f32", shape: x } : x;

const isShape = (x: TensorType | Shape): x is Shape => Array.isArray(x);

const grouped = (count: number): string => String(count).replaceAll(/\B(?=(\d{3})+$)/g, ",");

function table(
  rows: readonly SummaryRow[],
  { total, trainable, nonTrainable }: Pick<Summary, "total" | "trainable" | "nonTrainable">,
): string {
  const cells = [
    ["Layer (type)", "Output shape", "Param #"],
    ...rows.map((row) => [
      `${row.name} (${row.kind})`,
      shapeText(row.outputShape),
      row.shared ? "shared" : String(row.parameters),
    ]),
  ];
  const widths = [0, 1, 2].map((column) => Math.max(...cells.map((line) => line[column]?.length ?? 0)));
  const lines = cells.map((line) =>
    line
      .map((cell, column) =>
        column < 2 ? cell.padEnd(at(widths, column)) : cell.padStart(at(widths, column)),
      )
      .join("   "),
  );
  const rule = "─".repeat(lines[0]?.length ?? 0);
  return [
    lines[0],
    rule,
    ...lines.slice(1),
    rule,
    `Total params: ${grouped(total)}`,
    `Trainable params: ${grouped(trainable)}`,
    `Non-trainable params: ${grouped(nonTrainable)}`,
  ].join("\n");
}
