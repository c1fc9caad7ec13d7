import {
  isRecord,
  nestedLists,
  PROTO_KEY,
  raw,
  writeJson,
  type FuzzSeed,
  type Json,
  type ModelFiles,
} from "./model-json.js";
import { WEIGHT_FILE } from "./model-json.js";

type Random = () => number;

/** Values of the wrong type or far out of range. */
const NASTY: readonly Json[] = [
  null,
  true,
  0,
  -1,
  1,
  2 ** 31,
  2 ** 53,
  -(2 ** 63),
  0.5,
  1e308,
  raw("1e999"),
  "",
  "NaN",
  "-1",
  "9223372036854775807",
  "9".repeat(400),
  "a\u0000b",
  "^x",
  "x:99",
  ":",
  "__proto__",
  "constructor",
  "\ud800",
  "x".repeat(100_000),
  [],
  {},
  [null],
  [[]],
  [-1, -1],
  Array.from({ length: 40 }, () => 65_536),
  { size: "-5" },
  { list: { i: ["-1", "99999999999"] } },
  { type: "DT_RESOURCE" },
  { type: 3 },
  { s: "%%%" },
  nestedLists(100_000),
];

function pick<T>(random: Random, list: readonly T[]): T {
  return list[Math.floor(random() * list.length)]!;
}

type Slot = { readonly holder: Json[] | { [key: string]: Json }; readonly key: string };

/** A random place in the tree, by a walk from the root that sometimes ends early. */
function somewhere(tree: Json, random: Random): Slot {
  let slot: Slot | undefined;
  for (let value: Json | undefined = tree; ;) {
    if (typeof value !== "object" || value === null) break;
    const keys: string[] = Object.keys(value);
    if (keys.length === 0 || (slot !== undefined && random() < 0.12)) break;
    const key: string = pick(random, keys);
    slot = { holder: value, key };
    value = Array.isArray(value) ? value[Number(key)] : value[key];
  }
  return slot!;
}

function read({ holder, key }: Slot): Json {
  return (Array.isArray(holder) ? holder[Number(key)] : holder[key])!;
}

function write({ holder, key }: Slot, value: Json): void {
  if (Array.isArray(holder)) holder[Number(key)] = value;
  else holder[key] = value;
}

const TREE_DAMAGE: Readonly<Record<string, (tree: Json, random: Random) => void>> = {
  drop(tree, random) {
    const { holder, key } = somewhere(tree, random);
    if (Array.isArray(holder)) holder.splice(Number(key), 1);
    else delete holder[key];
  },
  replace(tree, random) {
    write(somewhere(tree, random), pick(random, NASTY));
  },
  repeat(tree, random) {
    const slot = somewhere(tree, random);
    const value = structuredClone(read(slot));
    if (Array.isArray(slot.holder)) slot.holder.splice(Number(slot.key), 0, value);
    else write(slot, [value, value]);
  },
  exchange(tree, random) {
    const [a, b] = [somewhere(tree, random), somewhere(tree, random)];
    const [ofA, ofB] = [structuredClone(read(a)), structuredClone(read(b))];
    write(a, ofB);
    write(b, ofA);
  },
  rename(tree, random) {
    const { holder, key } = somewhere(tree, random);
    if (!isRecord(holder)) return void holder.reverse();
    const value = holder[key]!;
    delete holder[key];
    holder[pick(random, [PROTO_KEY, "constructor", "toString", "", `${key}2`, "length"])] = value;
  },
  // Almost correct numbers and strings: off by one, with another sign, or another string of the file.
  nudge(tree, random) {
    for (let tries = 0; tries < 50; tries++) {
      const slot = somewhere(tree, random);
      const value = read(slot);
      if (typeof value === "number") return write(slot, pick(random, [value + 1, value - 1, -value, value * 1000]));
      if (typeof value !== "string") continue;
      const number = value !== "" && Number.isFinite(Number(value)) ? String(Number(value) + 1) : `${value}x`;
      const other = read(somewhere(tree, random));
      return write(
        slot,
        pick(random, [number, value.slice(1), `^${value}`, `${value}:1`, typeof other === "string" ? other : ""]),
      );
    }
  },
};

type Bytes = Uint8Array<ArrayBuffer>;

const BYTE_DAMAGE: Readonly<Record<string, (bytes: Bytes, random: Random) => Bytes>> = {
  truncate: (bytes, random) => bytes.slice(0, Math.floor(random() * bytes.length)),
  extend: (bytes, random) => joined(bytes, noise(1 + Math.floor(random() * 64), random)),
  flip(bytes, random) {
    const flipped = bytes.slice();
    for (let count = 0; count < 8; count++)
      flipped[Math.floor(random() * bytes.length)]! ^= 1 << Math.floor(random() * 8);
    return flipped;
  },
  noise: (bytes, random) => noise(bytes.length, random),
  nan: (bytes) => new Uint8Array(bytes.length).fill(0xff),
};

function noise(length: number, random: Random): Bytes {
  return Uint8Array.from({ length }, () => Math.floor(random() * 256));
}

function joined(a: Bytes, b: Bytes): Bytes {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

/** One to three seeded faults in a model's files. */
export function damageAtRandom(seed: FuzzSeed, random: Random): { readonly what: string; readonly files: ModelFiles } {
  const tree = structuredClone(seed.json);
  const what: string[] = [];
  let { weights } = seed;
  let damageJson: ((bytes: Bytes) => Bytes) | undefined;
  const kind = random();
  if (kind < 0.84) {
    for (let count = 1 + Math.floor(random() * random() * 3); count > 0; count--) {
      const name = pick(random, Object.keys(TREE_DAMAGE));
      what.push(name);
      TREE_DAMAGE[name]!(tree, random);
    }
  } else {
    const name = pick(random, Object.keys(BYTE_DAMAGE));
    const isJson = kind < 0.92;
    what.push(`${name} ${isJson ? "model.json" : "weights"}`);
    if (isJson) damageJson = (bytes) => BYTE_DAMAGE[name]!(bytes, random);
    else weights = BYTE_DAMAGE[name]!(weights, random);
  }
  const json = writeJson(tree);
  const files = { json: damageJson?.(json) ?? json, weights: new Map([[WEIGHT_FILE, weights]]) };
  return { what: what.join(" + "), files };
}
