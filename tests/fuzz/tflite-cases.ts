import { readFileSync } from "node:fs";
import { seededRandom } from "../../src/core/random.js";
import { damageBytes } from "./damage-bytes.js";

/** A damaged `.tflite` file. */
export interface TfliteCase {
  readonly name: string;
  readonly make: () => Uint8Array<ArrayBuffer>;
}

const SEEDS = ["dense", "conv-groups", "two", "int8", "signatures", "unsigned"];

const readTflite = (name: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(readFileSync(`tests/fixtures/tflite/${name}.tflite`));

/** A file whose every word from some place on is a number. */
function filled(value: number, from: number): Uint8Array<ArrayBuffer> {
  const bytes = readTflite("dense");
  const view = new DataView(bytes.buffer);
  for (let place = from; place + 4 <= bytes.length; place += 4) view.setInt32(place, value, true);
  return bytes;
}

/** Only the identifier, and a table of eight fields that all lead to one list of `count` references to that table. */
function circular(count: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(64 + 4 * count);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 32, true);
  bytes.set([0x54, 0x46, 0x4c, 0x33], 4);
  // The fields of the table at 32: all at 4, where the distance to the list is.
  view.setUint16(8, 20, true);
  for (let field = 0; field < 8; field++) view.setUint16(12 + 2 * field, 4, true);
  view.setInt32(32, 24, true);
  view.setUint32(36, 24, true);
  view.setUint32(60, count, true);
  // References lead forward only, so they lead to the end of the file, where a table of no fields begins.
  for (let index = 0; index < count; index++) {
    const place = 64 + 4 * index;
    view.setUint32(place, Math.max(0, bytes.length - 4 - place), true);
  }
  return bytes;
}

/** Faults that occur, and malicious files. */
const KNOWN: readonly TfliteCase[] = [
  { name: "an empty file", make: () => new Uint8Array(0) },
  { name: "seven bytes", make: () => readTflite("dense").slice(0, 7) },
  { name: "the identifier alone", make: () => readTflite("dense").slice(0, 8) },
  { name: "half a file", make: () => readTflite("dense").slice(0, 1200) },
  { name: "another identifier", make: () => readTflite("dense").fill(0x20, 4, 8) },
  { name: "a page", make: () => new TextEncoder().encode("<!doctype html><p>not found") },
  ...[0, 1, -1, 0x7f_ff_ff_ff, 0x10_00_00_00].flatMap((value) =>
    [0, 8, 64, 400].map((from) => ({
      name: `${value} in every word from byte ${from}`,
      make: () => filled(value, from === 0 ? 8 : from),
    })),
  ),
  { name: "fields that lead to each other", make: () => circular(10) },
  { name: "a list of a million references to one table", make: () => circular(1_000_000) },
];

/** A file that is damaged at random. @param seed whole, ≥ 0; it says which file, and how. */
export function randomTfliteCase(seed: number): TfliteCase {
  const name = SEEDS[seed % SEEDS.length]!;
  return { name: `${name}, damage ${seed}`, make: () => damageBytes(readTflite(name), seededRandom(seed)) };
}

/** @param randomCount how many files are damaged at random. */
export function tfliteCases(randomCount: number): TfliteCase[] {
  return [...KNOWN, ...Array.from({ length: randomCount }, (_, seed) => randomTfliteCase(seed))];
}
