import { isJsonObject, type JsonObject } from "../artifacts.js";
import type { Graph, GraphNode } from "./graph.js";

/** Names that every plain object answers to: `{}["constructor"]` is a function. */
const TAKEN = new Set(Object.getOwnPropertyNames(Object.prototype));
const SUFFIX = "/renamed";

/**
 * Rename nodes, functions and arguments that are named like a property of every object ("constructor", "toString"). TF.js keeps tensors,
 * nodes and functions in plain objects by name, so it would take the property for one of them. Public names of inputs and outputs stay.
 */
export function withSafeNames(graph: Graph): Graph {
  const { nodes, weights, inputs, outputs, library, initializer } = graph;
  if (!nodes.some(hasTakenName) && !mentionsTaken(library) && !mentionsTaken(initializer)) return graph;
  const bind = <T extends { readonly tensorName: string }>(bindings: readonly T[]): T[] =>
    bindings.map((binding) => ({ ...binding, tensorName: safe(binding.tensorName) }));
  return {
    ...graph,
    nodes: nodes.map((node) => ({
      ...node,
      name: safe(node.name),
      input: node.input.map(safe),
      attr: inJson(node.attr),
    })),
    weights: new Map([...weights].map(([name, recipe]) => [safe(name), recipe])),
    inputs: bind(inputs),
    outputs: bind(outputs),
    library: library && inJson(library),
    initializer: initializer && {
      topology: inJson(initializer.topology),
      signature: initializer.signature && inJson(initializer.signature),
      resourceInputs: inJson(initializer.resourceInputs),
    },
  };
}

/** Whether a name is that of a property which every plain object has. */
export function isTakenName(name: string): boolean {
  return TAKEN.has(name);
}

function hasTakenName({ name, attr }: GraphNode): boolean {
  return TAKEN.has(base(name)) || Object.values(attr).some((value) => isJsonObject(value) && mentionsTaken(value.func));
}

function mentionsTaken(value: unknown): boolean {
  const text = value === undefined ? "" : JSON.stringify(value);
  return [...TAKEN].some((name) => text.includes(name));
}

/** The name itself: renamed ones are renamed again, so that no two become the same. */
function base(name: string): string {
  return name.replace(/(\/renamed)+$/, "");
}

/** @param reference a name, or a reference to an output of a node: `node:1`, `^node`. */
function safe(reference: string): string {
  const [, control, name, output] = /^(\^?)([^:]*)(.*)$/s.exec(reference)!;
  return TAKEN.has(base(name!)) ? `${control}${name}${SUFFIX}${output}` : reference;
}

/** Rename wherever JSON names a node, a function, an argument or a result; values and types are left alone. */
function inJson(json: JsonObject): JsonObject {
  const entries = Object.entries(json).map(([key, value]): [string, unknown] => {
    if (key === "name" && typeof value === "string") return [key, safe(value)];
    if (key === "input" && Array.isArray(value))
      return [key, value.map((each) => (typeof each === "string" ? safe(each) : each))];
    if ((key === "ret" || key === "controlRet") && isJsonObject(value)) return [key, ofResults(value)];
    return [key, inValue(value)];
  });
  return Object.fromEntries(entries);
}

function inValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inValue);
  return isJsonObject(value) ? inJson(value) : value;
}

/** Results of a function, by argument. */
function ofResults(results: JsonObject): JsonObject {
  const entries = Object.entries(results);
  return Object.fromEntries(
    entries.map(([name, value]) => [safe(name), typeof value === "string" ? safe(value) : value]),
  );
}
