import { at, isRecord, type Json, type JsonRecord } from "./model-json.js";

/** One way to damage a model, by changing its tree in place. */
export interface KnownDamage {
  readonly what: string;
  readonly format: "graph" | "layers" | "any";
  readonly apply: (tree: JsonRecord) => void;
}

export const onGraphs = (what: string, apply: (tree: JsonRecord) => void): KnownDamage => ({
  what,
  format: "graph",
  apply,
});
export const onLayers = (what: string, apply: (tree: JsonRecord) => void): KnownDamage => ({
  what,
  format: "layers",
  apply,
});
export const onAny = (what: string, apply: (tree: JsonRecord) => void): KnownDamage => ({ what, format: "any", apply });

export const list = (value: Json | undefined): Json[] => (Array.isArray(value) ? value : []);
export const record = (value: Json | undefined): JsonRecord => (isRecord(value) ? value : {});
export const text = (value: Json | undefined): string => (typeof value === "string" ? value : "");

export const topology = (tree: JsonRecord): JsonRecord => record(tree.modelTopology);
export const nodesOf = (tree: JsonRecord): JsonRecord[] => list(topology(tree).node).map(record);

/** The middle one of the nodes that have inputs. */
export function computing(tree: JsonRecord): JsonRecord {
  const nodes = nodesOf(tree).filter(({ input }) => list(input).length > 0);
  return nodes[Math.floor(nodes.length / 2)]!;
}

/** The name of the first input of a graph. */
export function firstInput(tree: JsonRecord): string {
  return text(nodesOf(tree).find(({ op }) => op === "Placeholder")?.name);
}

/** The first group of weight files, and the first weight in it. */
export const groupOf = (tree: JsonRecord): JsonRecord => record(at(tree, "weightsManifest", 0));
export const weighed = (tree: JsonRecord): JsonRecord => record(list(groupOf(tree).weights)[0]);

export const modelOf = (tree: JsonRecord): JsonRecord => record(at(tree, "modelTopology", "model_config", "config"));
export const layersOf = (tree: JsonRecord): JsonRecord[] => list(modelOf(tree).layers).map(record);
/** The layers of a model inside the model, if the first layer is one. */
export const innerLayersOf = (tree: JsonRecord): JsonRecord[] =>
  list(record(layersOf(tree)[0]?.config).layers).map(record);
