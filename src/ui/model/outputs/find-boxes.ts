import { everyValue, isNumeric, sizeOf, squeezed, type ItemOutput, type NumberOutput } from "./item-output.js";

/** Outputs of a detector that belong together. */
export interface Detections {
  /** [n, 4], or [1, n, 4]. */
  readonly boxes: NumberOutput;
  readonly boxCount: number;
  /** A score for each box, 0…1; `undefined` if there are none. */
  readonly scores: ((box: number) => number) | undefined;
  /** The number of the class of each box; `undefined` if there is none. */
  readonly classes: ((box: number) => number) | undefined;
}

/** Larger sets are the anchors of a detector, of which few mean something. */
const MOST_BOXES = 2_000;
const MOST_CLASSES = 1_000;

/**
 * Find boxes with their scores and classes among a detector's outputs: by names where those say it (`detection_boxes`), else by shapes and
 * values: n boxes of 4 numbers, beside which lie n scores from 0 to 1, and n whole numbers or n rows of a score for each class.
 *
 * Raw boxes relative to anchors, which have no such companions, are not found: without the anchors they are in no place.
 */
export function findBoxes(outputs: readonly ItemOutput[]): Detections | undefined {
  const numeric = outputs.filter(isNumeric);
  const candidates = numeric.filter((output) => isBoxes(output));
  const all = candidates.flatMap((boxes) => complete(boxes, numeric) ?? []);
  return all.find(({ boxes }) => /detection|nms/i.test(boxes.name)) ?? all[0];
}

function isBoxes({ shape, dtype, name }: NumberOutput): boolean {
  if (dtype === "bool" || shape.at(-1) !== 4 || /raw|anchor/i.test(name)) return false;
  const [count, size, ...more] = squeezed(shape);
  // A single box has lost its axis.
  if (size === undefined) return count === 4 && shape.length >= 2;
  return size === 4 && more.length === 0 && count! <= MOST_BOXES;
}

function complete(boxes: NumberOutput, outputs: readonly NumberOutput[]): Detections | undefined {
  const boxCount = sizeOf(boxes.shape) / 4;
  const others = outputs.filter((output) => output !== boxes);
  const rows = others.filter((output) => output.data.length === boxCount && boxCount > 0);
  const scores =
    rows.find(({ name, data }) => /score|conf|prob/i.test(name) && everyValue(data, isUnit)) ??
    rows.find(({ data, name }) => everyValue(data, isUnit) && !/class|label|cat/i.test(name) && isFalling(data));
  const classes =
    rows.find((output) => output !== scores && /class|label|cat/i.test(output.name)) ??
    rows.find((output) => output !== scores && everyValue(output.data, isClass));
  const perClass = others.find(
    ({ shape, data }) =>
      shape.length >= 2 &&
      data.length > boxCount &&
      shape.at(-2) === boxCount &&
      shape.at(-1)! <= MOST_CLASSES &&
      everyValue(data, isUnit),
  );
  if (scores === undefined && perClass === undefined && !/box/i.test(boxes.name)) return undefined;
  const best = perClass && ((box: number) => bestOf(perClass.data, box, perClass.shape.at(-1)!));
  return {
    boxes,
    boxCount: Math.min(boxCount, statedCount(others, boxCount)),
    scores: scores === undefined ? best && ((box) => best(box).score) : (box) => scores.data[box]!,
    classes: classes === undefined ? best && ((box) => best(box).index) : (box) => classes.data[box]!,
  };
}

/** Detectors fill up to a fixed number of boxes, and some state how many of them count. */
function statedCount(outputs: readonly NumberOutput[], boxCount: number): number {
  const stated = outputs.find(({ name, shape }) => sizeOf(shape) === 1 && /num|count|valid/i.test(name))?.data[0];
  return stated !== undefined && Number.isInteger(stated) && stated >= 0 ? stated : boxCount;
}

function bestOf(data: ArrayLike<number>, row: number, width: number): { index: number; score: number } {
  let index = 0;
  for (let i = 1; i < width; i++) if (data[row * width + i]! > data[row * width + index]!) index = i;
  return { index, score: data[row * width + index]! };
}

function isUnit(value: number): boolean {
  return value >= 0 && value <= 1;
}

function isClass(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < MOST_CLASSES;
}

/** Non-maximum suppression gives the best first. */
function isFalling(data: ArrayLike<number>): boolean {
  for (let i = 1; i < data.length; i++) if (data[i]! > data[i - 1]!) return false;
  return true;
}

/** What the four numbers of a box are. */
export const BOX_ORDERS = {
  yxyx: "top, left, bottom, right",
  xyxy: "left, top, right, bottom",
  xywh: "left, top, width, height",
  centre: "middle x, y, width, height",
} as const;
export type BoxOrder = keyof typeof BOX_ORDERS;

/** A box as fractions of the picture. */
export interface PlacedBox {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/**
 * Place a box. Numbers beyond 2 are taken for pixels.
 * @param inputSize of the pictures that the model takes, pixels.
 */
export function placeBox(
  values: readonly number[],
  order: BoxOrder,
  isPixels: boolean,
  inputSize: { readonly width: number; readonly height: number },
): PlacedBox {
  const [a = 0, b = 0, c = 0, d = 0] = values;
  const corners = {
    yxyx: [b, a, d, c],
    xyxy: [a, b, c, d],
    xywh: [a, b, a + c, b + d],
    centre: [a - c / 2, b - d / 2, a + c / 2, b + d / 2],
  }[order] as [number, number, number, number];
  const [x, y] = isPixels ? [inputSize.width, inputSize.height] : [1, 1];
  return { left: corners[0] / x, top: corners[1] / y, right: corners[2] / x, bottom: corners[3] / y };
}

/** Whether coordinates are pixels rather than fractions. A little beyond the picture is still a fraction. */
export function arePixels(data: ArrayLike<number>): boolean {
  return !everyValue(data, (value) => !(value > 2));
}
