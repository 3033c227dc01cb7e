import { type Affine, type ScalarGraph, type ScatterKernel, operandsOf } from "@adjoint/compiler/kernel";
import { elementCount } from "@adjoint/ir/values";
import { scalarCode } from "../scalar/table.ts";
import type { Context } from "./context.ts";
import { unravel } from "./coordinates.ts";
import type { Launch } from "./launch.ts";
import { Shader } from "./shader.ts";

const LANES = 64;

/**
 * An invocation for each point of the axes that lead to elements of their own; it goes through all other axes in row-major
 * order, so that a run gives the same numbers every time.
 */
export function scatter(kernel: ScatterKernel, context: Context): readonly Launch[] {
  const { domain, dtype, reduction } = kernel;
  const shader = new Shader(context);
  const own = separateAxes(kernel);
  const [ownSizes, serialSizes] = [
    domain.filter((_, axis) => own[axis]),
    domain.filter((_, axis) => own[axis] !== true),
  ];
  const invocations = elementCount(ownSizes);
  const [parallel, serial] = [unravel("at", ownSizes, "p"), unravel("step", serialSizes, "s")];
  const [ownNames, serialNames] = [[...parallel.names], [...serial.names]];
  const names = domain.map((_, axis) => (own[axis] === true ? ownNames : serialNames).shift() ?? "0");
  const { lines, values } = shader.expression(kernel.body, names);
  const position = `${shader.affine(kernel.index, names)}${shader.dynamic(kernel.dynamic, kernel.body, values)}`;
  const value = values[kernel.value] ?? "";
  const joined =
    reduction === "none" ? value : scalarCode(reduction, ["old", value], dtype, dtype, shader.use);
  return [
    shader.launch({
      groups: Math.ceil(invocations / LANES),
      lanes: LANES,
      body: [
        `let at = i32(group * ${LANES}u + lane);`,
        `if (at >= ${invocations}) { return; }`,
        ...parallel.lines,
        `for (var step = 0; step < ${elementCount(serialSizes)}; step++) {`,
        ...serial.lines,
        ...lines,
        `let position = ${position};`,
        `let old = ${shader.load(kernel.buffer, dtype, "position")};`,
        shader.store(kernel.buffer, "position", joined),
        "}",
      ],
    }),
  ];
}

/** The axes along which no two points can meet in one element, whatever the data. */
function separateAxes({ domain, body, index, dynamic }: ScatterKernel): readonly boolean[] {
  const moving = dynamic.map(({ value }) => axesOf(body, value, domain.length));
  const candidate = domain.map(
    (_, axis) => index.strides[axis] !== 0 && !moving.some((axes) => axes[axis] === true),
  );
  const apart = (part: Affine["strides"]): number =>
    part.reduce((sum, stride, axis) => sum + Math.abs(stride) * ((domain[axis] ?? 1) - 1), 0);
  const kept = index.strides.map((stride, axis) => (candidate[axis] === true ? stride : 0));
  const others = [
    ...dynamic.map((term) => term.stride),
    ...index.strides.filter((stride, axis) => stride !== 0 && candidate[axis] !== true),
  ];
  // All that other axes add is whole multiples of more than these axes can span, and so are they among themselves.
  const ascending = kept
    .map(Math.abs)
    .filter((stride) => stride !== 0)
    .toSorted((a, b) => a - b);
  const distinct = ascending.every(
    (stride) => apart(kept.map((other) => (Math.abs(other) < stride ? other : 0))) < stride,
  );
  const repeated = new Set(ascending).size < ascending.length;
  const clear = others.every((stride) => Math.abs(stride) > apart(kept));
  return distinct && !repeated && clear ? candidate : domain.map(() => false);
}

/** The axes of the domain that a value depends on. */
function axesOf(graph: ScalarGraph, value: number, rank: number): readonly boolean[] {
  const axes = Array.from({ length: rank }, () => false);
  const mark = ({ strides }: Affine): void =>
    strides.forEach((stride, axis) => {
      if (stride !== 0) axes[axis] = true;
    });
  const visit = (id: number): void => {
    const node = graph[id];
    if (node === undefined) return;
    if (node.kind === "index") mark(node.index);
    if (node.kind === "randomBits") mark(node.counter);
    if (node.kind === "inside") node.guards.forEach(mark);
    if (node.kind === "load") [node.index, ...node.index.guards].forEach(mark);
    operandsOf(node).forEach(visit);
  };
  visit(value);
  return axes;
}
