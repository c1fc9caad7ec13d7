import { findBoxes } from "./find-boxes.js";
import { findPoints } from "./find-points.js";
import { everyValue, isNumeric, sizeOf, squeezed, type ItemOutput, type NumberOutput } from "./item-output.js";

/** The ways to show an output. */
export type ViewKind = "classes" | "picture" | "mask" | "boxes" | "points" | "table";

export const VIEW_TITLES: Readonly<Record<ViewKind, string>> = {
  classes: "Classes",
  picture: "Picture",
  mask: "Areas",
  boxes: "Boxes",
  points: "Points",
  table: "Numbers",
};

/** Smaller grids are no pictures. */
const LEAST_SIDE = 8;
/** Longer and thinner grids are no pictures. */
const MOST_RATIO = 8;
const MOST_SIDE = 16_384;
/** A float16 model's probabilities add up to 1 within about this. */
const SUM_TOLERANCE = 5e-3;
const MOST_CLASSES = 100_000;

/**
 * The views that fit an output of an item, the likeliest first. `table` always fits. What decides: names where they say it, shapes, and the
 * values where shapes leave it open.
 *
 * @param outputs all outputs of the item: boxes come with scores beside them.
 * @param labelCount number of the model's labels, if there are any.
 */
export function viewsOf(output: ItemOutput, outputs: readonly ItemOutput[], labelCount?: number): ViewKind[] {
  if (!isNumeric(output)) return ["table"];
  const isScores = looksLikeScores(output, labelCount);
  const views: readonly (readonly [kind: ViewKind, fits: boolean])[] = [
    ["boxes", findBoxes(outputs)?.boxes === output],
    ["points", findPoints(output) !== undefined],
    ["mask", looksLikeMask(output)],
    ["classes", isScores],
    ["picture", pictureSizeOf(output.shape) !== undefined],
    ["table", true],
    // Not by itself, but on request.
    ["classes", !isScores && canBeScores(output)],
  ];
  return views.flatMap(([kind, fits]) => (fits ? [kind] : []));
}

/** Height, width and channels of an output that is shaped like a picture. */
export interface PictureSize {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly isChannelsFirst: boolean;
}

/** [H, W], [H, W, C] or [C, H, W] with sides of at least 8, and C of 1, 3 or 4. */
export function pictureSizeOf(shape: readonly number[]): PictureSize | undefined {
  const [a = 0, b = 0, c = 1] = shape;
  if (shape.length === 2 && areSides(a, b)) return { height: a, width: b, channels: 1, isChannelsFirst: false };
  if (shape.length !== 3) return undefined;
  if (isChannelCount(c) && areSides(a, b)) return { height: a, width: b, channels: c, isChannelsFirst: false };
  if (isChannelCount(a) && areSides(b, c)) return { height: b, width: c, channels: a, isChannelsFirst: true };
  return undefined;
}

/** [H, W, C] with a score for each of C classes, or [H, W] with a class's number at each place. */
function looksLikeMask({ shape, dtype, data }: NumberOutput): boolean {
  const [height = 0, width = 0, classes = 1] = shape;
  if (!areSides(height, width)) return false;
  if (shape.length === 3) return classes === 2 || (classes > 4 && classes <= 256);
  return shape.length === 2 && dtype === "int32" && everyValue(data, (value) => value >= 0 && value < 1000);
}

/** One row of numbers that has a label for each, or that are probabilities: 0…1 that add up to 1. */
function looksLikeScores(output: NumberOutput, labelCount: number | undefined): boolean {
  if (!canBeScores(output)) return false;
  const { data, dtype } = output;
  if (labelCount === data.length) return true;
  if (dtype !== "float32" || !everyValue(data, (value) => value >= 0 && value <= 1)) return false;
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += data[i]!;
  return Math.abs(sum - 1) <= SUM_TOLERANCE;
}

function canBeScores({ shape, dtype }: NumberOutput): boolean {
  const size = sizeOf(shape);
  return dtype !== "bool" && squeezed(shape).length === 1 && size >= 2 && size <= MOST_CLASSES;
}

function areSides(height: number, width: number): boolean {
  const [least, most] = [Math.min(height, width), Math.max(height, width)];
  return least >= LEAST_SIDE && most <= MOST_SIDE && most / least <= MOST_RATIO;
}

function isChannelCount(count: number): boolean {
  return count === 1 || count === 3 || count === 4;
}
