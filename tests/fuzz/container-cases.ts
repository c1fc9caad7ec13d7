import { readFileSync } from "node:fs";
import { seededRandom } from "../../src/core/random.js";
import { echoNet } from "../fixtures/echo-net.js";
import { makeZip } from "../fixtures/make-zip.js";
import { modelFiles } from "../fixtures/model-files.js";
import { damageBytes } from "./damage-bytes.js";

/** A damaged file that is opened as a whole model. */
export interface ContainerCase {
  readonly name: string;
  /** The file's name, by which it is recognised. */
  readonly fileName: string;
  readonly make: () => Uint8Array<ArrayBuffer>;
}

const FOLDER = "tests/fixtures/keras-files";
const SEEDS = [
  "keras2.h5",
  "keras3-legacy.h5",
  "odd.h5",
  "cyclic.h5",
  "keras3.keras",
  "keras2-zip.keras",
  "lookup.keras",
];
const RANDOM_CASES_PER_SEED = 28;

const text = (words: string): Uint8Array => new TextEncoder().encode(words);
const read = (name: string): Uint8Array<ArrayBuffer> => new Uint8Array(readFileSync(`${FOLDER}/${name}`));

/** The parts of a `.keras` file, for damage that its checksums don't show: h5py wrote its HDF5 without any. */
function kerasParts(
  h5: Uint8Array,
  config = '{"class_name": "Sequential", "config": {"layers": []}}',
): Record<string, Uint8Array> {
  return { "config.json": text(config), "metadata.json": text("{}"), "model.weights.h5": h5 };
}

function tfjsZip(): Uint8Array<ArrayBuffer> {
  const files = modelFiles(echoNet([-1, 1, 1, 3], "float32", [1, 2]));
  return makeZip(Object.fromEntries(files.map(({ name, buffer }) => [name, new Uint8Array(buffer)])), {
    deflate: true,
  });
}

const nested = (count: number): string => `{"class_name":"M","config":${"[".repeat(count)}${"]".repeat(count)}}`;

/** Faults that occur, and malicious files. */
const KNOWN: readonly ContainerCase[] = [
  { name: "an empty .keras", fileName: "m.keras", make: () => new Uint8Array(0) },
  { name: "an empty .h5", fileName: "m.h5", make: () => new Uint8Array(0) },
  { name: "the first bytes of HDF5 alone", fileName: "m.h5", make: () => read("keras2.h5").slice(0, 8) },
  { name: "the first bytes of a zip alone", fileName: "m.zip", make: () => tfjsZip().slice(0, 4) },
  { name: "groups that contain themselves", fileName: "m.keras", make: () => makeZip(kerasParts(read("cyclic.h5"))) },
  { name: "groups 200 deep", fileName: "m.keras", make: () => makeZip(kerasParts(read("deep.h5"))) },
  { name: "a weight of 2^40 values", fileName: "m.h5", make: () => read("absurd.h5") },
  {
    name: "a config nested 100,000 deep",
    fileName: "m.keras",
    make: () => makeZip(kerasParts(read("deep.h5"), nested(100_000))),
  },
  { name: "a config that is no JSON", fileName: "m.keras", make: () => makeZip(kerasParts(read("keras2.h5"), "{")) },
  { name: "weights that are a page", fileName: "m.keras", make: () => makeZip(kerasParts(text("<!doctype html>"))) },
  {
    name: "a zip bomb",
    fileName: "m.zip",
    make: () => makeZip({ "model.json": new Uint8Array(2 ** 25) }, { deflate: true }),
  },
  {
    name: "a zip bomb that hides its size",
    fileName: "m.zip",
    make: () => makeZip({ "model.json": new Uint8Array(2 ** 25) }, { deflate: true, claim: { byteLength: 50 } }),
  },
  {
    name: "a zip bomb of overlapping files",
    fileName: "m.keras",
    make: () => makeZip({ "model.weights.h5": new Uint8Array(2 ** 17) }, { deflate: true, copies: 10_000 }),
  },
  {
    name: "a zip of 60,000 files",
    fileName: "m.zip",
    make: () => makeZip({ "model.json": text("{}") }, { copies: 60_000 }),
  },
  {
    name: "a zip of sizes of 4 GB",
    fileName: "m.zip",
    make: () => makeZip({ "model.json": text("{}") }, { claim: { byteLength: 0xff_ff_ff_fe } }),
  },
  {
    name: "a zip of a name of 60,000 letters",
    fileName: "m.zip",
    make: () => makeZip({ ["n".repeat(60_000)]: text("{}") }),
  },
  { name: "a zip of itself", fileName: "m.zip", make: () => makeZip({ "m.zip": makeZip({ "m.zip": tfjsZip() }) }) },
];

/** All cases, the same ones every time: the known faults, and random ones on every kind of file. */
export function containerCases(randomCasesPerSeed = RANDOM_CASES_PER_SEED): ContainerCase[] {
  const cases: ContainerCase[] = [...KNOWN];
  for (const [index, seed] of SEEDS.entries()) {
    const bytes = read(seed);
    for (let number = 0; number < randomCasesPerSeed; number++) {
      const random = (): (() => number) => seededRandom(77 + index * 100_003 + number * 7919);
      // Half of the cases damage the HDF5 file in a zip that is sound itself.
      const isInside = seed.endsWith(".h5") && number % 2 === 1;
      cases.push({
        name: `${seed}${isInside ? " in a zip" : ""}: random ${number}`,
        fileName: isInside ? "m.keras" : seed,
        make: () => (isInside ? makeZip(kerasParts(damageBytes(bytes, random()))) : damageBytes(bytes, random())),
      });
    }
  }
  for (let number = 0; number < randomCasesPerSeed; number++) {
    const random = (): (() => number) => seededRandom(5 + number * 104_729);
    cases.push({ name: `zip: random ${number}`, fileName: "m.zip", make: () => damageBytes(tfjsZip(), random()) });
  }
  return cases;
}
