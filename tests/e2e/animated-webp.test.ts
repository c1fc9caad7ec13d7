// The script that makes the README's animation, with the browser as the oracle of its format.
import { afterAll, beforeAll, expect, it } from "vitest";
import { animatedWebp } from "../../scripts/animated-webp.mjs";
import { openHarness, type OpenPage } from "../harness/launch.js";

let app: OpenPage;
beforeAll(async () => {
  app = await openHarness();
});
afterAll(() => app.close());

it("joins pictures, with and without transparency, into an animation that a browser shows frame by frame", async () => {
  const { page } = app;
  const stills = await page.evaluate(async () => {
    const encode = async (colour: string, quality: number): Promise<number[]> => {
      const canvas = new OffscreenCanvas(33, 20);
      const context = canvas.getContext("2d")!;
      context.fillStyle = colour;
      context.fillRect(0, 0, 33, 20);
      return [...new Uint8Array(await (await canvas.convertToBlob({ type: "image/webp", quality })).arrayBuffer())];
    };
    return [await encode("#f00", 0.9), await encode("#0f0", 1), await encode("#00f8", 0.9)];
  });
  const file = animatedWebp(
    stills.map((bytes, index) => ({ webp: Uint8Array.from(bytes), durationMs: 100 * (index + 1) })),
  );
  const frames = await page.evaluate(
    async (bytes) => {
      const decoder = new ImageDecoder({ data: Uint8Array.from(bytes), type: "image/webp" });
      await decoder.tracks.ready;
      const found = [];
      for (let index = 0; index < decoder.tracks.selectedTrack!.frameCount; index++) {
        const { image } = await decoder.decode({ frameIndex: index });
        const canvas = new OffscreenCanvas(image.displayWidth, image.displayHeight);
        const context = canvas.getContext("2d")!;
        context.drawImage(image, 0, 0);
        const rgba = [...context.getImageData(5, 5, 1, 1).data];
        found.push({ size: [canvas.width, canvas.height], ms: (image.duration ?? 0) / 1e3, rgba });
      }
      return found;
    },
    [...file],
  );
  expect(frames.map(({ size, ms }) => [...size, ms])).toEqual([
    [33, 20, 100],
    [33, 20, 200],
    [33, 20, 300],
  ]);
  const strongest = frames.map(({ rgba }) => rgba.slice(0, 3).indexOf(Math.max(...rgba.slice(0, 3))));
  expect(strongest).toEqual([0, 1, 2]);
  expect(Math.abs(frames[2]!.rgba[3]! - 0x88)).toBeLessThan(3);
});

it("refuses frames of different sizes and files of another kind", () => {
  expect(() => animatedWebp([])).toThrow("at least one frame");
  expect(() => animatedWebp([{ webp: Buffer.from("\x89PNG and more than twelve"), durationMs: 1 }])).toThrow("WebP");
});
