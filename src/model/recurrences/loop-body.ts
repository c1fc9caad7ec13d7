import { parseReference, type GraphNode } from "../graph/graph.js";
import type { Constants } from "../optimise/constants.js";
import type { Loop, LoopVariable } from "./read-loops.js";

/** What a reference within the body of a loop stands for. */
export type Term =
  /** A variable, as it is before the step. */
  | { readonly kind: "variable"; readonly variable: LoopVariable }
  /** A tensor that is the same in every step, by its reference outside the loop. */
  | { readonly kind: "fixed"; readonly reference: string }
  | { readonly kind: "node"; readonly node: GraphNode; readonly index: number };

/** Looks things up in the body of one loop. */
export class LoopBody {
  readonly loop: Loop;
  readonly constants: Constants;
  readonly #byName: ReadonlyMap<string, GraphNode>;

  constructor(loop: Loop, byName: ReadonlyMap<string, GraphNode>, constants: Constants) {
    this.loop = loop;
    this.constants = constants;
    this.#byName = byName;
  }

  /** A node of the graph, behind nodes that only pass it on. */
  outside(reference: string): { readonly node: GraphNode; readonly index: number } | undefined {
    const { node: name, index } = parseReference(reference);
    const node = this.#byName.get(name);
    if (node?.op === "Identity" && node.input.length === 1) return this.outside(node.input[0]!);
    return node && { node, index };
  }

  resolve(reference: string): Term | undefined {
    const { node: name, index } = parseReference(reference);
    const node = this.#byName.get(name);
    if (node === undefined) return undefined;
    if (node.op === "Identity" && node.input.length === 1) return this.resolve(node.input[0]!);
    const fixed = this.loop.constants.get(name);
    if (fixed !== undefined) return { kind: "fixed", reference: fixed };
    if (node.op === "Const") return { kind: "fixed", reference };
    const variable = this.loop.variables.find(
      ({ switchNode, merge }) => merge === name || (switchNode === name && index === 1),
    );
    if (variable === undefined) return { kind: "node", node, index };
    return this.isInvariant(variable) ? { kind: "fixed", reference: variable.initial } : { kind: "variable", variable };
  }

  /** Whether a variable is the same in every step. */
  isInvariant(variable: LoopVariable): boolean {
    const { node, index } = parseReference(variable.next);
    const passed = this.#byName.get(node);
    if (node === variable.switchNode) return index === 1;
    return (
      passed?.op === "Identity" &&
      passed.input.length === 1 &&
      this.isInvariant({ ...variable, next: passed.input[0]! })
    );
  }

  /** The node behind a reference, if its op is one of `ops`. */
  node(reference: string | undefined, ...ops: string[]): (Term & { kind: "node" }) | undefined {
    const term = reference === undefined ? undefined : this.resolve(reference);
    return term?.kind === "node" && ops.includes(term.node.op) ? term : undefined;
  }

  variable(reference: string | undefined): LoopVariable | undefined {
    const term = reference === undefined ? undefined : this.resolve(reference);
    return term?.kind === "variable" ? term.variable : undefined;
  }

  /** The reference outside the loop of a tensor that is the same in every step. */
  fixed(reference: string | undefined): string | undefined {
    const term = reference === undefined ? undefined : this.resolve(reference);
    return term?.kind === "fixed" ? term.reference : undefined;
  }

  /** The value of a whole number that is the same in every step; `undefined` if it is none, or not a constant. */
  integer(reference: string | undefined): number | undefined {
    const values = this.constants.integers(this.fixed(reference));
    return values?.length === 1 ? values[0] : undefined;
  }

  /** The shape of a constant that is the same in every step. */
  shape(reference: string | undefined): readonly number[] | undefined {
    return this.constants.get(this.fixed(reference))?.shape;
  }

  /** The two operands of a node of two inputs, in both orders. */
  orders({ node: { input } }: Term & { kind: "node" }): (readonly [string, string])[] {
    const [a, b] = input;
    return a === undefined || b === undefined
      ? []
      : [
          [a, b],
          [b, a],
        ];
  }
}
