import { asJsonObject, isJsonObject, type JsonObject } from "../artifacts.js";
import { parseReference, type GraphNode } from "../graph/graph.js";
import { gateBranches } from "./gate-branches.js";

/** Ops that return nothing and only check or order others. */
const CHECKS = /^(NoOp|Assert|ControlTrigger|Abort)$/;

/** Ops that are run for their effect on a table; no other node reads them. */
const EFFECTS = /^(InitializeTable|LookupTableImport|LookupTableInsert)/;

/**
 * Remove control inputs, and the nodes that nothing reads any more. TF.js waits for control inputs like for tensors, and never finds those
 * of nodes that its converter has stripped, or of NoOps in loops, so that it "cannot compute the outputs". Dataflow alone gives the
 * order that inference needs: no node of a graph model changes what another one reads. What only a control input kept in a branch is
 * switched first (`gateBranches`).
 *
 * @param outputs names of the nodes that the caller reads. Placeholders stay: they are the model's inputs.
 */
export function dropControls(nodes: readonly GraphNode[], outputs: Iterable<string>): GraphNode[] {
  const free = gateBranches(nodes).map(withoutControls);
  const byName = new Map(free.map((node) => [node.name, node]));
  const isRead = new Set(outputs);
  const roots = free.filter(({ op, name }) => EFFECTS.test(op) || op.startsWith("Placeholder") || isRead.has(name));
  // A graph whose outputs are not among its nodes is malformed, which is found later.
  const stack = roots.flatMap(({ input }) => input);
  for (const { name } of roots) isRead.add(name);
  while (stack.length > 0) {
    const { node } = parseReference(stack.pop()!);
    if (isRead.has(node)) continue;
    isRead.add(node);
    for (const each of byName.get(node)?.input ?? []) stack.push(each);
  }
  return free.filter(({ name }) => isRead.has(name));
}

/** The same for the bodies of functions, where every node stays that is not a mere check. */
export function dropFunctionControls(library: JsonObject | undefined): JsonObject | undefined {
  if (library === undefined || !Array.isArray(library.function)) return library;
  const functions = library.function.map((each: unknown) => {
    if (!isJsonObject(each) || !Array.isArray(each.nodeDef)) return each;
    const returned = new Set(Object.values(asJsonObject(each.ret)).map((name) => textOf(name).split(":")[0]));
    const kept = each.nodeDef.flatMap((node: unknown) => {
      if (!isJsonObject(node)) return [node];
      if (CHECKS.test(textOf(node.op)) && !returned.has(textOf(node.name))) return [];
      return Array.isArray(node.input) ? [{ ...node, input: node.input.filter(isData) }] : [node];
    });
    return { ...each, nodeDef: kept };
  });
  return { ...library, function: functions };
}

function withoutControls(node: GraphNode): GraphNode {
  return node.input.every(isData) ? node : { ...node, input: node.input.filter(isData) };
}

function isData(reference: unknown): boolean {
  return typeof reference !== "string" || !reference.startsWith("^");
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
