import { at } from "../at.ts";
import { strictObject, string } from "../schema.ts";
import { type Dim, equalDims } from "../dim.ts";
import { AdjointError } from "../error.ts";
import { type CompositeFunction, defineComposite } from "../composite.ts";
import type { Tensor } from "../tensor.ts";
import { iota } from "../ops/source.ts";
import { operand } from "../primitive.ts";
import { checkDTypes } from "./checks.ts";

/** A tensor whose axes are named by labels, each at most once after `prepared`. */
interface Term {
  readonly tensor: Tensor;
  readonly labels: readonly string[];
}

interface Equation {
  /** Labels of each operand's axes. */
  readonly operands: readonly (readonly string[])[];
  readonly output: readonly string[];
}

const refuse = (equation: string, problem: string, remedy = ""): AdjointError =>
  new AdjointError("attribute", "einsum", `"${equation}": ${problem}`, remedy);

const TERM = /^[A-Za-z]*(?:\.\.\.)?[A-Za-z]*$/;

/** Labels of a term's letters; an ellipsis stands for `extra` axes, named by their position from the right. */
function labelsOf(term: string, extra: number): string[] {
  const [before = "", after] = term.split("...");
  if (after === undefined) return [...before];
  return [...before, ...Array.from({ length: extra }, (_, place) => `...${extra - place}`), ...after];
}

function parseEquation(equation: string, ranks: readonly number[]): Equation {
  const [left = "", right, ...rest] = equation.split("->");
  const terms = left.split(",");
  if (rest.length > 0 || terms.length !== ranks.length) {
    throw refuse(equation, `describes ${terms.length} operands and got ${ranks.length}`);
  }
  const bad = [...terms, right ?? ""].find((term) => !TERM.test(term));
  if (bad !== undefined)
    throw refuse(equation, `"${bad}" is not a term`, "Write letters, and ... at most once.");
  let widest = 0;
  const operands = terms.map((term, index) => {
    const [rank = 0, letters] = [ranks[index], term.replace("...", "").length];
    const extra = rank - letters;
    if (extra < 0 || (extra > 0 && !term.includes("..."))) {
      throw refuse(equation, `"${term}" names ${letters} axes of an operand of rank ${rank}`);
    }
    widest = Math.max(widest, extra);
    return labelsOf(term, extra);
  });
  const all = operands.flat();
  const output = right === undefined ? implicitOutput(all, widest) : labelsOf(right, widest);
  const unknown = output.find((label) => !all.includes(label));
  if (unknown !== undefined) throw refuse(equation, `the output's "${unknown}" is in no operand`);
  if (new Set(output).size !== output.length) throw refuse(equation, "the output names an axis twice");
  return { operands, output };
}

/** The ellipsis, then the letters that occur once, in alphabetical order (capitals first). */
const implicitOutput = (all: readonly string[], widest: number): string[] => [
  ...labelsOf("...", widest),
  ...all
    .filter((label) => !label.startsWith("...") && all.indexOf(label) === all.lastIndexOf(label))
    .toSorted(),
];

/** Each label's size: axes of size 1 stretch to the others of their label. */
function sizesOf(equation: string, terms: readonly Term[]): ReadonlyMap<string, Dim> {
  const sizes = new Map<string, Dim>();
  for (const { tensor, labels } of terms) {
    labels.forEach((label, axis) => {
      const [size, known = 1] = [at(tensor.shape, axis), sizes.get(label)];
      if (!equalDims(size, known) && !equalDims(size, 1) && !equalDims(known, 1)) {
        const list = terms.map((term) => String(term.tensor)).join(" and ");
        throw new AdjointError(
          "shape",
          "einsum",
          `"${equation}": "${label}" is both ${known} and ${size}: ${list}`,
        );
      }
      if (equalDims(known, 1)) sizes.set(label, size);
    });
  }
  return sizes;
}

/** The term with one axis for each label (diagonals taken) and without axes that stretch, which carry nothing. */
function prepared({ tensor, labels }: Term, sizes: ReadonlyMap<string, Dim>): Term {
  const stretches = labels.map((label, axis) => !equalDims(at(tensor.shape, axis), sizes.get(label) ?? 1));
  let [result, names] = [
    tensor.squeeze(labels.flatMap((_, axis) => (stretches[axis] === true ? [axis] : []))),
    labels.filter((_, axis) => stretches[axis] !== true),
  ];
  for (let axis = names.length - 1; axis > 0; axis--) {
    const first = names.indexOf(names[axis] ?? "");
    if (first === axis) continue;
    const onDiagonal = iota("i32", result.shape, first).equal(iota("i32", result.shape, axis));
    result = onDiagonal.where(result, 0).reduceSum({ axes: [axis] });
    names = names.filter((_, other) => other !== axis);
  }
  return { tensor: result, labels: names };
}

/** Sums over the axes that nothing needs any more. */
function summed({ tensor, labels }: Term, needed: ReadonlySet<string>): Term {
  const axes = labels.flatMap((label, axis) => (needed.has(label) ? [] : [axis]));
  return {
    tensor: axes.length === 0 ? tensor : tensor.reduceSum({ axes }),
    labels: labels.filter((label) => needed.has(label)),
  };
}

/** The term with axes of size 1 for the labels it lacks, in the order of `labels`. */
function arranged(term: Term, labels: readonly string[]): Tensor {
  const own = labels.filter((label) => term.labels.includes(label));
  const ordered = term.tensor.transpose(own.map((label) => term.labels.indexOf(label)));
  return ordered.unsqueeze(labels.flatMap((label, axis) => (own.includes(label) ? [] : [axis])));
}

/** The product of two terms, summed over the labels that both have and nothing else needs. */
function product(a: Term, b: Term, needed: ReadonlySet<string>): Term {
  const left = summed(a, new Set([...needed, ...b.labels]));
  const right = summed(b, new Set([...needed, ...a.labels]));
  const shared = left.labels.filter((label) => right.labels.includes(label));
  const contracted = shared.filter((label) => !needed.has(label));
  if (contracted.length === 0) {
    const labels = [...new Set([...left.labels, ...right.labels])];
    return { tensor: arranged(left, labels).mul(arranged(right, labels)), labels };
  }
  const batch = shared.filter((label) => needed.has(label));
  const places = (term: Term, list: readonly string[]): number[] =>
    list.map((label) => term.labels.indexOf(label));
  const free = (term: Term): string[] => term.labels.filter((label) => !shared.includes(label));
  return {
    tensor: left.tensor.dotGeneral(right.tensor, {
      leftBatch: places(left, batch),
      rightBatch: places(right, batch),
      leftContract: places(left, contracted),
      rightContract: places(right, contracted),
    }),
    labels: [...batch, ...free(left), ...free(right)],
  };
}

function contract(equation: string, inputs: readonly Tensor[]): Tensor {
  const { operands, output } = parseEquation(
    equation,
    inputs.map((tensor) => tensor.rank),
  );
  const given = operands.map((labels, index) => ({ tensor: operand(inputs, index), labels }));
  const sizes = sizesOf(equation, given);
  const terms = given.map((term) => prepared(term, sizes));
  const result = terms.reduce((left, right, index) =>
    product(left, right, new Set([...output, ...terms.slice(index + 1).flatMap((term) => term.labels)])),
  );
  const { tensor, labels } = summed(result, new Set(output));
  return tensor.transpose(output.map((label) => labels.indexOf(label)));
}

/**
 * Einstein's summation: products over axes that share a letter, summed over the letters that the output lacks.
 *
 * `"bij,bjk->bik"` multiplies batches of matrices; without `->` the output has the letters that occur once, in
 * alphabetical order; `...` stands for axes that broadcast; a letter twice in one operand takes its diagonal. Operands are
 * multiplied from left to right.
 * @throws AdjointError for an equation that does not fit the operands.
 */
export const einsum: CompositeFunction<[equation: string, ...tensors: readonly Tensor[]]> = defineComposite({
  name: "einsum",
  arity: [1, Infinity],
  attributes: strictObject({ equation: string() }),
  call: (equation, ...tensors) => [tensors, { equation }],
  check: (inputs: readonly Tensor[]) => checkDTypes("einsum", inputs, "numeric"),
  build: (inputs: readonly Tensor[], { equation }) => contract(equation.replaceAll(" ", ""), inputs),
});
