import { mapInSteps, type Steps } from "../../core/steps.js";
import { integerOf } from "../optimise/attributes.js";
import { Constants } from "../optimise/constants.js";
import { parseReference, type Graph, type GraphNode } from "../graph/graph.js";
import { fixed, itemRows, rowsAlong, UNKNOWN, type BatchValue } from "./batch-value.js";
import { checkRule } from "./check-rule.js";
import { ELEMENTWISE } from "./elementwise.js";
import { GATHERS } from "./gathering.js";
import { MOVES } from "./moving.js";
import type { OpRule } from "./op-rule.js";
import { OWN_RULES } from "./own-rules.js";
import { PICTURES } from "./pictures.js";
import { PRODUCTS } from "./products.js";
import { REDUCTIONS } from "./reductions.js";
import { MIXING_OPS, SIZES } from "./sizes.js";
import { SLICES } from "./slicing.js";
import { findValueBranch } from "./value-branches.js";

/** What a graph says about how its outputs depend on the items of a batch. */
export interface BatchAnalysis {
  /**
   * "rows": every output has a row for each item, which depends on that item alone. "mixed": the whole batch has to be run in one
   * call. "unknown": a trial has to show it.
   */
  readonly verdict: "rows" | "mixed" | "unknown";
  /** Why it is not "rows", or that random numbers are drawn, for people. */
  readonly reason: string | undefined;
  /** Two runs of the same items differ. */
  readonly isRandom?: boolean;
}

/** Nothing is known: the model runs as TF.js layers, or has no free batch. */
export const NOT_ANALYSED: BatchAnalysis = {
  verdict: "unknown",
  reason: "a trial has to show whether its items depend on each other",
};

const RULES: Readonly<Record<string, OpRule>> = {
  ...ELEMENTWISE,
  ...REDUCTIONS,
  ...MOVES,
  ...SLICES,
  ...PRODUCTS,
  ...PICTURES,
  ...GATHERS,
  ...SIZES,
  ...MIXING_OPS,
  ...OWN_RULES,
};

const RANDOM_OPS = /^(Stateless)?(Random|TruncatedNormal|Multinomial|ParameterizedTruncatedNormal)/;

/** The page reads no more values of a constant than this. */
const MAX_VALUES = 64;

/**
 * Find out how a graph treats a batch, from its operations: where the items of a batch are in each tensor, and whether something mixes
 * them.
 *
 * @param weightData the data that the recipes' offsets count from.
 * @param batchedNames public names of the inputs whose axis 0 is the batch.
 * O(nodes + edges). Oracle: the whole run against runs of single items, for random graphs, in tests/unit/model/batch.
 */
export function* analyseInSteps(
  graph: Graph,
  weightData: ArrayBuffer | SharedArrayBuffer,
  batchedNames: ReadonlySet<string>,
): Steps<BatchAnalysis> {
  const isRandom = drawsRandomNumbers(graph);
  const analysis = yield* analyse(graph, weightData, batchedNames, isRandom);
  return isRandom ? { ...analysis, isRandom } : analysis;
}

/** Whether two runs of the same items may differ. */
export function drawsRandomNumbers({ nodes }: Pick<Graph, "nodes">): boolean {
  return nodes.some(({ op }) => RANDOM_OPS.test(op));
}

function* analyse(
  graph: Graph,
  weightData: ArrayBuffer | SharedArrayBuffer,
  batchedNames: ReadonlySet<string>,
  isRandom: boolean,
): Steps<BatchAnalysis> {
  const { nodes, inputs, outputs } = graph;
  const itemNodes = new Set(
    inputs.flatMap(({ name, tensorName }) => (batchedNames.has(name) ? parseReference(tensorName).node : [])),
  );
  const branch = findValueBranch(graph, itemNodes);
  yield;
  if (branch !== undefined) {
    const reason = `the values of the items decide what "${branch.slice(0, 80)}" does for all of them`;
    return { verdict: "mixed", reason };
  }
  const constants = new Constants(graph, weightData);
  yield;
  const values = yield* valuesOf(graph, constants, itemNodes);
  const judged = outputs.map(({ name, tensorName }) => judge(name, lookUp(values, tensorName)));
  const found =
    judged.find(({ verdict }) => verdict === "mixed") ?? judged.find(({ verdict }) => verdict === "unknown");
  if (!isRandom || found?.verdict === "mixed") return { verdict: found?.verdict ?? "rows", reason: found?.reason };
  // Two runs of the same items differ, so that a trial would show nothing. With a seed, all shards would draw the same numbers.
  const hasRows = found === undefined && !nodes.some(isSeeded);
  return { verdict: hasRows ? "rows" : "mixed", reason: "it draws random numbers, so that no trial is made" };
}

/** Whether an op draws the same numbers in each call. TF.js looks at `seed` alone. */
function isSeeded({ op, attr }: GraphNode): boolean {
  return RANDOM_OPS.test(op) && (op.startsWith("Stateless") || integerOf(attr.seed, 0) !== 0);
}

function judge(name: string, value: BatchValue): BatchAnalysis {
  const output = `output "${name.slice(0, 80)}"`;
  if (value.kind === "mixed") return { verdict: "mixed", reason: value.reason };
  if (value.kind === "unknown") return { verdict: "unknown", reason: `nothing shows where the items are in ${output}` };
  const { batch } = value;
  if (batch === undefined) return { verdict: "mixed", reason: `${output} is one for the whole batch` };
  if (batch.axis === 0 && batch.outer === 1 && batch.inner === 1) return { verdict: "rows", reason: undefined };
  if (batch.axis === 0 && batch.inner === undefined) {
    return { verdict: "unknown", reason: `nothing shows how many rows of ${output} belong to an item` };
  }
  return { verdict: "mixed", reason: `axis 0 of ${output} does not have one row for each item` };
}

type Values = ReadonlyMap<string, readonly BatchValue[]>;

function lookUp(values: Values, reference: string): BatchValue {
  const { node, index } = parseReference(reference);
  const found = values.get(node);
  return found?.[Math.min(index, found.length - 1)] ?? UNKNOWN;
}

/** What every node gives, in topological order. */
function* valuesOf(graph: Graph, constants: Constants, itemNodes: ReadonlySet<string>): Steps<Values> {
  const values = new Map<string, readonly BatchValue[]>();
  const inputShapes = new Map(graph.inputs.map(({ tensorName, shape }) => [parseReference(tensorName).node, shape]));
  yield* mapInSteps(graph.nodes, (node) => {
    const { name, op } = node;
    if (itemNodes.has(name)) {
      const shape = inputShapes.get(name);
      values.set(name, [
        itemRows(
          shape?.map((size) => (size < 0 ? undefined : size)),
          rowsAlong(0),
        ),
      ]);
    } else if (inputShapes.has(name)) {
      values.set(name, [fixed(inputShapes.get(name)?.map((size) => (size < 0 ? undefined : size)))]);
    } else if (op === "Const") values.set(name, [constant(node, graph, constants)]);
    else values.set(name, [computed(node, values)].flat());
  });
  return values;
}

function constant({ name }: GraphNode, { weights }: Graph, constants: Constants): BatchValue {
  const shape = weights.get(name)?.shape;
  const isSmall = shape !== undefined && shape.reduce((total, size) => total * size, 1) <= MAX_VALUES;
  return fixed(shape, isSmall ? constants.integers(name) : undefined);
}

function computed({ name, op, input, attr }: GraphNode, values: Values): BatchValue | readonly BatchValue[] {
  const inputs = input.filter((each) => !each.startsWith("^")).map((each) => lookUp(values, each));
  const rule = Object.hasOwn(RULES, op) ? RULES[op] : undefined;
  if (rule !== undefined) {
    const call = { name, op, attr, inputs };
    return [rule(call)].flat().map((result) => checkRule(call, result));
  }
  if (op === "PlaceholderWithDefault") return inputs[0] ?? UNKNOWN;
  const isFixed = inputs.length > 0 && inputs.every((each) => each.kind === "tensor" && !each.batch && !each.usesCount);
  if (isFixed && !RANDOM_OPS.test(op)) return fixed(undefined);
  return inputs.find(({ kind }) => kind === "mixed") ?? UNKNOWN;
}
