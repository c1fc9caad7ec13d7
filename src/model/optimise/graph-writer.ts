import type { ConstantExpression, WeightRecipe } from "../../protocol/weight-recipe.js";
import type { JsonObject } from "../artifacts.js";
import type { Graph, GraphNode } from "../graph/graph.js";

/** Makes nodes and computed weights with names that the graph doesn't have yet. */
export class GraphWriter {
  /** The graph's weights, and those added since. */
  readonly weights: Map<string, WeightRecipe>;
  readonly #names: Set<string>;

  constructor({ nodes, weights }: Pick<Graph, "nodes" | "weights">) {
    this.weights = new Map(weights);
    this.#names = new Set([...nodes.map(({ name }) => name), ...weights.keys()]);
  }

  /** Make a node. @param name made unique if it is taken. */
  node(name: string, op: string, input: readonly string[], attr: JsonObject): GraphNode {
    return { name: this.#claim(name), op, input, attr };
  }

  /** Make a Const node whose weight the worker computes. */
  constant(name: string, dtype: "float32" | "int32", shape: readonly number[], value: ConstantExpression): GraphNode {
    const node = this.node(name, "Const", [], { dtype: { type: dtype === "float32" ? "DT_FLOAT" : "DT_INT32" } });
    this.weights.set(node.name, { kind: "computed", shape, dtype, value });
    return node;
  }

  integers(name: string, values: readonly number[]): GraphNode {
    return this.constant(name, "int32", [values.length], {
      op: "literal",
      tensor: { shape: [values.length], values },
    });
  }

  #claim(name: string): string {
    let unique = name;
    while (this.#names.has(unique)) unique += "_";
    this.#names.add(unique);
    return unique;
  }
}
