import { readFileSync } from "node:fs";
import { seededRandom } from "../../src/core/random.js";
import { field, message, plusOneOnnxFile } from "../contract/plus-one-onnx.js";
import { damageBytes } from "./damage-bytes.js";

/** A damaged `.onnx` file. */
export interface OnnxCase {
  readonly name: string;
  readonly make: () => Uint8Array<ArrayBuffer>;
}

const SEEDS = ["mlp", "conv-groups", "two", "control", "types", "labels", "external", "opset-9"];
const PAIR = { input: "x", output: "y", shape: [-1, 2] } as const;

const readOnnx = (name: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(readFileSync(`tests/fixtures/onnx/${name}.onnx`));

/** Graphs in attributes of nodes of graphs. */
function nested(depth: number): Uint8Array<ArrayBuffer> {
  let graph = message(field(2, "innermost"));
  for (let level = 0; level < depth; level++) {
    graph = message(field(1, message(field(5, message(field(6, graph))))));
  }
  return message(field(1, 8), field(7, graph));
}

/** A model that is sound but for one more field of its graph. */
function withField(...fields: readonly number[][]): Uint8Array<ArrayBuffer> {
  // Fields of the same message that come twice are joined only by readers that merge them, so the graph is written anew.
  const whole = plusOneOnnxFile([PAIR]);
  return message([...whole], field(7, message(...fields)));
}

/** A graph of ten megabytes, of nothing but fields without content. @param key of the field. */
function emptyFields(key: number): Uint8Array<ArrayBuffer> {
  const graph = Uint8Array.from({ length: 10_000_000 }, (_, index) => (index % 2 === 0 ? key : 0));
  // Its length as a number in groups of seven bits.
  const head = [8, 8, 0x3a, 0x80, 0xad, 0xe2, 0x04];
  const file = new Uint8Array(head.length + graph.length);
  file.set(head);
  file.set(graph, head.length);
  return file;
}

/** A tensor whose weights are elsewhere. */
const external = (...entries: readonly (readonly [string, string])[]): number[] =>
  field(5, message(field(14, 1), ...entries.map(([key, value]) => field(13, message(field(1, key), field(2, value))))));

/** Faults that occur, and malicious files. */
const KNOWN: readonly OnnxCase[] = [
  { name: "an empty file", make: () => new Uint8Array(0) },
  { name: "two bytes", make: () => readOnnx("mlp").slice(0, 2) },
  { name: "half a file", make: () => readOnnx("mlp").slice(0, 500) },
  { name: "a page", make: () => new TextEncoder().encode("<!doctype html><p>not found") },
  { name: "a version alone", make: () => message(field(1, 8)) },
  { name: "a graph of nothing", make: () => message(field(1, 8), field(7, message())) },
  { name: "a length beyond 2^63", make: () => Uint8Array.of(8, 8, 0x3a, ...Array<number>(9).fill(0xff), 1) },
  { name: "a length that never ends", make: () => Uint8Array.of(8, 8, 0x3a, ...Array<number>(100).fill(0xff)) },
  { name: "a gigabyte that is not there", make: () => Uint8Array.of(8, 8, 0x3a, 0x80, 0x80, 0x80, 0x80, 4) },
  { name: "groups, which nobody writes", make: () => Uint8Array.of(8, 8, 0x3b, 0x3c) },
  { name: "200 branches in each other", make: () => nested(200) },
  { name: "weights in the folder above", make: () => withField(external(["location", "../secrets"])) },
  { name: "weights at an address", make: () => withField(external(["location", "https://elsewhere.example/w"])) },
  { name: "weights of a negative length", make: () => withField(external(["location", "w"], ["length", "-1"])) },
  { name: "weights of 2^60 bytes", make: () => withField(external(["location", "w"], ["length", String(2 ** 60)])) },
  { name: "a size of 2^40", make: () => plusOneOnnxFile([{ ...PAIR, shape: [2 ** 40, 2] }]) },
  { name: "an operation that nobody has", make: () => plusOneOnnxFile([PAIR], "Abracadabra") },
];

/** Those that take seconds to read, or would. */
export const LARGE_ONNX_CASES: readonly OnnxCase[] = [
  { name: "five million empty nodes", make: () => emptyFields(0x0a) },
  { name: "five million empty inputs", make: () => emptyFields(0x5a) },
];

/** A file that is damaged at random. @param seed whole, ≥ 0; it says which file, and how. */
export function randomOnnxCase(seed: number): OnnxCase {
  const name = SEEDS[seed % SEEDS.length]!;
  return { name: `${name}, damage ${seed}`, make: () => damageBytes(readOnnx(name), seededRandom(seed)) };
}

/** @param randomCount how many files are damaged at random. */
export function onnxCases(randomCount: number): OnnxCase[] {
  return [...KNOWN, ...Array.from({ length: randomCount }, (_, seed) => randomOnnxCase(seed))];
}
