import { attrs } from "../keras/emitter.js";
import { parseReference, tensorKey, type Graph, type GraphNode } from "../graph/graph.js";
import { sortNodes } from "../graph/sort-nodes.js";
import { dropControls } from "../lower/drop-controls.js";
import { Constants } from "../optimise/constants.js";
import { GraphWriter } from "../optimise/graph-writer.js";
import { recurrentAttrs } from "../recurrent-ops.js";
import { LoopBody } from "./loop-body.js";
import { matchRecurrence, type MatchedRecurrence } from "./match-recurrence.js";
import { readLoops, readersOf, type Loop } from "./read-loops.js";

const FLOAT = { T: { type: "DT_FLOAT" } };
const MAX_LOOPS = 256;

/**
 * Replace the loops that Keras' recurrent layers become when they are converted by one node each (`recurrent-ops.ts`). A loop is
 * replaced only if all of it is understood: how often it runs, what it reads and writes in each step, and a cell that is one of
 * Keras'. Others stay as they are.
 *
 * @param graph without control inputs.
 * O(loops · nodes).
 */
export function recogniseRecurrences(
  graph: Graph,
  weightData: ArrayBuffer | SharedArrayBuffer,
): { graph: Graph; count: number } {
  if (!graph.nodes.some(({ op }) => op === "LoopCond")) return { graph, count: 0 };
  const byName = new Map(graph.nodes.map((node) => [node.name, node]));
  const constants = new Constants(graph, weightData);
  const readers = readersOf(graph.nodes);
  const writer = new GraphWriter(graph);
  const isOutput = new Set(graph.outputs.map(({ tensorName }) => parseReference(tensorName).node));
  const replaced = new Map<string, readonly GraphNode[]>();
  let count = 0;
  for (const loop of readLoops(graph.nodes).slice(0, MAX_LOOPS)) {
    const found = matchRecurrence(new LoopBody(loop, byName, constants), readers);
    if (found === undefined || loopNodes(loop).some((name) => isOutput.has(name))) continue;
    for (const [name, nodes] of writeRecurrence(found, writer)) replaced.set(name, nodes);
    count++;
  }
  if (count === 0) return { graph, count };
  const nodes = graph.nodes.flatMap((node) => replaced.get(node.name) ?? [node]);
  const kept = dropControls(nodes, isOutput);
  return { graph: { ...graph, nodes: sortNodes(kept), weights: writer.weights }, count };
}

/** Nodes of a loop that no output of the model may be. */
function loopNodes({ variables }: Loop): string[] {
  return variables.flatMap(({ exits }) => exits);
}

/** The node, and what takes the place of the nodes that read the loop's results. */
function writeRecurrence(found: MatchedRecurrence, writer: GraphWriter): Map<string, GraphNode[]> {
  const { cell, list, states, mask } = found;
  const name = list?.stack ?? states.flatMap(({ exits }) => exits)[0] ?? "recurrence";
  const before: GraphNode[] = [];
  const add = (suffix: string, op: string, input: readonly string[], attr: GraphNode["attr"]): string => {
    const node = writer.node(`${name}/${suffix}`, op, input, attr);
    before.push(node);
    return node.name;
  };
  const integers = (suffix: string, values: readonly number[]): string => {
    const node = writer.integers(`${name}/${suffix}`, values);
    before.push(node);
    return node.name;
  };
  const scalar = (suffix: string, value: number): string => {
    const node = writer.constant(`${name}/${suffix}`, "int32", [], {
      op: "literal",
      tensor: { shape: [], values: [value] },
    });
    before.push(node);
    return node.name;
  };
  const swap = (suffix: string, x: string): string =>
    add(suffix, "Transpose", [x, integers(`${suffix}/perm`, [1, 0, 2])], FLOAT);
  const x = found.x.isBatchMajor ? found.x.reference : swap("x", found.x.reference);
  const initial = states.every(({ isZero }) => isZero) ? [] : states.map(({ initial: each }) => each);
  const kernels = cell.recurrentKernels;
  const recurrent =
    kernels.length === 1
      ? kernels[0]!
      : add("recurrent_kernel", "ConcatV2", [...kernels, scalar("axis", 1)], {
          ...FLOAT,
          N: attrs.int(kernels.length),
        });
  const bias =
    cell.biases.length === 2
      ? [add("biases", "Pack", cell.biases, { ...FLOAT, N: attrs.int(2), axis: attrs.int(0) })]
      : cell.biases;
  const returnSequences = list?.isAll === true;
  const attr = recurrentAttrs({
    activation: cell.activation,
    recurrentActivation: cell.recurrentActivation,
    goBackwards: found.x.isReversed,
    returnSequences,
    zeroOutputForMask: found.zeroOutputForMask,
    resetAfter: cell.resetAfter && bias.length > 0,
    hasMask: mask !== undefined,
    hasInitialState: initial.length > 0,
    hasBias: bias.length > 0,
  });
  const steps = found.stepCount === undefined ? {} : { step_count: attrs.int(found.stepCount) };
  const inputs = [x, ...(mask === undefined ? [] : [mask]), ...initial, cell.kernel, recurrent, ...bias];
  const node = add("recurrence", cell.op, inputs, { ...attr, ...steps });
  const result = new Map<string, GraphNode[]>();
  if (list !== undefined) {
    const input = returnSequences ? [node, integers("stack/perm", [1, 0, 2])] : [node, scalar("stack/axis", 0)];
    const op = returnSequences ? "Transpose" : "ExpandDims";
    result.set(list.stack, [...before, { name: list.stack, op, input, attr: FLOAT }]);
  }
  const exits = states.flatMap((state, index) => state.exits.map((exit) => [exit, `${node}:${index + 1}`] as const));
  for (const [index, [exit, reference]] of exits.entries()) {
    const passed = { name: exit, op: "Identity", input: [tensorKey(reference)], attr: FLOAT };
    result.set(exit, list === undefined && index === 0 ? [...before, passed] : [passed]);
  }
  return result;
}
