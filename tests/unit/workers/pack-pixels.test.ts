import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { packPixels } from "../../../workers/picture/pack-pixels.js";

const pixels = fc
  .array(fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255)), { minLength: 1, maxLength: 20 })
  .map((colours) => ({ colours, rgba: new Uint8ClampedArray(colours.flatMap((colour) => [...colour, 255])) }));

const plain = { colours: "rgb", layout: "channels-last", standardise: undefined } as const;

describe("packPixels", () => {
  it("orders channels and axes", () => {
    fc.assert(
      fc.property(pixels, ({ colours, rgba }) => {
        const channel = (index: number) => colours.map((colour) => colour[index]!);
        const packed = (plan: object) => [...packPixels(rgba, { ...plain, ...plan })];
        expect(packed({})).toEqual(colours.flat());
        expect(packed({ colours: "bgr" })).toEqual(colours.flatMap((colour) => colour.toReversed()));
        expect(packed({ layout: "channels-first" })).toEqual([0, 1, 2].flatMap(channel));
        expect(packed({ layout: "channels-first", colours: "bgr" })).toEqual([2, 1, 0].flatMap(channel));
      }),
    );
  });

  it("computes grey as BT.601 luma, rounded to the nearest, and leaves greys unchanged", () => {
    for (let value = 0; value < 256; value++) {
      expect([...packPixels(new Uint8ClampedArray([value, value, value, 255]), { ...plain, colours: "grey" })]).toEqual(
        [value],
      );
    }
    fc.assert(
      fc.property(pixels, ({ colours, rgba }) => {
        const grey = packPixels(rgba, { ...plain, colours: "grey" });
        colours.forEach(([red, green, blue], i) => {
          const exact = 0.299 * red + 0.587 * green + 0.114 * blue;
          expect(Math.abs(grey[i]! - exact)).toBeLessThanOrEqual(0.502);
        });
      }),
    );
  });

  it.each(["channels-last", "channels-first"] as const)("standardises each channel on its own, %s", (layout) => {
    const standardise = { scale: 1 / 255, offset: 0.25, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
    fc.assert(
      fc.property(pixels, fc.constantFrom("rgb" as const, "bgr" as const), ({ rgba }, colours) => {
        const bytes = packPixels(rgba, { colours, layout, standardise: undefined });
        const values = packPixels(rgba, { colours, layout, standardise });
        expect(values).toBeInstanceOf(Float32Array);
        bytes.forEach((byte, i) => {
          const channel = layout === "channels-last" ? i % 3 : Math.floor(i / (bytes.length / 3));
          const { scale, offset, mean, std } = standardise;
          expect(values[i]).toBe(Math.fround((byte * scale + offset - mean[channel]!) / std[channel]!));
        });
      }),
    );
  });
});
