import type { PlainNode, PlainOp } from "./plain-node.js";
import { byteStrings, ints, type PlainTensor } from "./plain-tensor.js";
import { encodeUtf8 } from "./utf8.js";

/** Base64 with "-" and "_", with or without padding. */
function encodeBase64(node: PlainNode): PlainTensor {
  const { shape, data } = node.strings(0);
  const isPadded = node.flag("pad");
  const encode = (text: string): string => {
    const encoded = btoa(text).replaceAll("+", "-").replaceAll("/", "_");
    return isPadded ? encoded : encoded.replace(/=+$/, "");
  };
  return byteStrings(shape, data.map(encode));
}

function decodeBase64(node: PlainNode): PlainTensor {
  const { shape, data } = node.strings(0);
  const decode = (text: string): string => {
    try {
      return atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    } catch {
      return node.fail(`base64, received "${text.slice(0, 40)}"`);
    }
  };
  return byteStrings(shape, data.map(decode));
}

function requireUtf8(node: PlainNode, ...names: string[]): void {
  for (const name of names) {
    const encoding = node.text(name, "UTF-8");
    if (!/^utf-?8$/i.test(encoding)) node.refuse(`the encoding "${encoding}"`);
  }
}

const CONTROL_LIMIT = 0x20;

/** Whole characters; of what is none, as much as could begin one (Unicode's "maximal subparts", of which each is one error). */
const PIECES = new RegExp(
  [
    ...[
      "[\\x00-\\x7f]",
      "[\\xc2-\\xdf][\\x80-\\xbf]",
      "\\xe0[\\xa0-\\xbf][\\x80-\\xbf]",
      "[\\xe1-\\xec\\xee\\xef][\\x80-\\xbf]{2}",
    ],
    ...["\\xed[\\x80-\\x9f][\\x80-\\xbf]", "\\xf0[\\x90-\\xbf][\\x80-\\xbf]{2}", "[\\xf1-\\xf3][\\x80-\\xbf]{3}"],
    ...[
      "\\xf4[\\x80-\\x8f][\\x80-\\xbf]{2}",
      "\\xe0[\\xa0-\\xbf]",
      "[\\xe1-\\xec\\xee\\xef][\\x80-\\xbf]",
      "\\xed[\\x80-\\x9f]",
    ],
    ...[
      "\\xf0[\\x90-\\xbf][\\x80-\\xbf]?",
      "[\\xf1-\\xf3][\\x80-\\xbf]{1,2}",
      "\\xf4[\\x80-\\x8f][\\x80-\\xbf]?",
      "[^]",
    ],
  ].join("|"),
  "g",
);

interface Character {
  readonly point: number;
  /** Where it begins in the bytes. */
  readonly start: number;
}

/** Code points. What is no valid UTF-8 is replaced, left out or an error, as the model says. */
function codePoints(node: PlainNode, text: string): Character[] {
  const errors = node.text("errors", "replace");
  const replacement = node.number("replacement_char", 0xfffd);
  const points: Character[] = [];
  let end = 0;
  for (const piece of text.match(PIECES) ?? []) {
    const point = codePointOf(piece);
    const start = end;
    end += piece.length;
    if (point === undefined) {
      if (errors === "strict") return node.fail("strings of valid UTF-8");
      if (errors === "replace") points.push({ point: replacement, start });
    } else if (node.flag("replace_control_characters") && (point < CONTROL_LIMIT || point === 0x7f)) {
      points.push({ point: replacement, start });
    } else points.push({ point, start });
  }
  return points;
}

/** The code point of a piece that is a whole character; `undefined` for any other. */
function codePointOf(piece: string): number | undefined {
  const first = piece.charCodeAt(0);
  if (piece.length === 1) return first < 0x80 ? first : undefined;
  if (piece.length < (first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4)) return undefined;
  let point = first & (0xff >> (piece.length + 1));
  for (let index = 1; index < piece.length; index++) point = (point << 6) | (piece.charCodeAt(index) & 0x3f);
  return point;
}

function unicodeDecode(node: PlainNode): PlainTensor[] {
  requireUtf8(node, "input_encoding");
  const rows = node.strings(0).data.map((text) => codePoints(node, text));
  const splits = [0];
  for (const row of rows) splits.push(splits.at(-1)! + row.length);
  const all = rows.flat();
  const points = ints(
    [all.length],
    all.map(({ point }) => point),
  );
  const starts = ints(
    [all.length],
    all.map(({ start }) => start),
  );
  return [ints([splits.length], splits), points, ...(node.op === "UnicodeDecode" ? [] : [starts])];
}

function unicodeEncode(node: PlainNode): PlainTensor {
  requireUtf8(node, "output_encoding");
  const [{ data }, splits] = [node.ints(0), node.ints(1).data];
  const replacement = node.number("replacement_char", 0xfffd);
  const errors = node.text("errors", "replace");
  const encode = (point: number): string => {
    const isValid = point >= 0 && point <= 0x10ffff && !(point >= 0xd800 && point <= 0xdfff);
    if (isValid) return encodeUtf8(String.fromCodePoint(point));
    if (errors === "strict") return node.fail(`Unicode code points, received ${point}`);
    return errors === "ignore" ? "" : encodeUtf8(String.fromCodePoint(replacement));
  };
  const texts = Array.from({ length: splits.length - 1 }, (_, row) =>
    Array.from(data.subarray(splits[row], splits[row + 1]), encode).join(""),
  );
  return byteStrings([texts.length], texts);
}

function unicodeTranscode(node: PlainNode): PlainTensor {
  requireUtf8(node, "input_encoding", "output_encoding");
  const { shape, data } = node.strings(0);
  const write = (text: string): string =>
    codePoints(node, text)
      .map(({ point }) => encodeUtf8(String.fromCodePoint(point)))
      .join("");
  return byteStrings(shape, data.map(write));
}

export const ENCODING_OPS: Readonly<Record<string, PlainOp>> = {
  EncodeBase64: encodeBase64,
  DecodeBase64: decodeBase64,
  UnicodeDecode: unicodeDecode,
  UnicodeDecodeWithOffsets: unicodeDecode,
  UnicodeEncode: unicodeEncode,
  UnicodeTranscode: unicodeTranscode,
};
