import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fitPicture } from "../../../workers/picture/fit.js";

const side = fc.integer({ min: 1, max: 6000 });
const target = fc.integer({ min: 1, max: 512 });

describe("fitPicture", () => {
  it("stretches to the whole canvas", () => {
    expect(fitPicture({ width: 17, height: 400 }, 30, 20, "stretch")).toEqual({ x: 0, y: 0, width: 30, height: 20 });
  });

  it.each([
    // Landscape, portrait, square, smaller than the canvas, an odd remainder, the same size.
    [640, 480, 224, 224, { x: -37, y: 0, width: 299, height: 224 }],
    [480, 640, 224, 224, { x: 0, y: -37, width: 224, height: 299 }],
    [300, 300, 224, 224, { x: 0, y: 0, width: 224, height: 224 }],
    [10, 5, 20, 20, { x: -10, y: 0, width: 40, height: 20 }],
    [5, 4, 4, 4, { x: 0, y: 0, width: 5, height: 4 }],
    [224, 224, 224, 224, { x: 0, y: 0, width: 224, height: 224 }],
  ])("covers: %i × %i in %i × %i", (width, height, toWidth, toHeight, expected) => {
    expect(fitPicture({ width, height }, toWidth, toHeight, "cover")).toEqual(expected);
  });

  it.each([
    [640, 480, 224, 224, { x: 0, y: 28, width: 224, height: 168 }],
    [480, 640, 224, 224, { x: 28, y: 0, width: 168, height: 224 }],
    [1000, 1, 10, 10, { x: 0, y: 4, width: 10, height: 1 }],
    [3, 3, 8, 5, { x: 1, y: 0, width: 5, height: 5 }],
  ])("contains: %i × %i in %i × %i", (width, height, toWidth, toHeight, expected) => {
    expect(fitPicture({ width, height }, toWidth, toHeight, "contain")).toEqual(expected);
  });

  it("covers every pixel or stays inside, and keeps proportions and the centre to within a pixel", () => {
    fc.assert(
      fc.property(side, side, target, target, (pictureWidth, pictureHeight, width, height) => {
        const picture = { width: pictureWidth, height: pictureHeight };
        const cover = fitPicture(picture, width, height, "cover");
        expect(cover.x <= 0 && cover.y <= 0).toBe(true);
        expect(cover.x + cover.width).toBeGreaterThanOrEqual(width);
        expect(cover.y + cover.height).toBeGreaterThanOrEqual(height);
        const contain = fitPicture(picture, width, height, "contain");
        expect(contain.x >= 0 && contain.y >= 0 && contain.width >= 1 && contain.height >= 1).toBe(true);
        expect(contain.x + contain.width).toBeLessThanOrEqual(width);
        expect(contain.y + contain.height).toBeLessThanOrEqual(height);
        for (const drawn of [cover, contain]) {
          const scale = drawn === cover ? Math.max : Math.min;
          const exact = scale(width / pictureWidth, height / pictureHeight);
          expect(Math.abs(drawn.width - pictureWidth * exact)).toBeLessThanOrEqual(1);
          expect(Math.abs(drawn.height - pictureHeight * exact)).toBeLessThanOrEqual(1);
          expect(Math.abs(drawn.x + drawn.width / 2 - width / 2)).toBeLessThanOrEqual(0.5);
          expect(Math.abs(drawn.y + drawn.height / 2 - height / 2)).toBeLessThanOrEqual(0.5);
        }
      }),
    );
  });
});
