import { everyValue, sizeOf, squeezed, type NumberOutput } from "./item-output.js";

/** A set of points: face, hand or pose. */
export interface PointSet {
  readonly count: number;
  /** Numbers per point: 2 (x, y) or more (depth or score). */
  readonly stride: number;
  /** The likelier order of the first two. */
  readonly order: PointOrder;
}

export const POINT_ORDERS = { xy: "x, y", yx: "y, x" } as const;
export type PointOrder = keyof typeof POINT_ORDERS;

const POINT_NAMES = /mesh|landmark|key_?point|joint|pose|contour|iris/i;
const MOST_POINTS = 5_000;
/** The 17 points of a body in the order of COCO; the models that give them put y before x, and a score behind. */
const BODY_POINTS = 17;

/**
 * Points in an output: [n, 2] or [n, 3] (or with axes of 1 before), or a single row of x, y(, z) if its name speaks of points.
 * @returns `undefined` if the output has none.
 */
export function findPoints({ name, shape, dtype, data }: NumberOutput): PointSet | undefined {
  if (dtype !== "float32" && dtype !== "int32") return undefined;
  const isNamed = POINT_NAMES.test(name);
  const [count, stride, ...more] = squeezed(shape);
  if (more.length > 0 || count === undefined) return undefined;
  if (stride !== undefined) {
    const isSet = (stride === 2 || stride === 3 || (isNamed && stride <= 5)) && count >= 3 && count <= MOST_POINTS;
    // Probabilities of two or three classes for each of n places.
    if (!isSet || (!isNamed && areDistributions(data, stride))) return undefined;
    const hasScores = stride === 3 && everyValue(data, (value) => value >= 0 && value <= 1);
    return { count, stride, order: count === BODY_POINTS && hasScores ? "yx" : "xy" };
  }
  if (!isNamed || sizeOf(shape) < 6) return undefined;
  // 468 points of x, y, z; 71 of x, y.
  const flat = [3, 2].find((size) => count % size === 0);
  return flat === undefined ? undefined : { count: count / flat, stride: flat, order: "xy" };
}

function areDistributions(data: ArrayLike<number>, stride: number): boolean {
  for (let row = 0; row + stride <= data.length; row += stride) {
    let sum = 0;
    for (let i = 0; i < stride; i++) sum += data[row + i]!;
    if (Math.abs(sum - 1) > 0.01) return false;
  }
  return true;
}
