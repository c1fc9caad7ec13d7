// Memory that real workers run out of, or must not lose. More of the same: tests/long/browser/memory.test.ts
import { afterAll, beforeAll, expect, it } from "vitest";
import { openHarness, type OpenPage } from "../harness/launch.js";
import type { NetSpec } from "../harness/worker-memory.js";

let opened: OpenPage;
beforeAll(async () => {
  opened = await openHarness();
});
afterAll(async () => {
  await opened.close();
});

/** Larger than 32-bit addresses, than a texture, and than a buffer may be. */
const vast: NetSpec = { shape: [1, 64, 64, 4], steps: [["resize", 17_000]] };
/** It fits into the heap, but what XNNPACK needs for it does not. */
const almost: NetSpec = { shape: [1, 64, 64, 4], steps: [["resize", 11_000]] };

it.each([
  ["tfjs/wasm", vast, "whole"],
  ["tfjs/wasm", almost, "ended"],
  ["tfjs/webgl", vast, "whole"],
  ["tfjs/webgpu", vast, "ended"],
] as const)("%s answers out-of-memory: %o", async (entry, net, state) => {
  const [attempt] = await opened.page.evaluate(([entry, net]) => harness.tryInMemory(entry, [net]), [
    entry,
    net,
  ] as const);
  expect(attempt).toMatchObject({ outcome: "out-of-memory", afterwards: "right" });
  expect(attempt!.ended === undefined ? "whole" : "ended").toBe(state);
});

it.each(["tfjs/wasm", "tfjs/cpu", "tfjs/webgl", "tfjs/webgpu"] as const)(
  "%s holds no more after many runs than after a few",
  async (entry) => {
    const [, early, late] = await opened.page.evaluate((entry) => harness.runAgainAndAgain(entry, 200), entry);
    expect(early?.tensorCount).toBeGreaterThan(0);
    expect(early?.heapBytes === undefined).toBe(entry === "tfjs/cpu");
    expect(late).toEqual(early);
  },
);
