import {
  type Affine,
  type Load,
  type ScalarGraph,
  type ScalarNode,
  type Store,
  operandsOf,
} from "@adjoint/compiler/kernel";
import { dtypeInfo } from "@adjoint/ir/values";
import { type Body, type Local, type Value, f32x4, i32, i32x4, v128 } from "../emit/index.ts";
import { type Address, type Addressing, type Coordinates, inside, shifted, splitAddress } from "./affine.ts";
import { type Element, type LoadedDType, isLaneDType, isLoadedDType } from "./carriers.ts";
import type { Context } from "./context.ts";
import { kept } from "./element.ts";
import { advance, elementOf, existing, loadValue } from "./point.ts";
import { type LaneAxes, isTransposed, isUniform, uniformValues } from "./lane-axes.ts";
import { type Steps, isNear, laneOf, loadLanes, storeLanes, withLane } from "./lane-memory.ts";
import { affineLanes, firstLanes, insideLanes, shiftedLanes, splatted } from "./lane-values.ts";
import { constantVector, mapVector } from "./vector.ts";
import { randomBitsX4 } from "./random.ts";

type Vector = Local<"v128">;

/** Loads four vectors whose lanes are `steps` words apart and which begin at neighbouring words. */
export type LoadSquare = (body: Body, at: Address, steps: Steps, count: number) => readonly Vector[];

/** Writes an expression over vectors; what lanes share is computed once for all of them. */
export class LaneGraph {
  readonly #context: Context;
  readonly #addressing: Addressing;
  readonly #graph: ScalarGraph;
  readonly #axes: LaneAxes;
  readonly #loadSquare: LoadSquare | undefined;
  readonly #uniform: readonly boolean[];
  #elements: (Local | undefined)[] = [];
  readonly #splats = new Map<number, Vector>();
  #moves = new Map<number, Local<"i32">>();

  /** @param loadSquare is needed where four vectors are columns of rows, see `alongRows`. */
  constructor(
    context: Context,
    addressing: Addressing,
    graph: ScalarGraph,
    axes: LaneAxes,
    loadSquare?: LoadSquare,
  ) {
    this.#context = context;
    this.#addressing = addressing;
    this.#graph = graph;
    this.#axes = axes;
    this.#loadSquare = loadSquare;
    this.#uniform = uniformValues(graph, axes);
  }

  /** Code before the loop over vectors: what they share. `roots` are shared values that will be read. */
  enter(coordinates: Coordinates, roots: readonly number[] = []): void {
    const context = this.#context;
    this.#elements = [];
    this.#splats.clear();
    this.#moves = new Map();
    const value = (id: number): Local => existing(this.#elements, id);
    const needed = new Set(roots);
    this.#graph.forEach((node, id) => {
      if (this.#uniform[id] === true)
        this.#elements[id] = kept(
          context,
          elementOf(context, this.#addressing, node, { value, coordinates, accumulators: [] }),
        );
      else {
        const { dynamic = [] } = node.kind === "load" ? node : {};
        const looked = dynamic.map((term) => term.value);
        for (const operand of operandsOf(node)) if (!looked.includes(operand)) needed.add(operand);
        if (node.kind === "load" && node.otherwise !== undefined) needed.add(node.otherwise);
        if (node.kind === "load" && this.#looksUpOnce(node)) {
          const move = context.body.let(i32.const(0));
          advance(context, this.#addressing, node, move, value);
          this.#moves.set(id, move);
        }
      }
    });
    for (const id of needed) if (this.#uniform[id] === true) this.splat(id);
  }

  /** A lookup that is the same for all lanes and always happens. */
  #looksUpOnce({ dynamic, index }: Load): boolean {
    const { length } = dynamic;
    return (
      length > 0 && index.guards.length === 0 && dynamic.every(({ value }) => this.#uniform[value] === true)
    );
  }

  /** A value that all lanes share. */
  element(id: number): Local {
    return existing(this.#elements, id);
  }

  /** A shared value in all lanes. */
  splat(id: number): Vector {
    const known = this.#splats.get(id);
    if (known !== undefined) return known;
    const { body } = this.#context;
    const node = existing(this.#graph, id);
    const made =
      node.kind === "constant" && isLaneDType(node.dtype)
        ? body.let(constantVector(this.#context, node.dtype, node.value))
        : body.let(splatted(node.dtype, this.element(id)));
    this.#splats.set(id, made);
    return made;
  }

  /**
   * The values that differ between lanes, for vectors behind one another: of each the first `counts` lanes are wanted.
   * Loads come first, so that engines can join neighbouring vectors.
   */
  values(
    coordinates: Coordinates,
    counts: readonly number[],
    accumulators: readonly (readonly Vector[])[] = [],
  ): readonly (readonly (Vector | undefined)[])[] {
    const { body } = this.#context;
    const results = counts.map((): (Vector | undefined)[] => []);
    const write = (node: ScalarNode, id: number): void => {
      const share = this.#shareOf(node, id, coordinates);
      const loadSquare = counts.length === 4 ? this.#loadSquare : undefined;
      if (loadSquare !== undefined && share !== undefined && isTransposed(this.#axes, node)) {
        const square = loadSquare(body, share, this.#axes.steps(node.index), counts[0] ?? 4);
        square.forEach((column, vector) => (existing(results, vector)[id] = column));
        return;
      }
      counts.forEach((count, vector) => {
        const own = existing(results, vector);
        const value = (operand: number): Vector => own[operand] ?? this.splat(operand);
        own[id] = body.let(
          this.#vectorOf(node, {
            value,
            coordinates,
            vector,
            count,
            share,
            accumulators: accumulators[vector] ?? [],
          }),
        );
      });
    };
    const isLeaf = (node: ScalarNode): boolean => node.kind === "load" && operandsOf(node).length === 0;
    const writeAll = (areLeaves: boolean): void =>
      this.#graph.forEach((node, id) => {
        if (this.#uniform[id] !== true && isLeaf(node) === areLeaves) write(node, id);
      });
    writeAll(true);
    writeAll(false);
    return results;
  }

  /** Writes the lanes of all vectors to memory. */
  store(
    stores: readonly Store[],
    coordinates: Coordinates,
    counts: readonly number[],
    values: readonly (readonly (Vector | undefined)[])[],
  ): void {
    for (const { buffer, index, value } of stores) {
      const dtype = this.#addressing.dtype(buffer);
      if (!isLaneDType(dtype)) continue;
      const { base, offset } = splitAddress(this.#addressing, buffer, index, coordinates);
      const steps = this.#axes.steps(index);
      const address = this.#context.body.let(base);
      counts.forEach((count, vector) => {
        const own = values[vector]?.[value] ?? this.splat(value);
        const far = offset + vector * this.#axes.next(index) * dtypeInfo[dtype].bytes;
        storeLanes(this.#context, dtype, { base: address, offset: far }, steps, count, own);
      });
    }
  }

  #shareOf(node: ScalarNode, id: number, coordinates: Coordinates): Address | undefined {
    if (node.kind !== "load") return undefined;
    const { base, offset } = splitAddress(
      this.#addressing,
      node.buffer,
      node.index,
      coordinates,
      node.dynamic,
    );
    const move = this.#moves.get(id);
    return { base: this.#context.body.let(move === undefined ? base : i32.add(base, move)), offset };
  }

  #vectorOf(node: ScalarNode, at: VectorPoint): Value<"v128"> {
    const { value } = at;
    switch (node.kind) {
      case "constant":
        throw new TypeError("a constant is shared");
      case "index": {
        const lanes = affineLanes(this.#context, this.#axes, node.index, at);
        if (node.dtype === "bool") return i32x4.ne(lanes, this.#context.body.i32x4(0));
        return node.dtype === "f32" ? f32x4.convertI32x4S(lanes) : lanes;
      }
      case "inside":
        return insideLanes(this.#context, this.#axes, node.guards, at);
      case "map": {
        const shift = shiftedLanes(node, this.#graph, value);
        if (shift !== undefined) return shift;
        const result = mapVector(
          this.#context,
          node.operation,
          node.operands.map(value),
          node.from,
          node.dtype,
        );
        if (result === undefined) throw new TypeError(`${node.operation} of ${node.from} has no vector code`);
        return result;
      }
      case "randomBits": {
        const [first, second] = node.key;
        const counter = affineLanes(this.#context, this.#axes, node.counter, at);
        const { body } = this.#context;
        return randomBitsX4(body, value(first), value(second), counter);
      }
      case "load":
        return this.#load(node, at);
      case "accumulator":
        return existing(at.accumulators, node.index);
    }
  }

  #load(node: Load, at: VectorPoint): Value<"v128"> {
    const { index, dynamic, dtype } = node;
    if (!isLoadedDType(dtype)) throw new TypeError(`${dtype} has no lanes of 32 bits`);
    const steps = this.#axes.steps(index);
    const bytes = dtypeInfo[dtype].bytes;
    const { base, offset } = existing([at.share], 0);
    const far = offset + at.vector * this.#axes.next(index) * bytes;
    // Before its guards hold, a base may lie before the memory's start, where an instruction's offset is not allowed.
    const address: Address =
      index.guards.length === 0 && far >= 0
        ? { base, offset: far }
        : { base: i32.add(base, i32.const(far)), offset: 0 };
    const isPlain = dynamic.length === 0 || this.#looksUpOnce(node);
    if (isPlain && index.guards.length === 0)
      return loadLanes(this.#context, dtype, address, steps, at.count);
    const { body } = this.#context;
    const result = body.let(node.otherwise === undefined ? body.i32x4(0) : at.value(node.otherwise));
    const shared = index.guards.filter((guard) => isUniform(this.#axes, guard));
    const own = index.guards.filter((guard) => !shared.includes(guard));
    const read = (): void => {
      if (!isPlain || (own.length > 0 && !isNear(dtype, steps, at.count)))
        return this.#oneByOne({ ...node, index: { ...index, guards: own } }, dtype, result, at);
      if (own.length === 0)
        return body.set(result, loadLanes(this.#context, dtype, address, steps, at.count));
      const exists = insideLanes(this.#context, this.#axes, own, at);
      // Lanes behind the wanted ones may lie anywhere, and count for nothing.
      const mask = body.let(at.count === 4 ? exists : v128.and(exists, firstLanes(this.#context, at.count)));
      // If any of the wanted lanes exists, the others read next to it, inside memory.
      body.if(v128.anyTrue(mask), () =>
        body.set(
          result,
          v128.bitselect(loadLanes(this.#context, dtype, address, steps, at.count), result, mask),
        ),
      );
    };
    if (shared.length === 0) read();
    else body.if(inside(shared, at.coordinates), read);
    return result;
  }

  /** Lane by lane, each with its own coordinates and conditions. */
  #oneByOne(node: Load, dtype: LoadedDType, result: Vector, at: VectorPoint): void {
    const { body } = this.#context;
    for (let lane = 0; lane < at.count; lane++) {
      const move = <A extends Affine>(affine: A): A =>
        shifted(affine, at.vector * this.#axes.next(affine) + (this.#axes.steps(affine)[lane] ?? 0));
      const own: Load = { ...node, index: { ...move(node.index), guards: node.index.guards.map(move) } };
      const element = (id: number): Element => {
        if (this.#uniform[id] === true) return existing(this.#elements, id);
        const { dtype: of } = existing(this.#graph, id);
        if (!isLoadedDType(of)) throw new TypeError(`${of} has no lanes of 32 bits`);
        return laneOf(at.value(id), of, lane);
      };
      const point = { value: element, coordinates: at.coordinates };
      body.set(result, withLane(result, dtype, lane, loadValue(this.#context, this.#addressing, own, point)));
    }
  }
}

/** The position of a vector of values. */
interface VectorPoint {
  readonly value: (id: number) => Vector;
  readonly coordinates: Coordinates;
  readonly vector: number;
  readonly count: number;
  /** The address that all vectors of a load share. */
  readonly share: Address | undefined;
  readonly accumulators: readonly Vector[];
}
