import { nestedLists, PROTO_KEY, raw, WEIGHT_FILE, type Json } from "./model-json.js";
import { groupOf, list, onAny, topology, weighed, type KnownDamage } from "./tree-parts.js";

const paths = (what: string, ...names: string[]): KnownDamage =>
  onAny(`weight path: ${what}`, (tree) => void (groupOf(tree).paths = names));
const firstShape = (what: string, ...shape: (number | string)[]): KnownDamage =>
  onAny(`weight shape: ${what}`, (tree) => void (weighed(tree).shape = shape));
const quantized = (what: string, quantization: Json): KnownDamage =>
  onAny(`quantisation: ${what}`, (tree) => void (weighed(tree).quantization = quantization));

/** Damage to the file as a whole, whatever it contains. */
export const FORMAT_DAMAGE: readonly KnownDamage[] = [
  ...["format", "modelTopology", "weightsManifest", "signature"].map((key) =>
    onAny(`without ${key}`, (tree) => void delete tree[key]),
  ),
  ...[null, [], "text", 7, {}].flatMap((value) =>
    ["modelTopology", "weightsManifest", "signature", "userDefinedMetadata", "modelInitializer"].map((key) =>
      onAny(`${key} = ${JSON.stringify(value)}`, (tree) => void (tree[key] = value)),
    ),
  ),
  onAny("topology nested 100,000 deep", (tree) => void (topology(tree).deep = nestedLists(100_000))),
  onAny("metadata nested 100,000 deep", (tree) => void (tree.userDefinedMetadata = { deep: nestedLists(100_000) })),
  onAny("signature nested 100,000 deep", (tree) => void (tree.signature = { inputs: { x: nestedLists(100_000) } })),
  onAny("keys of the prototype", (tree) => {
    tree[PROTO_KEY] = { modelTopology: {} };
    topology(tree)[PROTO_KEY] = { node: [] };
    topology(tree).constructor = { prototype: {} } as unknown as Json as never;
  }),
  onAny("numbers beyond all bounds", (tree) => void (topology(tree).versions = { producer: raw("1e999") })),
];

/** Damage to the weights and their descriptions. */
export const WEIGHT_DAMAGE: readonly KnownDamage[] = [
  paths("upwards", `../${WEIGHT_FILE}`),
  paths("far upwards", "../../../../etc/passwd"),
  paths("data: URL", "data:application/octet-stream;base64,AAAA"),
  paths("another host", "http://127.0.0.1:9/weights.bin"),
  paths("script", "javascript:alert(1)"),
  paths("file", "file:///etc/passwd"),
  paths("missing", "missing.bin"),
  paths("model.json itself", "model.json"),
  paths("twice", WEIGHT_FILE, WEIGHT_FILE),
  paths("20,000 times", ...Array.from({ length: 20_000 }, () => WEIGHT_FILE)),
  paths("none"),
  paths("empty", ""),
  paths("NUL", "a\u0000b"),
  paths("no URL", "http://[/"),
  onAny("weight paths that are not a list", (tree) => void (groupOf(tree).paths = WEIGHT_FILE)),
  onAny("weight paths of numbers", (tree) => void (groupOf(tree).paths = [1])),
  onAny(
    "two groups of the same weights",
    (tree) => void list(tree.weightsManifest).push(structuredClone(groupOf(tree))),
  ),
  onAny("a weight twice", (tree) => void list(groupOf(tree).weights).push(structuredClone(weighed(tree)))),
  onAny("one weight too few", (tree) => void list(groupOf(tree).weights).shift()),
  onAny("a weight named __proto__", (tree) => void (weighed(tree).name = "__proto__")),
  onAny("a weight named constructor", (tree) => void (weighed(tree).name = "constructor")),
  onAny("a weight with a long name", (tree) => void (weighed(tree).name = "w".repeat(1_000_000))),
  onAny("two weights of one long name", (tree) => {
    weighed(tree).name = "w".repeat(1_000_000);
    list(groupOf(tree).weights).push(structuredClone(weighed(tree)));
  }),
  onAny("a weight of a long name and no shape", (tree) => {
    weighed(tree).name = "w".repeat(1_000_000);
    weighed(tree).shape = "w".repeat(1_000_000);
  }),
  onAny("weights in reverse", (tree) => void list(groupOf(tree).weights).reverse()),
  firstShape("scalar"),
  firstShape("negative", -1, 4),
  firstShape("fractional", 1.5),
  firstShape("text", "3"),
  firstShape("empty", 0),
  firstShape("a gigabyte", 2 ** 28),
  firstShape("past 2^53", 2 ** 31, 2 ** 31),
  firstShape("past all numbers", ...Array.from({ length: 60 }, () => 2 ** 30)),
  firstShape("past all numbers, then nothing", ...Array.from({ length: 60 }, () => 2 ** 30), 0),
  firstShape("of 100,000 axes", ...Array.from({ length: 100_000 }, () => 1)),
  ...["float64", "string", "complex64", "bool", "int32", "", "toString"].map((dtype) =>
    onAny(`weight of dtype ${dtype}`, (tree) => void (weighed(tree).dtype = dtype)),
  ),
  quantized("null", null),
  quantized("empty", {}),
  quantized("unknown", { dtype: "int4", scale: 1, min: 0 }),
  quantized("without scale", { dtype: "uint8", min: 0 }),
  quantized("infinite scale", { dtype: "uint8", scale: raw("1e999"), min: 0 }),
  quantized("text", { dtype: "uint8", scale: "1", min: "0" }),
  quantized("huge", { dtype: "uint16", scale: 1e308, min: -1e308 }),
  quantized("float16", { dtype: "float16" }),
];
