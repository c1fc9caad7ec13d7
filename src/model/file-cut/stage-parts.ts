import { checkCuts } from "../cut/check-cuts.js";
import type { TensorKey } from "../graph/graph.js";
import type { WireModel } from "../../protocol/model-on-wire.js";
import type { ModelLayer, StagedModel } from "../staged-model.js";
import { listFileLayers, type FileLayer, type FileLayers } from "./list-layers.js";
import type { FileNode, NodeList } from "./node-list.js";

/** What a stage of a file consists of. */
export interface StagePart {
  /** Its own nodes, and copies of others that these read, in the file's order. */
  readonly nodes: readonly FileNode[];
  /** The constants that its nodes read. */
  readonly constants: ReadonlySet<TensorKey>;
  readonly entering: readonly TensorKey[];
  readonly leaving: readonly TensorKey[];
}

/** A file's model that can't be cut, and why: for the middle of a message. */
export interface Uncuttable {
  readonly reason: string;
}

/**
 * Make a model in a file cuttable into stages.
 * @param inputKeys by public name.
 * @param write a stage as a model of its own.
 */
export function stageFile<Wire extends WireModel>(
  list: NodeList,
  keys: Pick<StagedModel, "inputKeys" | "outputKeys">,
  write: (part: StagePart) => Wire,
): StagedModel<Wire> | Uncuttable {
  const made = new Set(list.nodes.flatMap(({ makes }) => makes));
  if (!list.outputs.every((key) => made.has(key))) {
    return { reason: "one of its outputs is computed by no operation" };
  }
  const found = listFileLayers(list);
  if (found === undefined) return { reason: "its stages would have copies of too many of its operations" };
  const { layers } = found;
  if (layers.length < 2) return { reason: "it has no place where a cut would leave its results as they are" };
  return {
    ...keys,
    layers: layers.map((layer) => describeLayer(layer, list, found)),
    stages(cuts) {
      checkCuts(cuts, layers.length);
      const bounds = [0, ...cuts, layers.length];
      const runs = bounds.slice(1).map((end, run) => layers.slice(bounds[run]!, end).flatMap(({ nodes }) => nodes));
      const needed = runs.map((nodes) => neededBy(nodes, found));
      // The last run that needs a tensor; the caller comes after all of them.
      const lastRun = new Map(needed.flatMap((each, run) => [...each].map((key): [TensorKey, number] => [key, run])));
      for (const key of list.outputs) lastRun.set(key, runs.length);
      return runs.map((own, run) => {
        const makes = new Set(own.flatMap(({ makes }) => makes));
        const entering = [...needed[run]!].filter((key) => !makes.has(key));
        const leaving = [...makes].filter((key) => (lastRun.get(key) ?? run) > run);
        const [firstLayer, lastLayer] = [bounds[run]!, bounds[run + 1]! - 1];
        const part = { ...withCopies(own, list, found), entering, leaving };
        return { firstLayer, lastLayer, inputs: entering, outputs: leaving, wire: write(part) };
      });
    },
  };
}

function neededBy(nodes: readonly FileNode[], { needs }: FileLayers): Set<TensorKey> {
  return new Set(nodes.flatMap((node) => [...needs(node)]));
}

function withCopies(
  own: readonly FileNode[],
  { constants }: NodeList,
  { copiesFor, placeOf }: FileLayers,
): Pick<StagePart, "nodes" | "constants"> {
  const present = new Set([...own, ...own.flatMap((node) => [...copiesFor(node)])]);
  const nodes = [...present].toSorted((a, b) => placeOf(a) - placeOf(b));
  return { nodes, constants: new Set(nodes.flatMap(({ reads }) => reads.filter((key) => constants.has(key)))) };
}

function describeLayer({ name, op, nodes }: FileLayer, list: NodeList, found: FileLayers): ModelLayer {
  const { constants } = withCopies(nodes, list, found);
  const makes = new Set(nodes.flatMap((node) => node.makes));
  return {
    ...{ name, op },
    weights: Object.fromEntries([...constants].map((key) => [key, list.constants.get(key)!])),
    reads: [...neededBy(nodes, found)].filter((key) => !makes.has(key)),
    nodes: [],
  };
}
