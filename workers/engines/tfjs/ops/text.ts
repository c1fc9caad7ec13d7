import { elementCountOf } from "../../../../src/protocol/tensors.js";
import type { PlainNode, PlainOp } from "./plain-node.js";
import { byteStrings, ints, type PlainTensor } from "./plain-tensor.js";
import { axisOf, broadcastIndices, broadcastShape, stridesOf } from "./strides.js";
import { decodeUtf8, encodeUtf8, splitUtf8 } from "./utf8.js";

/** Source of each op's meaning: TensorFlow's documentation of tf.strings and tf.raw_ops. */

function eachString(change: (text: string, node: PlainNode) => string): PlainOp {
  return (node) => {
    const { shape, data } = node.strings(0);
    return byteStrings(
      shape,
      data.map((text) => change(text, node)),
    );
  };
}

function changeCase(toCase: "toLowerCase" | "toUpperCase"): PlainOp {
  return eachString((text, node) => {
    const encoding = node.text("encoding", "");
    if (encoding === "utf-8") return encodeUtf8(decodeUtf8(text)[toCase]());
    if (encoding !== "") node.refuse(`the encoding "${encoding}"`);
    return text.replace(/[A-Za-z]/g, (letter) => letter[toCase]());
  });
}

const LEADING_SPACE = /^[ \t\n\v\f\r]+/;
const OUTER_SPACE = /^[ \t\n\v\f\r]+|[ \t\n\v\f\r]+$/g;

function stringLength(node: PlainNode): PlainTensor {
  const { shape, data } = node.strings(0);
  const countsCharacters = node.text("unit", "BYTE") === "UTF8_CHAR";
  return ints(
    shape,
    data.map((text) => (countsCharacters ? utf8Length(text) : text.length)),
  );
}

/** TensorFlow counts the bytes that don't continue a character. */
function utf8Length(text: string): number {
  return text.replace(/[\u0080-\u00bf]/g, "").length;
}

/** A part of each string. A negative position counts from the end; a length beyond the end is cut. */
function substr(node: PlainNode): PlainTensor {
  const [source, positions, lengths] = [node.strings(0), node.ints(1), node.ints(2)];
  const shape = broadcastShape(source.shape, positions.shape) ?? node.fail("positions that fit its strings");
  const [fromSource, fromPosition] = [broadcastIndices(source.shape, shape), broadcastIndices(positions.shape, shape)];
  const inCharacters = node.text("unit", "BYTE") === "UTF8_CHAR";
  return byteStrings(
    shape,
    Array.from(fromSource, (index, element) => {
      const text = source.data[index]!;
      const [position, length] = [positions.data[fromPosition[element]!]!, lengths.data[fromPosition[element]!]!];
      const characters = inCharacters ? splitUtf8(text) : undefined;
      const size = characters?.length ?? text.length;
      const start = position < 0 ? position + size : position;
      if (start < 0 || start > size)
        return node.fail(`positions within its strings, received ${position} for ${size} characters`);
      const end = Math.min(size, start + Math.max(0, length));
      return characters === undefined ? text.slice(start, end) : characters.slice(start, end).join("");
    }),
  );
}

function stringJoin(node: PlainNode): PlainTensor {
  const sources = Array.from({ length: node.number("N", node.inputs.length) }, (_, index) => node.strings(index));
  const separator = node.text("separator", "");
  const shape = sources.reduce<readonly number[]>(
    (all, each) => broadcastShape(all, each.shape) ?? node.fail("strings of shapes that fit"),
    [],
  );
  const indices = sources.map((each) => broadcastIndices(each.shape, shape));
  const length = elementCountOf(shape);
  const texts = Array.from({ length }, (_, element) =>
    sources.map(({ data }, each) => data[indices[each]![element]!]!).join(separator),
  );
  return byteStrings(shape, texts);
}

/** Join along axes, the first one of the list varying fastest. */
function reduceJoin(node: PlainNode): PlainTensor {
  const { shape, data } = node.strings(0);
  const rank = shape.length;
  const given = Array.from(node.ints(1).data, (axis) => axisOf(axis, rank)).reverse();
  const separator = node.text("separator", "");
  const strides = stridesOf(shape);
  const kept = shape.map((size, axis) => (given.includes(axis) ? 1 : size));
  const joinedShape = given.map((axis) => shape[axis]!);
  const joinedStrides = stridesOf(joinedShape);
  const keptStrides = stridesOf(kept);
  const count = elementCountOf(joinedShape);
  const texts = Array.from({ length: elementCountOf(kept) }, (_, element) => {
    const start = kept.reduce(
      (sum, size, axis) => sum + (Math.floor(element / keptStrides[axis]!) % size) * strides[axis]!,
      0,
    );
    const parts = Array.from({ length: count }, (__, part) =>
      given.reduce(
        (at, axis, each) => at + (Math.floor(part / joinedStrides[each]!) % joinedShape[each]!) * strides[axis]!,
        start,
      ),
    );
    return parts.map((index) => data[index]!).join(separator);
  });
  return byteStrings(node.flag("keep_dims") ? kept : shape.filter((_, axis) => !given.includes(axis)), texts);
}

/** The strings of each segment, joined in order; a negative segment is left out. */
function segmentJoin(node: PlainNode): PlainTensor {
  const [source, segments, count] = [node.strings(0), node.ints(1), node.scalar(2)];
  const rowShape = source.shape.slice(segments.shape.length);
  const width = elementCountOf(rowShape);
  const parts: string[][] = Array.from({ length: count * width }, () => []);
  for (const [row, segment] of segments.data.entries()) {
    if (segment < 0) continue;
    for (let column = 0; column < width; column++) {
      const list = parts[segment * width + column] ?? node.fail(`segments below ${count}, received ${segment}`);
      list.push(source.data[row * width + column]!);
    }
  }
  const separator = node.text("separator", "");
  return byteStrings(
    [count, ...rowShape],
    parts.map((list) => list.join(separator)),
  );
}

/** Rows of pieces as a sparse tensor: places, pieces, and the shape. */
function asSparse(rows: readonly (readonly string[])[]): PlainTensor[] {
  const places = rows.flatMap((pieces, row) => pieces.flatMap((_, column) => [row, column]));
  const pieces = rows.flat();
  const width = rows.reduce((most, { length }) => Math.max(most, length), 0);
  return [ints([pieces.length, 2], places), byteStrings([pieces.length], pieces), ints([2], [rows.length, width])];
}

/** At every character of the delimiter; without one, into bytes. */
function stringSplit(node: PlainNode): PlainTensor[] {
  const [{ data }, delimiters] = [node.strings(0), new Set(node.strings(1).data[0] ?? "")];
  const skipsEmpty = node.flag("skip_empty", true);
  const rows = data.map((text) => {
    if (delimiters.size === 0) return text.split("");
    const pieces = [""];
    for (const character of text) {
      if (delimiters.has(character)) pieces.push("");
      else pieces.push(pieces.pop()! + character);
    }
    return skipsEmpty ? pieces.filter((piece) => piece !== "") : text === "" ? [] : pieces;
  });
  return asSparse(rows);
}

/** As Python's split: at the separator, or at runs of white space. */
function stringSplitV2(node: PlainNode): PlainTensor[] {
  const [{ data }, separator] = [node.strings(0), node.strings(1).data[0] ?? ""];
  const limit = node.number("maxsplit", -1);
  return asSparse(data.map((text) => (separator === "" ? splitAtSpace(text, limit) : splitAt(text, separator, limit))));
}

function splitAt(text: string, separator: string, limit: number): string[] {
  const pieces = text.split(separator);
  return limit < 0 || pieces.length <= limit + 1
    ? pieces
    : [...pieces.slice(0, limit), pieces.slice(limit).join(separator)];
}

/** When the limit is reached, the rest follows as it is, even if nothing is left. */
function splitAtSpace(text: string, limit: number): string[] {
  const pieces: string[] = [];
  let rest = text.replace(LEADING_SPACE, "");
  while (rest !== "") {
    const [piece = ""] = /^[^ \t\n\v\f\r]+/.exec(rest) ?? [];
    pieces.push(piece);
    rest = rest.slice(piece.length).replace(LEADING_SPACE, "");
    if (pieces.length === limit) return [...pieces, rest];
  }
  return pieces;
}

export const TEXT_OPS: Readonly<Record<string, PlainOp>> = {
  StringLower: changeCase("toLowerCase"),
  StringUpper: changeCase("toUpperCase"),
  StringStrip: eachString((text) => text.replace(OUTER_SPACE, "")),
  StringLength: stringLength,
  Substr: substr,
  StringJoin: stringJoin,
  ReduceJoin: reduceJoin,
  UnsortedSegmentJoin: segmentJoin,
  StringSplit: stringSplit,
  StringSplitV2: stringSplitV2,
};
