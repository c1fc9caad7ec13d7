import type { PlainNode, PlainOp } from "./plain-node.js";
import { byteStrings, ints, type PlainTensor } from "./plain-tensor.js";

/** Runs of neighbouring strings in each row, joined; rows are padded at both ends if the model says so. */
function stringNGrams(node: PlainNode): PlainTensor[] {
  const [{ data }, splits] = [node.strings(0), node.ints(1).data];
  const widths = node.integers("ngram_widths");
  const separator = node.text("separator", "");
  const [left, right] = [node.text("left_pad", ""), node.text("right_pad", "")];
  const padWidth = node.number("pad_width", 0);
  const keepsShort = node.flag("preserve_short_sequences");
  const grams: string[] = [];
  const ends = [0];
  for (let row = 0; row + 1 < splits.length; row++) {
    const tokens = data.slice(splits[row], splits[row + 1]);
    const before = grams.length;
    for (const width of widths) {
      const padding = padWidth < 0 ? width - 1 : Math.min(padWidth, width - 1);
      const padded = [
        ...Array.from({ length: padding }, () => left),
        ...tokens,
        ...Array.from({ length: padding }, () => right),
      ];
      const count = padded.length - width + 1;
      for (let first = 0; first < count; first++) grams.push(padded.slice(first, first + width).join(separator));
    }
    // A row too short for every width is kept whole.
    if (keepsShort && grams.length === before && tokens.length > 0) grams.push(tokens.join(separator));
    ends.push(grams.length);
  }
  return [byteStrings([grams.length], grams), ints([ends.length], ends)];
}

export const NGRAM_OPS: Readonly<Record<string, PlainOp>> = { StringNGrams: stringNGrams };
