import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BLEED_RADIUS, bleedColours, copyWindow, hasTransparency, toRgba } from "../../../workers/picture/pixels.js";

/** A picture of RGBA pixels, with a window inside. */
const windows = fc
  .record({ width: fc.integer({ min: 1, max: 12 }), height: fc.integer({ min: 1, max: 12 }) })
  .chain(({ width, height }) =>
    fc.record({
      width: fc.constant(width),
      height: fc.constant(height),
      rgba: fc.uint8Array({ minLength: 4 * width * height, maxLength: 4 * width * height }),
      x: fc.nat(width - 1),
      y: fc.nat(height - 1),
      part: fc.tuple(fc.integer({ min: 1, max: width }), fc.integer({ min: 1, max: height })),
      offset: fc.nat(9),
    }),
  )
  .map(({ part, ...rest }) => ({
    ...rest,
    window: {
      x: rest.x,
      y: rest.y,
      width: Math.min(part[0], rest.width - rest.x),
      height: Math.min(part[1], rest.height - rest.y),
    },
  }));

describe("copyWindow, toRgba", () => {
  it("restore the bytes of any window after a round trip through 0…1", () => {
    fc.assert(
      fc.property(windows, ({ width, rgba, window, offset }) => {
        const size = 3 * window.width * window.height;
        const rgb = new Uint8Array(offset + size + 2).fill(77);
        copyWindow(new Uint8ClampedArray(rgba), width, window, rgb, offset);
        expect([...rgb.subarray(0, offset), ...rgb.subarray(offset + size)].every((byte) => byte === 77)).toBe(true);

        const floats = Float32Array.from(rgb, (byte) => byte / 255);
        const back = toRgba(floats, offset, window.width, { x: 0, y: 0, width: window.width, height: window.height });
        for (let row = 0; row < window.height; row++) {
          for (let column = 0; column < window.width; column++) {
            const from = 4 * ((window.y + row) * width + window.x + column);
            const to = 4 * (row * window.width + column);
            expect([...back.subarray(to, to + 4)]).toEqual([...rgba.subarray(from, from + 3), 255]);
          }
        }
      }),
    );
  });

  it("toRgba converts a rectangle of a larger tile", () => {
    const tile = Float32Array.from({ length: 3 * 4 * 5 }, (_, i) => i / 255);
    const part = toRgba(tile, 0, 4, { x: 1, y: 2, width: 2, height: 2 });
    const at = (x: number, y: number) => [0, 1, 2].map((channel) => 3 * (4 * y + x) + channel);
    expect([...part]).toEqual([...at(1, 2), 255, ...at(2, 2), 255, ...at(1, 3), 255, ...at(2, 3), 255]);
  });

  it("toRgba clamps and rounds to the nearest", () => {
    const values = [
      -1,
      -0.001,
      0.499 / 255,
      0.501 / 255,
      254.4 / 255,
      254.6 / 255,
      1.01,
      2,
      Infinity,
      -Infinity,
      NaN,
      1,
    ];
    const rgba = toRgba(Float32Array.from(values), 0, 4, { x: 0, y: 0, width: 4, height: 1 });
    expect([...rgba].filter((_, i) => i % 4 !== 3)).toEqual([0, 0, 0, 1, 254, 255, 255, 255, 255, 0, 0, 255]);
  });
});

describe("bleedColours", () => {
  const pictures = fc
    .record({ width: fc.integer({ min: 1, max: 9 }), height: fc.integer({ min: 1, max: 9 }) })
    .chain(({ width, height }) =>
      fc.record({
        width: fc.constant(width),
        height: fc.constant(height),
        colours: fc.uint8Array({ minLength: 4 * width * height, maxLength: 4 * width * height }),
        alphas: fc.array(fc.constantFrom(0, 0, 0, 1, 128, 255), {
          minLength: width * height,
          maxLength: width * height,
        }),
      }),
    )
    .map(({ colours, alphas, ...size }) => {
      // A canvas holds fully transparent pixels as black.
      const rgba = Uint8ClampedArray.from(colours, (value, i) =>
        i % 4 === 3 ? alphas[i >> 2]! : alphas[i >> 2] === 0 ? 0 : value,
      );
      return { ...size, rgba };
    });

  it("gives fully transparent pixels the mean of their neighbours, two deep, and leaves all other pixels unchanged", () => {
    fc.assert(
      fc.property(pictures, ({ width, height, rgba }) => {
        const bled = rgba.slice();
        bleedColours(bled, width, height);
        expect(bled).toEqual(oracle(rgba, width, height));
      }),
      { numRuns: 300 },
    );
  });

  it("reaches exactly BLEED_RADIUS pixels, and spreads semi-transparent colours, too", () => {
    const width = 3 + 2 * BLEED_RADIUS;
    const rgba = new Uint8ClampedArray(4 * width);
    rgba.set([200, 100, 50, 1], 0);
    bleedColours(rgba, width, 1);
    const red = [...rgba].filter((_, i) => i % 4 === 0);
    expect(red).toEqual([
      200,
      ...Array<number>(BLEED_RADIUS).fill(200),
      ...Array<number>(width - BLEED_RADIUS - 1).fill(0),
    ]);
    expect([...rgba].filter((_, i) => i % 4 === 3)).toEqual([1, ...Array<number>(width - 1).fill(0)]);
  });

  it("leaves a fully transparent picture unchanged", () => {
    const rgba = new Uint8ClampedArray(64);
    bleedColours(rgba, 4, 4);
    expect(rgba).toEqual(new Uint8ClampedArray(64));
  });
});

it("hasTransparency checks every alpha value and nothing else", () => {
  const opaque = Uint8ClampedArray.from({ length: 40 }, (_, i) => (i % 4 === 3 ? 255 : 0));
  expect(hasTransparency(opaque)).toBe(false);
  expect(hasTransparency(new Uint8ClampedArray(0))).toBe(false);
  for (const i of [3, 19, 39]) {
    const copy = opaque.slice();
    copy[i] = 254;
    expect(hasTransparency(copy)).toBe(true);
  }
});

/** By distance in king's moves: pixels at distance d take the mean of their neighbours at distance d - 1 and less. */
function oracle(rgba: Uint8ClampedArray, width: number, height: number): Uint8ClampedArray {
  const out = rgba.slice();
  const pixels = Array.from({ length: width * height }, (_, i) => ({ x: i % width, y: Math.floor(i / width), i }));
  const seeds = pixels.filter(({ i }) => rgba[4 * i + 3]! > 0);
  const distance = pixels.map(({ x, y }) =>
    Math.min(Infinity, ...seeds.map((seed) => Math.max(Math.abs(seed.x - x), Math.abs(seed.y - y)))),
  );
  for (let depth = 1; depth <= BLEED_RADIUS; depth++) {
    for (const { x, y, i } of pixels.filter((pixel) => distance[pixel.i] === depth)) {
      const near = pixels.filter(
        (other) => Math.max(Math.abs(other.x - x), Math.abs(other.y - y)) === 1 && distance[other.i]! < depth,
      );
      for (const channel of [0, 1, 2]) {
        out[4 * i + channel] = near.reduce((sum, other) => sum + out[4 * other.i + channel]!, 0) / near.length;
      }
    }
  }
  return out;
}
