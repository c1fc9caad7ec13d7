// The line that stands for a network: what it adds is what it was asked for.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startLine, type Line, type LineTraits } from "./line.js";

const free: LineTraits = { latencyMs: 0, bytesPerSecond: Infinity };
let server: Server;
let line: Line;

beforeAll(async () => {
  // It sends back as many bytes as it gets.
  server = createServer((request, response) => void request.pipe(response));
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  line = await startLine((server.address() as AddressInfo).port, free);
});

afterAll(async () => {
  await line.close();
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
});

/** Send bytes there and back. @returns milliseconds, and what came back */
async function echo(byteCount: number): Promise<{ elapsedMs: number; bytes: Uint8Array }> {
  const startMs = performance.now();
  const response = await fetch(line.url, { method: "POST", body: new Uint8Array(byteCount).fill(7) });
  const bytes = new Uint8Array(await response.arrayBuffer());
  return { elapsedMs: performance.now() - startMs, bytes };
}

/** The quickest of some: a busy machine only adds. */
async function quickest(times: number, byteCount: number): Promise<number> {
  let best = Infinity;
  for (let index = 0; index < times; index++) best = Math.min(best, (await echo(byteCount)).elapsedMs);
  return best;
}

it("adds its latency to a round trip, once", async () => {
  line.set(free);
  const without = await quickest(5, 10);
  line.set({ ...free, latencyMs: 100 });
  const added = (await quickest(5, 10)) - without;
  expect(added).toBeGreaterThan(95);
  expect(added).toBeLessThan(190);
});

it("carries as many bytes a second as it may, each way, over all connections together", async () => {
  line.set({ latencyMs: 0, bytesPerSecond: 1e6 });
  const startMs = performance.now();
  await Promise.all([echo(100_000), echo(100_000)]);
  // Both are on the way there for 0.2 s, and the echo of what is there is on its way back meanwhile.
  const elapsedMs = performance.now() - startMs;
  expect(elapsedMs).toBeGreaterThan(195);
  expect(elapsedMs).toBeLessThan(1_500);
});

it("carries a wide line's bytes at its rate, however long it is", async () => {
  line.set({ latencyMs: 200, bytesPerSecond: 2e7 });
  const elapsedMs = await quickest(3, 4_000_000);
  expect(elapsedMs).toBeGreaterThan(395);
  expect(elapsedMs).toBeLessThan(2_500);
});

it("counts what it carries, and can be cut and garbled", async () => {
  line.set(free);
  const before = { ...line.byteCounts };
  expect((await echo(50_000)).bytes.every((byte) => byte === 7)).toBe(true);
  expect(line.byteCounts.up - before.up).toBeGreaterThan(50_000);
  expect(line.byteCounts.down - before.down).toBeGreaterThan(50_000);

  line.set({ ...free, latencyMs: 400 });
  const lost = echo(10);
  setTimeout(() => line.cut(), 100);
  await expect(lost).rejects.toThrow("fetch failed");

  line.set(free);
  line.garble("bytes");
  expect((await echo(10)).bytes).toEqual(new Uint8Array(10).fill(7 ^ 0x5a));
  line.garble(undefined);
  expect((await echo(10)).bytes.length).toBe(10);
});
