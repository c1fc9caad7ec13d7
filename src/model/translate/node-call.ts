import { elementCountOf } from "../../protocol/tensors.js";
import type { GraphNode } from "../graph/graph.js";
import { integerOf, isSet, textOf } from "../optimise/attributes.js";
import { asJsonObject } from "../artifacts.js";
import { integersIn } from "./constant-bytes.js";
import type { OperatorName } from "./operators.js";
import { misfit, nodeName, untranslatable } from "./refusal.js";
import type { OperatorCall, SubgraphBuilder } from "./subgraph.js";
import { integerList, type Element, type Value } from "./value.js";

/** Shapes, axes and positions have no more numbers than this. */
const MAX_READ_INTEGERS = 65_536;

/** What an operator gives. The element is that of its first input, if it is left out. */
export interface Output {
  readonly shape: readonly number[];
  readonly element?: Element;
}

/** A node while it is translated: what it reads, and what is written for it. */
export class NodeCall {
  readonly node: GraphNode;
  readonly inputs: readonly Value[];
  readonly #builder: SubgraphBuilder;
  readonly #data: ArrayBuffer | SharedArrayBuffer;

  constructor(
    node: GraphNode,
    inputs: readonly Value[],
    builder: SubgraphBuilder,
    data: ArrayBuffer | SharedArrayBuffer,
  ) {
    this.node = node;
    this.inputs = inputs;
    this.#builder = builder;
    this.#data = data;
  }

  /** @throws ShardError "model-unsupported" naming the node. */
  refuse(reason: string): never {
    throw untranslatable(`the node ${nodeName(this.node)} with ${reason}`);
  }

  /** @throws ShardError "model-failed" naming the node, for sizes that depend on those of the inputs. */
  misfit(reason: string): never {
    throw misfit(`those that give the node ${nodeName(this.node)} ${reason}`);
  }

  input(position: number): Value {
    return this.inputs[position] ?? this.refuse(`${this.inputs.length} inputs`);
  }

  /** Write an operator with one output. */
  emit(
    name: OperatorName,
    inputs: readonly (Value | undefined)[],
    output: Output,
    options: OperatorCall["options"] = {},
  ): Value {
    return this.emitAll(name, inputs, [output], options)[0]!;
  }

  /** Write an operator with any number of outputs. */
  emitAll(
    name: OperatorName,
    inputs: readonly (Value | undefined)[],
    outputs: readonly Output[],
    options: OperatorCall["options"] = {},
  ): Value[] {
    const results = outputs.map(({ shape, element = inputs[0]!.element }) => {
      if (shape.some((size) => !Number.isInteger(size) || size < 1)) this.misfit(`a result of shape [${shape.join()}]`);
      return this.#builder.tensor(shape, element);
    });
    this.#builder.call(name, inputs, results, options);
    return results;
  }

  /** The same elements in another shape. A constant stays one. */
  reshape(value: Value, shape: readonly number[]): Value {
    if (elementCountOf(shape) !== elementCountOf(value.shape)) {
      this.misfit(`[${value.shape.join()}] reshaped to [${shape.join()}]`);
    }
    if (value.source.kind !== "tensor") return { ...value, shape };
    if (shape.length === value.shape.length && shape.every((size, axis) => size === value.shape[axis])) return value;
    return this.emit("RESHAPE", [value, integerList(shape)], { shape });
  }

  transpose(value: Value, permutation: readonly number[]): Value {
    if (permutation.every((axis, place) => axis === place)) return value;
    const shape = permutation.map((axis) => value.shape[axis]!);
    const { source } = value;
    if (source.kind === "weight" && source.permutation === undefined && isOfRecipe(value)) {
      return { ...value, shape, source: { ...source, permutation } };
    }
    return this.emit("TRANSPOSE", [value, integerList(permutation)], { shape });
  }

  /** The numbers of a constant of whole numbers; `undefined` for what is computed from the inputs' values. */
  integersOf({ source, element, shape }: Value): readonly number[] | undefined {
    if (element === "float32" || source.kind === "tensor") return undefined;
    if (source.kind === "weight" && source.permutation !== undefined) return undefined;
    return elementCountOf(shape) > MAX_READ_INTEGERS ? undefined : integersIn(source, this.#data);
  }

  /** The numbers of a small constant of any type. */
  numbersOf({ source, shape }: Value): readonly number[] | undefined {
    if (source.kind === "tensor" || elementCountOf(shape) > 64) return undefined;
    return source.kind === "weight" && source.permutation !== undefined ? undefined : integersIn(source, this.#data);
  }

  /** @param what for people: "a shape". @throws ShardError "model-unsupported" */
  integers(position: number, what: string): readonly number[] {
    return this.integersOf(this.input(position)) ?? this.refuse(`${what} that is computed while the model runs`);
  }

  /** @throws ShardError "model-unsupported" */
  axis(position: number, rank: number): number {
    return this.axisOf(this.integers(position, "an axis")[0] ?? 0, rank);
  }

  axisOf(axis: number, rank: number): number {
    const place = axis < 0 ? axis + rank : axis;
    return place >= 0 && place < Math.max(1, rank) ? place : this.refuse(`axis ${axis} of ${rank}`);
  }

  attrInteger(name: string, fallback: number): number {
    return integerOf(this.node.attr[name], fallback);
  }

  attrFloat(name: string, fallback: number): number {
    const { f } = asJsonObject(this.node.attr[name]);
    const value = typeof f === "string" ? Number(f) : f;
    return typeof value === "number" ? value : fallback;
  }

  attrText(name: string, fallback: string): string {
    return textOf(this.node.attr[name], fallback);
  }

  attrFlag(name: string): boolean {
    return isSet(this.node.attr[name]);
  }

  /** @throws ShardError "model-unsupported" unless it is what operators of TensorFlow Lite take. */
  requireElement(value: Value, ...elements: readonly Element[]): void {
    if (!elements.includes(value.element)) this.refuse(`elements of ${value.element}`);
  }
}

/** Whether its axes are those of the recipe, so that they can be put into another order when it is written. */
function isOfRecipe({ shape, source }: Value): boolean {
  if (source.kind !== "weight") return false;
  const stored = source.recipe.shape;
  return stored.length === shape.length && stored.every((size, axis) => size === shape[axis]);
}

/** Writes a node. @returns its outputs. @throws ShardError "model-unsupported", "model-failed" */
export type EmitNode = (call: NodeCall) => readonly Value[];
