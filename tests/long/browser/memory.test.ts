// Real workers that run out of memory in every way, in load and in mid-job: an error or the right result, never another number.
import { afterEach, beforeEach, expect, it } from "vitest";
import { openHarness, type OpenPage } from "../../harness/launch.js";
import type { NetSpec } from "../../harness/worker-memory.js";

/** The longest that one of these may take, ms. They move gigabytes. */
const TIMEOUT_MS = 480_000;
const tile: NetSpec["shape"] = [1, 64, 64, 4];

/** What 4 GB of WASM memory can't hold, or only just. */
const nets: Readonly<Record<string, NetSpec>> = {
  "two wide convolutions": {
    shape: [1, 2690, 2690, 4],
    steps: [
      ["conv", 3, 4, 64],
      ["conv", 3, 64, 64],
    ],
  },
  "a wide convolution": { shape: [1, 2000, 2000, 4], steps: [["conv", 3, 4, 256]] },
  "single pixels to many channels": { shape: [1, 2048, 2048, 4], steps: [["conv", 1, 4, 256]] },
  "a convolution of large windows": { shape: [1, 4700, 4700, 1], steps: [["conv", 7, 1, 1]] },
  "a convolution of larger windows": { shape: [1, 3000, 3000, 1], steps: [["conv", 11, 1, 1]] },
  "a convolution of whole tiles": { shape: [1, 1200, 1200, 1], steps: [["conv", 31, 1, 1]] },
  "a convolution after a resize": {
    shape: tile,
    steps: [
      ["resize", 9_000],
      ["conv", 3, 4, 4],
    ],
  },
  "a resize beyond addresses": { shape: tile, steps: [["resize", 17_000]] },
  "a resize to the brim": { shape: tile, steps: [["resize", 16_380]] },
  "a resize with a large table": { shape: tile, steps: [["resize", 12_500]] },
  "a resize and its negative": { shape: tile, steps: [["resize", 9_500], ["negate"]] },
  "a resize and three negatives": { shape: tile, steps: [["resize", 8_000], ["negate"], ["negate"], ["negate"]] },
  "a resize and a pooling": {
    shape: tile,
    steps: [
      ["resize", 9_000],
      ["maxPool", 3],
    ],
  },
  "a resize and an average": {
    shape: tile,
    steps: [
      ["resize", 9_000],
      ["avgPool", 3],
    ],
  },
  "a resize and a softmax": {
    shape: tile,
    steps: [
      ["resize", 10_500],
      ["softmax", 4],
    ],
  },
  concatenations: { shape: [1, 4096, 4096, 4], steps: [["concat"], ["concat"], ["concat"], ["concat"]] },
  tiles: { shape: [1, 4096, 4096, 4], steps: [["tile", 16]] },
  "many tiles": { shape: [1, 1024, 1024, 4], steps: [["tile", 300]] },
  "weights of two products": {
    shape: [1, 16_384],
    steps: [
      ["product", 16_384],
      ["product", 16_384],
    ],
  },
  "weights of four products": {
    shape: [1, 16_384],
    steps: [
      ["product", 16_384],
      ["product", 16_384],
      ["product", 16_384],
      ["product", 16_384],
    ],
  },
};

let opened: OpenPage;
beforeEach(async () => {
  opened = await openHarness();
});
afterEach(async () => {
  await opened.close();
});

it.each(Object.entries(nets))("%s", { timeout: TIMEOUT_MS }, async (title, net) => {
  const [attempt] = await opened.page.evaluate((net) => harness.tryInMemory("tfjs/wasm", [net]), net);
  console.log(
    `${title}: ${attempt?.outcome}, ${attempt?.ended === undefined ? "whole" : "ended"}, ${attempt?.message}`,
  );
  expect(["right", "out-of-memory"]).toContain(attempt?.outcome);
  expect(attempt?.afterwards).toBe("right");
});

it("textures that fill a GPU", { timeout: TIMEOUT_MS }, async () => {
  const net: NetSpec = {
    shape: [1, 2048, 2048, 4],
    steps: [["concat"], ["concat"], ["concat"], ["concat"], ["concat"]],
  };
  const [attempt] = await opened.page.evaluate((net) => harness.tryInMemory("tfjs/webgl", [net]), net);
  expect(["right", "out-of-memory"]).toContain(attempt?.outcome);
  expect(attempt?.afterwards).toBe("right");
});

it.each(["tfjs/wasm", "tfjs/cpu", "tfjs/webgl", "tfjs/webgpu"] as const)(
  "%s holds no more after 10,000 runs than after a quarter of them",
  { timeout: TIMEOUT_MS },
  async (entry) => {
    const [, early, late] = await opened.page.evaluate((entry) => harness.runAgainAndAgain(entry, 10_000), entry);
    expect(late).toEqual(early);
  },
);

it("3000 × 3000 pixels as one item of the bundled model, and 64 × 64 afterwards", { timeout: TIMEOUT_MS }, async () => {
  const result = await opened.page.evaluate(async () => {
    const { createSharder, float32, failureOf } = harness;
    const sharder = await createSharder({ model: "/models/upscale-x2/model.json", workers: [{ backend: "wasm" }] });
    const large = await failureOf(() => sharder.predict(float32([1, 3000, 3000, 3])));
    const small = await sharder.predict(float32([1, 64, 64, 3]));
    await sharder.dispose();
    return { large, shapes: Object.values(small).map((output) => output.shape) };
  });
  expect(result.large?.code).toBe("out-of-memory");
  expect(result.shapes).toEqual([[1, 128, 128, 3]]);
});
