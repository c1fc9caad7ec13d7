import type { TensorBinding } from "../../protocol/model-on-wire.js";
import { asJsonObject, type JsonObject } from "../artifacts.js";
import { parseReference, tensorKey, type Graph, type GraphNode, type TensorKey } from "../graph/graph.js";
import { functionNodes } from "../wire-graph.js";
import { checkCuts } from "./check-cuts.js";
import { fedNodes, isConst, isDuplicated, type GraphLayer } from "./graph-layers.js";
import { outputDtype, placeholderType } from "./output-dtype.js";

/** A contiguous range of a graph's layers, as a graph of its own. */
export interface StageGraph {
  readonly firstLayer: number;
  readonly lastLayer: number;
  /** Its inputs and outputs are named by their `TensorKey` in the whole graph. */
  readonly graph: Graph;
}

/**
 * Cut a graph in front of the given layers.
 *
 * Each stage has its own nodes, the Consts that these read, and a Placeholder for every tensor that enters. A tensor that a later
 * stage or the caller needs leaves the stage that makes it; whoever runs the stages keeps it while it skips others.
 *
 * @param layers of the graph (`listLayersInSteps`).
 * @param cuts indices of the layers that begin a stage, ascending, each 1 … layers.length-1; an empty list gives one stage.
 * @throws ShardError "invalid-options" for other cuts.
 * O(nodes + edges), whatever the number of stages.
 */
export function cutGraph(graph: Graph, layers: readonly GraphLayer[], cuts: readonly number[]): StageGraph[] {
  checkCuts(cuts, layers.length);
  const bounds = [0, ...cuts, layers.length];
  const runs = cuts.map((_, index) => index).concat(cuts.length);
  const byName = new Map(graph.nodes.map((node) => [node.name, node]));
  const stageNodes = runs.map((run) => layers.slice(bounds[run]!, bounds[run + 1]!).flatMap(({ nodes }) => nodes));
  const parts = stageNodes.map((nodes) => readOutside(nodes, byName));
  const runOf = new Map(stageNodes.flatMap((nodes, run) => nodes.map(({ name }): [string, number] => [name, run])));
  // Tensors that another stage or the caller reads leave the stage that makes them.
  const wanted = new Set([
    ...parts.flatMap(({ reads }) => reads),
    ...graph.outputs.map(({ tensorName }) => tensorName),
  ]);
  const stageOutputs = runs.map((): TensorKey[] => []);
  for (const key of wanted) stageOutputs[runOf.get(parseReference(key).node) ?? -1]?.push(key);
  // No layer makes these outputs: the first stage passes inputs through, and the last one returns Consts.
  const fed = fedNodes(graph);
  const stranded = new Set(
    graph.outputs.map(({ tensorName }) => tensorName).filter((key) => isStranded(key, byName, fed)),
  );
  for (const key of stranded) {
    const isFed = fed.has(parseReference(key).node);
    stageOutputs.at(isFed ? 0 : -1)!.push(key);
    if (isFed && !parts[0]!.reads.includes(key)) parts[0]!.reads.push(key);
  }
  return runs.map((run) => ({
    firstLayer: bounds[run]!,
    lastLayer: bounds[run + 1]! - 1,
    graph: assemble(graph, byName, stageNodes[run]!, parts[run]!, stageOutputs[run]!),
  }));
}

function isStranded(key: TensorKey, byName: ReadonlyMap<string, GraphNode>, fed: ReadonlySet<string>): boolean {
  return isDuplicated(byName.get(parseReference(key).node)!, fed);
}

interface Outside {
  /** Tensors made outside the stage, in the order in which they are read. */
  readonly reads: TensorKey[];
  readonly consts: ReadonlySet<string>;
}

function readOutside(nodes: readonly GraphNode[], byName: ReadonlyMap<string, GraphNode>): Outside {
  const own = new Set(nodes.map(({ name }) => name));
  const reads = new Set<TensorKey>();
  const consts = new Set<string>();
  for (const { input } of nodes) {
    for (const reference of input) {
      const { node, isControl } = parseReference(reference);
      if (isControl || own.has(node)) continue;
      if (isConst(byName.get(node)!)) consts.add(node);
      else reads.add(tensorKey(reference));
    }
  }
  return { reads: [...reads], consts };
}

function assemble(
  graph: Graph,
  byName: ReadonlyMap<string, GraphNode>,
  nodes: readonly GraphNode[],
  { reads, consts }: Outside,
  outputKeys: readonly TensorKey[],
): Graph {
  const added = new Set<string>();
  const resources = reads.filter((key) => isResource(byName.get(parseReference(key).node)!));
  const entering = reads.filter((key) => !resources.includes(key));
  const placeholders = new Map(entering.map((key) => [key, placeholderName(key, byName, added)]));
  const extraConsts = outputKeys.map((key) => parseReference(key).node).filter((name) => isConst(byName.get(name)!));
  const present = new Set([...nodes.map(({ name }) => name), ...consts, ...extraConsts]);
  const stage = [
    ...entering.map((key) => makePlaceholder(placeholders.get(key)!, byName.get(parseReference(key).node)!, key)),
    ...resources.map((key) => byName.get(parseReference(key).node)!),
    ...[...new Set([...consts, ...extraConsts])].map((name) => byName.get(name)!),
    ...nodes.map((node) => ({ ...node, input: rewriteInputs(node, placeholders, present) })),
  ];
  const keepsTables = resources.length > 0 || nodes.some(({ op }) => /HashTable/.test(op));
  const library = reachableFunctions(graph.library, stage);
  const initializer = keepsTables ? initializerFor(graph.initializer, resources) : undefined;
  const bind = (key: TensorKey, tensorName: string): TensorBinding => {
    const input = graph.inputs.find((each) => each.tensorName === key);
    const known = input ?? graph.outputs.find((each) => each.tensorName === key);
    const { node, index } = parseReference(key);
    // For outputs, the node itself is more reliable than the signature.
    const dtype = input?.dtype ?? outputDtype(byName.get(node)!, index) ?? known?.dtype ?? "float32";
    return { name: key, tensorName, dtype, shape: known?.shape };
  };
  return {
    nodes: stage,
    weights: graph.weights,
    inputs: entering.map((key) => bind(key, `${placeholders.get(key)!}:0`)),
    outputs: outputKeys.map((key) => bind(key, key)),
    library,
    versions: graph.versions,
    initializer,
  };
}

/** Whether a node is a captured hash table, which TF.js binds to the table made by the initializer. */
function isResource({ op, attr }: GraphNode): boolean {
  return op === "Placeholder" && asJsonObject(attr.dtype).type === "DT_RESOURCE";
}

/** TF.js feeds every hash table in the signature, and throws if one has no Placeholder in the graph. */
function initializerFor(initializer: Graph["initializer"], resources: readonly TensorKey[]): Graph["initializer"] {
  if (initializer === undefined) return undefined;
  const entries = Object.entries(initializer.resourceInputs);
  const taken = entries.filter(([key, entry]) => {
    const { name } = asJsonObject(entry);
    return resources.includes(tensorKey(typeof name === "string" ? name : key));
  });
  return { ...initializer, resourceInputs: Object.fromEntries(taken) };
}

/** The producer's own name for its first output, so that readers need not change; else a name that is not taken. */
function placeholderName(key: TensorKey, byName: ReadonlyMap<string, GraphNode>, added: Set<string>): string {
  const { node, index } = parseReference(key);
  if (index === 0) return node;
  let name = `${node}__${index}`;
  while (byName.has(name) || added.has(name)) name += "_";
  added.add(name);
  return name;
}

function makePlaceholder(name: string, source: GraphNode, key: TensorKey): GraphNode {
  if (source.op === "Placeholder") return source;
  const dtype = outputDtype(source, parseReference(key).index);
  const shape = { shape: { unknownRank: true } };
  return {
    name,
    op: "Placeholder",
    input: [],
    attr: dtype === undefined ? { shape } : { shape, dtype: placeholderType(dtype) },
  };
}

/** Control inputs from other stages are dropped: they order side effects, which straight-line code doesn't have. */
function rewriteInputs(
  { input }: GraphNode,
  placeholders: ReadonlyMap<TensorKey, string>,
  present: ReadonlySet<string>,
): string[] {
  return input.flatMap((reference) => {
    const { node, isControl } = parseReference(reference);
    if (isControl) return present.has(node) ? [reference] : [];
    return present.has(node) ? [reference] : [placeholders.get(tensorKey(reference)) ?? reference];
  });
}

/** The library, reduced to the functions that these nodes call, directly or through other functions. */
function reachableFunctions(library: JsonObject | undefined, nodes: readonly GraphNode[]): JsonObject | undefined {
  const functions = library?.function;
  if (!Array.isArray(functions)) return undefined;
  const byName = new Map(functions.map((each: unknown) => [asJsonObject(asJsonObject(each).signature).name, each]));
  const reached = new Set<unknown>();
  const pending: unknown[] = nodes.map(({ attr }) => attr);
  for (let attr = pending.pop(); attr !== undefined; attr = pending.pop()) {
    for (const value of Object.values(asJsonObject(attr))) {
      const { name } = asJsonObject(asJsonObject(value).func);
      const body = byName.get(name);
      if (body === undefined || reached.has(name)) continue;
      reached.add(name);
      pending.push(...functionNodes({ function: [body] }).map((each) => each.attr ?? {}));
    }
  }
  if (reached.size === 0) return undefined;
  return {
    ...library,
    function: functions.filter((each: unknown) => reached.has(asJsonObject(asJsonObject(each).signature).name)),
  };
}
