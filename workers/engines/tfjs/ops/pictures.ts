import { elementCountOf } from "../../../../src/protocol/tensors.js";
import type { PlainNode, PlainOp } from "./plain-node.js";
import { floats, type PlainTensor } from "./plain-tensor.js";

/** TensorFlow's colours of boxes, by turns, where the model states none. */
const COLOURS = [
  ...[1, 1, 0, 1, 0, 0, 1, 1, 1, 0, 0, 1, 0, 1, 0, 1, 0.5, 0, 0.5, 1],
  ...[0.5, 0.5, 0, 1, 0.5, 0, 0, 1, 0, 0, 0.5, 1, 0, 1, 1, 1, 1, 0, 1, 1],
];

/** Frames of one pixel's width, at corners as parts of the picture's height and width. What lies outside is left out. */
function drawBoundingBoxes(node: PlainNode): PlainTensor {
  const [pictures, boxes] = [node.floats(0), node.floats(1)];
  const [batch = 0, height = 0, width = 0, channels = 0] = pictures.shape;
  const given = node.op.endsWith("V2") ? node.floats(2) : undefined;
  const hasColours = given !== undefined && elementCountOf(given.shape) > 0;
  const [colours, depth] = hasColours ? [given.data, given.shape[1]!] : [COLOURS, 4];
  // In pictures of one channel all of TensorFlow's colours are white.
  const colourOf = (box: number, channel: number): number =>
    !hasColours && channels === 1 ? 1 : colours[(box % (colours.length / depth)) * depth + channel]!;
  const out = pictures.data.slice();
  const count = boxes.shape[1] ?? 0;
  for (let item = 0; item < batch; item++) {
    for (let box = 0; box < count; box++) {
      const corner = (index: number): number => boxes.data[(item * count + box) * 4 + index]!;
      const [top, bottom] = [0, 2].map((index) => Math.trunc(Math.fround(corner(index) * (height - 1)))) as [
        number,
        number,
      ];
      const [left, right] = [1, 3].map((index) => Math.trunc(Math.fround(corner(index) * (width - 1)))) as [
        number,
        number,
      ];
      if (top > bottom || left > right) continue;
      const paint = (row: number, column: number): void => {
        if (row < 0 || row >= height || column < 0 || column >= width) return;
        const at = ((item * height + row) * width + column) * channels;
        for (let channel = 0; channel < channels; channel++) out[at + channel] = colourOf(box, channel);
      };
      for (let column = Math.max(0, left); column <= Math.min(width - 1, right); column++) {
        paint(top, column);
        paint(bottom, column);
      }
      for (let row = Math.max(0, top); row <= Math.min(height - 1, bottom); row++) {
        paint(row, left);
        paint(row, right);
      }
    }
  }
  return floats(pictures.shape, out);
}

export const PICTURE_OPS: Readonly<Record<string, PlainOp>> = {
  DrawBoundingBoxes: drawBoundingBoxes,
  DrawBoundingBoxesV2: drawBoundingBoxes,
};
