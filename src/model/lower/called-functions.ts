import { asJsonObject, isJsonObject, type JsonObject } from "../artifacts.js";
import type { Graph, GraphNode } from "../graph/graph.js";

/**
 * The nodes in the bodies of the functions that these nodes call (branches and loops), and of those that they call in turn. Malformed
 * entries are left out. O(nodes of the library).
 */
export function calledNodes(callers: readonly Pick<GraphNode, "attr">[], library: Graph["library"]): GraphNode[] {
  const bodies = new Map<unknown, GraphNode[]>();
  for (const each of Array.isArray(library?.function) ? library.function : []) {
    const { signature, nodeDef } = asJsonObject(each);
    bodies.set(asJsonObject(signature).name, Array.isArray(nodeDef) ? nodeDef.flatMap(readNode) : []);
  }
  const called: GraphNode[] = [];
  const pending = callers.flatMap(({ attr }) => functionNames(attr));
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    const body = bodies.get(name) ?? [];
    // Each function is looked at once, so functions that call each other are no circle.
    bodies.delete(name);
    called.push(...body);
    pending.push(...body.flatMap(({ attr }) => functionNames(attr)));
  }
  return called;
}

function functionNames(attr: JsonObject): string[] {
  return Object.values(attr).flatMap((value) => {
    const { name } = asJsonObject(asJsonObject(value).func);
    return typeof name === "string" ? name : [];
  });
}

function readNode(node: unknown): GraphNode[] {
  if (!isJsonObject(node) || typeof node.name !== "string" || typeof node.op !== "string") return [];
  return [{ name: node.name, op: node.op, input: [], attr: asJsonObject(node.attr) }];
}
