import type { ModelArtifacts } from "../../src/model/artifacts.js";

/** JSON that may be changed in place. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonRecord = { [key: string]: Json };

/** A model as files: what a server has of it. */
export interface ModelFiles {
  readonly json: Uint8Array<ArrayBuffer>;
  /** By their paths beside model.json. */
  readonly weights: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
}

/** A sound model to damage: its model.json as a tree, with one weight file named in it. */
export interface FuzzSeed {
  readonly name: string;
  readonly json: JsonRecord;
  readonly weights: Uint8Array<ArrayBuffer>;
}

export const WEIGHT_FILE = "weights.bin";

/** Artifacts in memory as the files that they would be saved to. */
export function seedOf(name: string, { weightSpecs, weightData, ...rest }: ModelArtifacts): FuzzSeed {
  const parts = Array.isArray(weightData) ? weightData : [weightData];
  const weights = new Uint8Array(parts.reduce((total, part) => total + part.byteLength, 0));
  let offset = 0;
  for (const part of parts) {
    weights.set(new Uint8Array(part), offset);
    offset += part.byteLength;
  }
  const json = { ...rest, weightsManifest: [{ paths: [WEIGHT_FILE], weights: weightSpecs }] };
  return { name, json: JSON.parse(JSON.stringify(json)) as JsonRecord, weights };
}

/**
 * Text that stands in a tree for what no tree can hold, and is replaced when it is written: keys like `__proto__`, numbers like
 * 1e999, a hundred thousand brackets.
 */
const RAW = /"\u00a7raw:(\d+)"/g;
const rawTexts: string[] = [];

/** @param text JSON, to stand where the returned value is put in a tree. */
export function raw(text: string): string {
  const known = rawTexts.indexOf(text);
  return `\u00a7raw:${known >= 0 ? known : rawTexts.push(text) - 1}`;
}

export const PROTO_KEY = "\u00a7proto";

/** The tree as bytes of UTF-8. */
export function writeJson(tree: Json): Uint8Array<ArrayBuffer> {
  const text = JSON.stringify(tree)
    .replaceAll(PROTO_KEY, "__proto__")
    .replace(RAW, (_, index: string) => rawTexts[Number(index)]!);
  return new TextEncoder().encode(text);
}

/** `count` lists, each in the next. */
export function nestedLists(count: number): string {
  return raw("[".repeat(count) + "]".repeat(count));
}

export function isRecord(value: Json | undefined): value is JsonRecord {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What lies at a path of keys and indices; `undefined` where there is nothing. */
export function at(tree: Json, ...path: (string | number)[]): Json | undefined {
  let value: Json | undefined = tree;
  for (const key of path) {
    value = Array.isArray(value) ? value[Number(key)] : isRecord(value) ? value[key] : undefined;
  }
  return value;
}
