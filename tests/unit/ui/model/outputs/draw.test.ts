import { expect, it } from "vitest";
import { areaPixels, areasOf, classColour } from "../../../../../src/ui/model/outputs/draw-mask.js";
import { picturePixels, rangeOfPicture } from "../../../../../src/ui/model/outputs/draw-picture.js";
import { pictureSizeOf } from "../../../../../src/ui/model/outputs/guess-view.js";
import type { NumberOutput } from "../../../../../src/ui/model/outputs/item-output.js";

const output = (shape: number[], data: Float32Array): NumberOutput => ({ name: "y", dtype: "float32", shape, data });
const filled = (length: number, fill: (index: number) => number) => Float32Array.from({ length }, (_, i) => fill(i));

it.each([
  [
    [0, 1],
    [0, 1],
  ],
  [
    [-0.02, 0.99, 1.04],
    [0, 1],
  ],
  [
    [-0.9, 0.95],
    [-1, 1],
  ],
  [
    [0, 254.7, 12],
    [0, 255],
  ],
  [
    [3, 9],
    [3, 9],
  ],
  [
    [-40, 1000],
    [-40, 1000],
  ],
  [
    [5, 5],
    [5, 6],
  ],
  [
    [NaN, 0.1, 0.9],
    [0, 1],
  ],
  [[], [0, 1]],
])("values %j are shown from black at %j to white", (values, [low, high]) => {
  expect(rangeOfPicture({ data: values })).toEqual({ low, high });
});

it("draws grey, colour with and without transparency, and channels first", () => {
  const range = { low: 0, high: 1 };
  const pixelOf = (shape: number[], data: Float32Array, x: number) => [
    ...picturePixels(output(shape, data), pictureSizeOf(shape)!, range).bytes.subarray(4 * x, 4 * x + 4),
  ];
  expect(
    pixelOf(
      [8, 8],
      filled(64, (i) => i / 63),
      63,
    ),
  ).toEqual([255, 255, 255, 255]);
  expect(
    pixelOf(
      [8, 8, 3],
      filled(192, (i) => [0.2, 0.4, 0.6][i % 3]!),
      5,
    ),
  ).toEqual([51, 102, 153, 255]);
  expect(
    pixelOf(
      [8, 8, 4],
      filled(256, (i) => [0.2, 0.4, 0.6, 0.8][i % 4]!),
      5,
    ),
  ).toEqual([51, 102, 153, 204]);
  expect(
    pixelOf(
      [3, 8, 8],
      filled(192, (i) => [0.2, 0.4, 0.6][Math.floor(i / 64)]!),
      5,
    ),
  ).toEqual([51, 102, 153, 255]);
  expect(
    pixelOf(
      [8, 8],
      filled(64, () => NaN),
      0,
    )[3],
  ).toBe(0);
});

it("draws every n-th pixel of a large picture, and every n-th place of a large mask", () => {
  const shape = [3000, 2000];
  const large = output(
    shape,
    filled(6_000_000, (i) => Math.floor(i / 2000) / 3000),
  );
  const { width, height, bytes } = picturePixels(large, pictureSizeOf(shape)!, { low: 0, high: 1 });
  expect([width, height]).toEqual([667, 1000]);
  expect(bytes[4 * 667 * 500]).toBe(Math.round(255 * (1500 / 3000)));
  const areas = areasOf(
    output(
      shape,
      filled(6_000_000, (i) => (i % 2000 < 1000 ? 4 : 7)),
    ),
  );
  expect(areas.parts.map(({ index }) => index).toSorted((a, b) => a - b)).toEqual([4, 7]);
  expect(areas.parts[0]!.fraction).toBeCloseTo(0.5, 2);
});

it("finds the best class at each place, and colours it", () => {
  // Two rows of two places with scores for three classes.
  const areas = areasOf(output([2, 2, 3], Float32Array.of(9, 1, 1, 1, 9, 1, 1, 1, 9, 1, 1, 9)));
  expect([...areas.classes]).toEqual([0, 1, 2, 2]);
  expect(areas.parts).toEqual([
    { index: 2, fraction: 0.5 },
    { index: 0, fraction: 0.25 },
    { index: 1, fraction: 0.25 },
  ]);
  const pixels = areaPixels(areas, (index) => (index === 0 ? 0 : 150));
  expect([...pixels.subarray(4, 8)]).toEqual([...classColour(1), 150]);
  expect(pixels[3]).toBe(0);
  const colours = new Set(Array.from({ length: 30 }, (_, index) => classColour(index).join()));
  expect(colours.size).toBe(30);
});
