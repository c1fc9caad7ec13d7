import fc from "fast-check";
import { expect, it } from "vitest";
import { wantedView } from "../../../../src/ui/picture/sharp-layer.js";
import { FIT, move, zoomAt, type Viewport } from "../../../../src/ui/picture/viewport.js";

const unit = fc.double({ min: 0, max: 1, noNaN: true });
const views: fc.Arbitrary<Viewport> = fc
  .tuple(fc.double({ min: 1, max: 40, noNaN: true }), unit, unit)
  .map(([zoom, x, y]) => ({ zoom, x: x * (1 - 1 / zoom), y: y * (1 - 1 / zoom) }));

it("keeps what lies under the pointer, unless the picture's edge would leave the frame", () => {
  fc.assert(
    fc.property(views, fc.double({ min: 1, max: 40, noNaN: true }), unit, unit, (view, zoom, x, y) => {
      const next = zoomAt(view, zoom, { x, y }, 40);
      for (const [axis, at] of [
        ["x", x],
        ["y", y],
      ] as const) {
        const before = view[axis] + at / view.zoom;
        const after = next[axis] + at / next.zoom;
        const isAtEdge = next[axis] <= 1e-9 || next[axis] >= 1 - 1 / next.zoom - 1e-9;
        if (!isAtEdge) expect(after).toBeCloseTo(before, 9);
      }
    }),
  );
});

it("never shows what lies beyond the picture", () => {
  fc.assert(
    fc.property(
      views,
      fc.double({ min: 0.01, max: 100, noNaN: true }),
      fc.double({ min: -3, max: 3, noNaN: true }),
      (view, zoom, by) => {
        for (const next of [zoomAt(view, zoom, { x: 0, y: 1 }, 40), move(view, by, -by)]) {
          expect(next.zoom).toBeGreaterThanOrEqual(1);
          expect(next.zoom).toBeLessThanOrEqual(40);
          for (const start of [next.x, next.y]) {
            expect(start).toBeGreaterThanOrEqual(0);
            expect(start + 1 / next.zoom).toBeLessThanOrEqual(1 + 1e-12);
          }
        }
      },
    ),
  );
});

it("moves with the pointer", () => {
  const view = zoomAt(FIT, 4, { x: 0.5, y: 0.5 }, 16);
  expect(view).toEqual({ zoom: 4, x: 0.375, y: 0.375 });
  expect(move(view, 0.5, -0.5)).toEqual({ zoom: 4, x: 0.25, y: 0.5 });
  expect(move(FIT, 0.5, 0.5)).toEqual(FIT);
});

const large = { width: 8000, height: 4000, scale: 2, previewWidth: 2000 };

it("asks for nothing where the preview shows as much", () => {
  expect(wantedView("result", large, FIT, 0.1, 1)).toBeUndefined();
  expect(wantedView("original", large, FIT, 0.1, 1)).toBeUndefined();
  const small = { width: 960, height: 640, scale: 2, previewWidth: 960 };
  expect(wantedView("result", small, { zoom: 8, x: 0.1, y: 0.2 }, 8, 1)).toBeUndefined();
});

it("asks for what is visible, at the screen's resolution", () => {
  const view = { zoom: 8, x: 0.5, y: 0.25 };
  const part = { x: 4000, y: 1000, width: 1000, height: 500 };
  expect(wantedView("result", large, view, 0.8, 1)).toEqual({ layer: "result", part, width: 800, height: 400 });
  // No screen shows more pixels than there are.
  expect(wantedView("result", large, view, 0.8, 2)).toEqual({ layer: "result", part, width: 1000, height: 500 });
  expect(wantedView("original", large, view, 0.8, 2)).toEqual({ layer: "original", part, width: 1600, height: 800 });
});

it("asks for the pixels themselves close up, and for whole ones of the original", () => {
  const view = { zoom: 32, x: 0.500_1, y: 0.25 };
  const part = { x: 4000, y: 1000, width: 252, height: 126 };
  const wanted = wantedView("original", large, view, 4, 1);
  expect(wanted).toEqual({ layer: "original", part: { ...part, height: 126 }, width: 126, height: 63 });
  expect(wantedView("result", large, view, 4, 1)).toMatchObject({ width: 252, height: 126 });
});
