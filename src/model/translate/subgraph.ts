import { constantOf, type Constant } from "./constant-bytes.js";
import type { OperatorName } from "./operators.js";
import type { ConstantSource, Element, Value } from "./value.js";

/** An operator of the file, with the indices of its tensors; -1 for an input that is left out. */
export interface OperatorCall {
  readonly name: OperatorName;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** By the names in `OPERATORS`; flags are 0 or 1. */
  readonly options: Readonly<Record<string, number>>;
}

export interface FileTensor {
  readonly shape: readonly number[];
  readonly element: Element;
  /** `undefined` for what is computed. */
  readonly constant: Constant | undefined;
}

/** What a file says, before it is written. */
export interface Subgraph {
  readonly tensors: readonly FileTensor[];
  readonly calls: readonly OperatorCall[];
}

/** Gathers tensors and operators in the order in which they are computed. */
export class SubgraphBuilder implements Subgraph {
  readonly tensors: FileTensor[] = [];
  readonly calls: OperatorCall[] = [];
  /** A weight that several operators read is one tensor. */
  readonly #ofSources = new Map<object, { readonly key: string; readonly index: number }[]>();
  readonly #ofLiterals = new Map<string, number>();

  tensor(shape: readonly number[], element: Element): Value {
    const index = this.tensors.push({ shape, element, constant: undefined }) - 1;
    return { shape, element, source: { kind: "tensor", index } };
  }

  /** Add an operator. @returns its outputs. */
  call(
    name: OperatorName,
    inputs: readonly (Value | undefined)[],
    outputs: readonly Value[],
    options: OperatorCall["options"],
  ): void {
    this.calls.push({
      name,
      inputs: inputs.map((value) => (value === undefined ? -1 : this.indexOf(value))),
      outputs: outputs.map((value) => this.indexOf(value)),
      options,
    });
  }

  /** The tensor of a value; that of a constant is made with its first reader. */
  indexOf({ shape, element, source }: Value): number {
    if (source.kind === "tensor") return source.index;
    const key = JSON.stringify([shape, element, source.kind === "weight" ? source.permutation : source.values]);
    if (source.kind === "literal") {
      const known = this.#ofLiterals.get(key) ?? this.#constant(shape, element, source);
      this.#ofLiterals.set(key, known);
      return known;
    }
    const ofSource = this.#ofSources.get(source.recipe) ?? [];
    const known = ofSource.find((each) => each.key === key);
    if (known !== undefined) return known.index;
    const index = this.#constant(shape, element, source);
    this.#ofSources.set(source.recipe, [...ofSource, { key, index }]);
    return index;
  }

  #constant(shape: readonly number[], element: Element, source: ConstantSource): number {
    return this.tensors.push({ shape, element, constant: constantOf(element, source) }) - 1;
  }
}
