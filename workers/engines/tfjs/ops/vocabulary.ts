import { farmFingerprint64 } from "./farm-hash.js";
import { sipHash } from "./keyed-hashes.js";
import { ngramsOf } from "./token-ngrams.js";
import type { PlainNode, PlainOp } from "./plain-node.js";
import { byteStrings, ints, type PlainTensor } from "./plain-tensor.js";

/** What Keras strips from texts. */
const PUNCTUATION = /[!"#$%&()*+,\-./:;<=>?@[\\\]^_`{|}~']/g;
/** What C calls white space. */
const WHITE_SPACE = /[ \t\n\v\f\r]+/;

/** Finds the number of a key, a string of bytes or a whole number. */
type Find = (key: string | number) => number;

const finders = new WeakMap<object, Find>();

/**
 * The look-up that a node's attributes describe: `keys` (strings) or `numbers`, each with its `values`; any other key has the number
 * `unknown`, or with `buckets` > 1 one of as many from `unknown` on, by its hash (with `salt` the strong one; whole numbers by their
 * remainder unless `hashed`); or the number `other`. Without either, other keys fail.
 */
function finderOf(node: PlainNode): Find {
  const known = finders.get(node.attr);
  if (known !== undefined) return known;
  const texts = node.texts("keys");
  const keys: (string | number)[] = texts.length > 0 ? texts : node.integers("numbers");
  const values = node.integers("values");
  const table = new Map(keys.map((key, index) => [key, values[index]!]));
  const buckets = node.number("buckets", 1);
  const first = node.number("unknown", -1);
  const other = node.attr["other"] === undefined ? undefined : node.number("other");
  const salt = node.integers("salt");
  const isHashed = node.flag("hashed");
  const bucketOf = (key: string | number): number => {
    if (typeof key === "number" && !isHashed) return ((key % buckets) + buckets) % buckets;
    const [low, high] = salt;
    const text = String(key);
    const hash =
      low === undefined || high === undefined
        ? farmFingerprint64(text)
        : sipHash(text, BigInt.asUintN(64, BigInt(low)), BigInt.asUintN(64, BigInt(high)));
    return Number(hash % BigInt(buckets));
  };
  const find: Find = (key) => {
    const value = table.get(key);
    if (value !== undefined) return value;
    if (other !== undefined) return other;
    if (first < 0) return node.fail("keys of its vocabulary alone, since it has no number for others");
    return buckets > 1 ? first + bucketOf(key) : first;
  };
  finders.set(node.attr, find);
  return find;
}

/** The number of each string or whole number. */
function vocabularyFind(node: PlainNode): PlainTensor {
  const keys = node.input(0);
  const find = finderOf(node);
  if (keys.dtype === "string") return ints(keys.shape, keys.data.map(find));
  const { shape, data } = node.ints(0);
  return ints(shape, Array.from(data, find));
}

/** The token of each number: of `tokens`, or else `other`. */
function vocabularyAt(node: PlainNode): PlainTensor {
  const tokens = node.texts("tokens");
  const other = node.text("other");
  const { shape, data } = node.ints(0);
  return byteStrings(
    shape,
    Array.from(data, (index) => tokens[index] ?? other),
  );
}

/**
 * Texts `[batch]` or `[batch, n]` as numbers of their tokens, `[batch, length]`, where a row has −1 after its last token. Attributes:
 * `lower` and `strip` say how texts are standardised, `split` how they become tokens ("whitespace", "character" or "" for texts that
 * are tokens), `ngrams` how many tokens join (none: one), `length` how many numbers rows have (−1: as many as the longest), and those of
 * the look-up. Source: Keras' TextVectorization.
 */
function tokenNumbers(node: PlainNode): PlainTensor {
  const { shape, data } = node.strings(0);
  const split = node.text("split");
  const widths = node.integers("ngrams");
  const find = finderOf(node);
  const standard = data.map((text) => standardise(text, node.flag("lower"), node.flag("strip")));
  const perRow = split === "" ? (shape[1] ?? 1) : 1;
  const rows = Array.from({ length: shape[0] ?? 1 }, (_, row) => {
    const texts = standard.slice(row * perRow, (row + 1) * perRow);
    const tokens = split === "" ? texts : tokensOf(texts[0] ?? "", split);
    return (widths.length === 0 ? tokens : ngramsOf(tokens, widths)).map(find);
  });
  const given = node.number("length", -1);
  const length = given >= 0 ? given : Math.max(0, ...rows.map((row) => row.length));
  const numbers = new Int32Array(rows.length * length).fill(-1);
  rows.forEach((row, index) => numbers.set(row.slice(0, length), index * length));
  return ints([rows.length, length], numbers);
}

function standardise(text: string, isLower: boolean, isStripped: boolean): string {
  const lower = isLower ? text.replace(/[A-Z]/g, (letter) => letter.toLowerCase()) : text;
  return isStripped ? lower.replace(PUNCTUATION, "") : lower;
}

function tokensOf(text: string, split: string): string[] {
  if (split === "whitespace") return text.split(WHITE_SPACE).filter((token) => token !== "");
  // A character of UTF-8 is a byte and those that continue it.
  return text.match(/[\0-\x7f]|[\xc0-\xff][\x80-\xbf]*|[\x80-\xbf]/g) ?? [];
}

export const VOCABULARY_OPS: Readonly<Record<string, PlainOp>> = {
  _VocabularyFind: vocabularyFind,
  _VocabularyAt: vocabularyAt,
  _TokenNumbers: tokenNumbers,
};
