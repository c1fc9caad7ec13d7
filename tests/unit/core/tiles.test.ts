import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chooseTileSize, planTiles, type Rectangle } from "../../../src/core/tiles.js";
import { caught } from "../../fixtures/caught.js";

/** Arguments that `planTiles` accepts: the tile leaves a core within the halo. */
const grids = fc
  .record({
    width: fc.integer({ min: 1, max: 400 }),
    height: fc.integer({ min: 1, max: 400 }),
    halo: fc.integer({ min: 0, max: 20 }),
  })
  .chain((grid) =>
    fc.record({ ...mapConstants(grid), tileSize: fc.integer({ min: 2 * grid.halo + 1, max: 2 * grid.halo + 200 }) }),
  )
  // A core of one pixel is legal, but 160,000 tiles show no more than 2,500.
  .map((grid) =>
    grid.tileSize - 2 * grid.halo < 8
      ? { ...grid, width: Math.ceil(grid.width / 8), height: Math.ceil(grid.height / 8) }
      : grid,
  );

function mapConstants<T extends object>(record: T): { [K in keyof T]: fc.Arbitrary<T[K]> } {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, fc.constant(value)])) as never;
}

describe("planTiles", () => {
  it("cores cover every pixel once; windows are alike, inside the picture and leave the halo", () => {
    fc.assert(
      fc.property(grids, ({ width, height, tileSize, halo }) => {
        const grid = planTiles(width, height, tileSize, halo);
        const covered = new Uint8Array(width * height);
        for (const row of grid.rows) {
          for (const { window, core } of row) {
            expect([window.width, window.height]).toEqual([grid.tileWidth, grid.tileHeight]);
            expect([window.y, core.y, core.height]).toEqual([row[0]!.window.y, row[0]!.core.y, row[0]!.core.height]);
            expect(isInside(window, { x: 0, y: 0, width, height })).toBe(true);
            expect(isInside(core, window)).toBe(true);
            expect(leavesHalo(core.x, core.width, window.x, window.width, width, halo)).toBe(true);
            expect(leavesHalo(core.y, core.height, window.y, window.height, height, halo)).toBe(true);
            for (let y = core.y; y < core.y + core.height; y++) {
              covered.fill(covered[y * width + core.x]! + 1, y * width + core.x, y * width + core.x + core.width);
            }
          }
        }
        expect(covered.every((times) => times === 1)).toBe(true);
        expect(Math.max(grid.tileWidth, grid.tileHeight)).toBeLessThanOrEqual(tileSize);
      }),
      { numRuns: 300 },
    );
  });

  it("computes no more than the halos twice, and fewer than one pixel per tile on top, along each axis", () => {
    fc.assert(
      fc.property(grids, ({ width, height, tileSize, halo }) => {
        const { rows, tileWidth, tileHeight } = planTiles(width, height, tileSize, halo);
        for (const [length, count, size] of [
          [width, rows[0]!.length, tileWidth],
          [height, rows.length, tileHeight],
        ] as const) {
          // There are no more windows than needed, and they are no larger than needed to cover the length.
          const least = length <= tileSize ? 1 : Math.ceil((length - 2 * halo) / (tileSize - 2 * halo));
          expect(count).toBeLessThanOrEqual(least);
          expect(count * size - length).toBeLessThan(2 * halo * (count - 1) + count);
        }
      }),
    );
  });

  it("tiled convolution equals convolution of the whole, in one and in two dimensions", () => {
    fc.assert(
      fc.property(
        fc.record({
          width: fc.integer({ min: 1, max: 60 }),
          height: fc.integer({ min: 1, max: 40 }),
          halo: fc.integer({ min: 0, max: 4 }),
          core: fc.integer({ min: 1, max: 30 }),
          seed: fc.integer({ min: 1, max: 1e6 }),
        }),
        ({ width, height, halo, core, seed }) => {
          const picture = Float64Array.from({ length: width * height }, (_, i) => ((i * 7919 + seed) % 251) - 125);
          const whole = boxSum(picture, width, height, halo);
          const stitched = new Float64Array(width * height).fill(NaN);
          for (const tile of planTiles(width, height, core + 2 * halo, halo).rows.flat()) {
            const { window } = tile;
            const seen = boxSum(cut(picture, width, window), window.width, window.height, halo);
            for (let y = tile.core.y; y < tile.core.y + tile.core.height; y++) {
              for (let x = tile.core.x; x < tile.core.x + tile.core.width; x++) {
                stitched[y * width + x] = seen[(y - window.y) * window.width + x - window.x]!;
              }
            }
          }
          expect(stitched).toEqual(whole);
        },
      ),
      { numRuns: 200, examples: [[{ width: 60, height: 1, halo: 3, core: 5, seed: 1 }]] },
    );
  });

  it("a picture within the tile size is one tile", () => {
    const { rows } = planTiles(160, 7, 160, 12);
    const whole = { x: 0, y: 0, width: 160, height: 7 };
    expect(rows).toEqual([[{ window: whole, core: whole }]]);
  });

  it.each([
    ["width", [0, 1, 10, 1]],
    ["width", [1.5, 1, 10, 1]],
    ["height", [1, -1, 10, 1]],
    ["height", [1, NaN, 10, 1]],
    ["halo", [1, 1, 10, -1]],
    ["halo", [1, 1, 10, 0.5]],
    ["tileSize", [1, 1, 10, 5]],
    ["tileSize", [1, 1, Infinity, 5]],
  ] as const)("refuses a wrong %s: %j", (name, [width, height, tileSize, halo]) => {
    caught("invalid-options", () => planTiles(width, height, tileSize, halo), `"${name}"`, "received");
  });
});

function isInside(inner: Rectangle, outer: Rectangle): boolean {
  return (
    inner.width > 0 &&
    inner.height > 0 &&
    inner.x >= outer.x &&
    inner.y >= outer.y &&
    inner.x + inner.width <= outer.x + outer.width &&
    inner.y + inner.height <= outer.y + outer.height
  );
}

/** Each edge of the core is the halo away from the window's, unless that is the picture's border. */
function leavesHalo(
  core: number,
  coreSize: number,
  start: number,
  size: number,
  length: number,
  halo: number,
): boolean {
  const before = start === 0 || core - start >= halo;
  const after = start + size === length || start + size - (core + coreSize) >= halo;
  return before && after;
}

function cut(picture: Float64Array, width: number, window: Rectangle): Float64Array {
  const part = new Float64Array(window.width * window.height);
  for (let y = 0; y < window.height; y++) {
    const from = (window.y + y) * width + window.x;
    part.set(picture.subarray(from, from + window.width), y * window.width);
  }
  return part;
}

/** Sum of the square of side 2·reach + 1 around each pixel, zeros beyond the edge. */
function boxSum(picture: Float64Array, width: number, height: number, reach: number): Float64Array {
  const sums = new Float64Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let ny = Math.max(0, y - reach); ny <= Math.min(height - 1, y + reach); ny++) {
        for (let nx = Math.max(0, x - reach); nx <= Math.min(width - 1, x + reach); nx++)
          sum += picture[ny * width + nx]!;
      }
      sums[y * width + x] = sum;
    }
  }
  return sums;
}

describe("chooseTileSize", () => {
  it("stays in its bounds, never shrinks as pictures grow, and leaves a small picture enough tiles to share", () => {
    const sizes = [1, 50, 200, 480, 1000, 2000, 6000].map((side) => chooseTileSize(side, side, 10));
    expect(sizes).toEqual(sizes.toSorted((a, b) => a - b));
    expect([sizes[0], sizes.at(-1)]).toEqual([128, 256]);
    expect(planTiles(480, 320, chooseTileSize(480, 320, 10), 10).rows.flat()).toHaveLength(15);
  });

  it("leaves a core where the halo is large", () => {
    const halo = 100;
    expect(() => planTiles(3000, 3000, chooseTileSize(3000, 3000, halo), halo)).not.toThrow();
  });
});
