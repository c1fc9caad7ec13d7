import { asJsonObject, isJsonObject, type JsonObject } from "../artifacts.js";
import { parseReference, type Graph, type GraphNode } from "../graph/graph.js";

const TABLE = /^HashTable(V2)?$/;
const IMPORT = /^(LookupTableImport|InitializeTable)(V2)?$/;
const FIND = /^LookupTableFind(V2)?$/;
const SIZE = /^LookupTableSize(V2)?$/;

/** The Consts that a table is filled with. */
interface Contents {
  readonly keys: string;
  readonly values: string;
}

/**
 * Replace look-ups in constant hash tables by ops on the tables' keys and values, so that nothing depends on a handle. TF.js's own
 * look-up gives its results the wrong shape and, on some backends, reads strings wrongly. A graph whose tables are filled in another way
 * stays as it is. O(nodes).
 */
export function inlineTables(graph: Graph): Graph {
  const { nodes, initializer } = graph;
  if (!nodes.some(({ op }) => FIND.test(op) || SIZE.test(op))) return graph;
  const inside = new Map(nodes.map((node) => [node.name, node]));
  const outside = new Map(nodesIn(initializer?.topology.node).map((node) => [node.name, node]));
  const contents = new Map<string, Contents>();
  for (const from of [outside, inside]) for (const [table, found] of filledTables(from)) contents.set(table, found);
  const tables = capturedTables(graph, outside);
  const replaced = nodes.map((node) => {
    const handle = FIND.test(node.op) || SIZE.test(node.op) ? sourceOf(inside, node.input[0]) : undefined;
    if (handle === undefined) return node;
    const found = contents.get(tables.get(handle) ?? handle);
    return found === undefined ? node : lookUp(node, found);
  });
  const consts = [...contents.values()].flatMap(({ keys, values }) => [keys, values]);
  const added = [...new Set(consts)].filter((name) => !inside.has(name)).map((name) => outside.get(name)!);
  const isDone = !replaced.some(({ op }) => FIND.test(op) || SIZE.test(op));
  const kept = isDone ? replaced.filter((node) => !isHandle(node)) : replaced;
  return { ...graph, nodes: [...added, ...kept], initializer: isDone ? undefined : initializer };
}

function isHandle({ op, attr }: GraphNode): boolean {
  const type = asJsonObject(attr.dtype ?? attr.T).type;
  return TABLE.test(op) || IMPORT.test(op) || (/^(Placeholder|Identity)$/.test(op) && type === "DT_RESOURCE");
}

function lookUp(node: GraphNode, { keys, values }: Contents): GraphNode {
  const [, wanted = "", fallback = ""] = node.input;
  if (FIND.test(node.op)) return { ...node, op: "_TableFind", input: [wanted, fallback, keys, values] };
  return {
    ...node,
    op: "Size",
    input: [keys],
    attr: { T: node.attr.T ?? { type: "DT_INT64" }, out_type: { type: "DT_INT64" } },
  };
}

/** The tables that are filled with constants, by the names of their nodes. */
function filledTables(nodes: ReadonlyMap<string, GraphNode>): [string, Contents][] {
  return [...nodes.values()].flatMap(({ op, input }): [string, Contents][] => {
    if (!IMPORT.test(op)) return [];
    const [table, keys, values] = input.slice(0, 3).map((reference) => sourceOf(nodes, reference));
    if (table === undefined || keys === undefined || values === undefined) return [];
    const areConsts = [keys, values].every((name) => nodes.get(name)?.op === "Const");
    return areConsts && TABLE.test(nodes.get(table)?.op ?? "") ? [[table, { keys, values }]] : [];
  });
}

/** The initializer's tables by the names of the Placeholders that take them. */
function capturedTables({ initializer }: Graph, outside: ReadonlyMap<string, GraphNode>): ReadonlyMap<string, string> {
  const byResource = new Map<unknown, string>();
  for (const entry of Object.values(asJsonObject(initializer?.signature?.outputs))) {
    const { name, resourceId } = asJsonObject(entry);
    const table = typeof name === "string" ? sourceOf(outside, name) : undefined;
    if (table !== undefined && resourceId !== undefined) byResource.set(resourceId, table);
  }
  const tables = new Map<string, string>();
  for (const [key, entry] of Object.entries(initializer?.resourceInputs ?? {})) {
    const { name, resourceId } = asJsonObject(entry);
    const table = byResource.get(resourceId);
    if (table !== undefined) tables.set(parseReference(typeof name === "string" ? name : key).node, table);
  }
  return tables;
}

/** The name of the node that a reference leads to, past Identity nodes. */
function sourceOf(nodes: ReadonlyMap<string, GraphNode>, reference: string | undefined): string | undefined {
  if (reference === undefined) return undefined;
  let { node: name } = parseReference(reference);
  // A damaged file may have a circle of Identity nodes.
  for (let steps = nodes.size; steps > 0 && nodes.get(name)?.op === "Identity"; steps--)
    name = parseReference(nodes.get(name)!.input[0] ?? "").node;
  return nodes.has(name) ? name : undefined;
}

function nodesIn(list: unknown): GraphNode[] {
  return (Array.isArray(list) ? list : []).flatMap((each: unknown): GraphNode[] => {
    if (!isJsonObject(each) || typeof each.name !== "string" || typeof each.op !== "string") return [];
    const input = Array.isArray(each.input) ? each.input.filter((name) => typeof name === "string") : [];
    const attr: JsonObject = asJsonObject(each.attr);
    return [{ name: each.name, op: each.op, input, attr }];
  });
}
