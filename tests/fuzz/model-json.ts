import type { ModelArtifacts } from "../../src/model/artifacts.js";

/** JSON that can be changed in place. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonRecord = { [key: string]: Json };

/** A model as the files on a server. */
export interface ModelFiles {
  readonly json: Uint8Array<ArrayBuffer>;
  /** By their paths relative to model.json. */
  readonly weights: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
}

/** A sound model to damage: its model.json as a tree that names one weight file. */
export interface FuzzSeed {
  readonly name: string;
  readonly json: JsonRecord;
  readonly weights: Uint8Array<ArrayBuffer>;
}

export const WEIGHT_FILE = "weights.bin";

/** Turns artifacts in memory into the files that they would be saved as. */
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
 * A placeholder for what a tree can't hold: keys like `__proto__`, numbers like 1e999, a hundred thousand brackets. It
 * is replaced when the tree is written.
 */
const RAW = /"\u00a7raw:(\d+)"/g;
const rawTexts: string[] = [];

/** @param text JSON that is written where the returned value is put into a tree. */
export function raw(text: string): string {
  const known = rawTexts.indexOf(text);
  return `\u00a7raw:${known >= 0 ? known : rawTexts.push(text) - 1}`;
}

export const PROTO_KEY = "\u00a7proto";

/** The tree as UTF-8 bytes. */
export function writeJson(tree: Json): Uint8Array<ArrayBuffer> {
  const text = JSON.stringify(tree)
    .replaceAll(PROTO_KEY, "__proto__")
    .replace(RAW, (_, index: string) => rawTexts[Number(index)]!);
  return new TextEncoder().encode(text);
}

/** `count` lists, one inside the other. */
export function nestedLists(count: number): string {
  return raw("[".repeat(count) + "]".repeat(count));
}

export function isRecord(value: Json | undefined): value is JsonRecord {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value at a path of keys and indices; `undefined` if there is none. */
export function at(tree: Json, ...path: (string | number)[]): Json | undefined {
  let value: Json | undefined = tree;
  for (const key of path) {
    value = Array.isArray(value) ? value[Number(key)] : isRecord(value) ? value[key] : undefined;
  }
  return value;
}
