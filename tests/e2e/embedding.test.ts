// The element and the frame in pages of another origin. tests/long/browser/embedding.test.ts has the other policies and headers.
import type { Page } from "playwright";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { FrameMessage, HostMessage, InferenceSharderEventMap } from "inference-sharder/element";
import { openHarness, type OpenPage } from "../harness/launch.js";
import { openEmbedders, type Embedders } from "../harness/embedders.js";

declare global {
  /** Of tests/fixtures/embed. */
  var emitted: {
    [K in keyof InferenceSharderEventMap]: { type: K; detail: InferenceSharderEventMap[K]["detail"] };
  }[keyof InferenceSharderEventMap][];
  var received: { data: FrameMessage; origin: string }[];
  var send: (message: object) => void;
  var replyTo: (message: Pick<HostMessage, "command">) => Promise<FrameMessage>;
}

let servers: Embedders;
let app: OpenPage;
let page: Page;
beforeAll(async () => {
  servers = await openEmbedders();
  app = await openHarness({ url: `${servers.plain}element.html?workers=wasm&cdn=${servers.cdn}` });
  ({ page } = app);
});
afterAll(async () => {
  await app.close();
  await servers.close();
});

it("completes the default job as an element from another origin, and emits what happens", async () => {
  await page.waitForFunction(() => emitted.some(({ type }) => type === "done" || type === "error"), undefined, {
    timeout: 60_000,
  });
  const emittedHere = await page.evaluate(() => emitted);
  const done = emittedHere.find(({ type }) => type === "done");
  const attempts = emittedHere.flatMap((each) => (each.type === "attempt" ? each.detail : []));
  const items = attempts
    .filter(({ outcome }) => outcome === "completed")
    .reduce((sum, { itemCount }) => sum + itemCount, 0);
  expect(done?.detail).toMatchObject({ job: "picture", itemCount: items });
  expect(await page.evaluate(() => document.querySelector("inference-sharder")!.status)).toMatchObject({
    job: "picture",
    state: "done",
    fraction: 1,
    workerCount: 1,
  });
  expect(app.errors).toEqual([]);
});

it("ends its workers when it is removed, but not when it is moved", async () => {
  const workers = () => page.workers().length;
  await expect.poll(workers).toBeGreaterThan(0);
  const before = await page.evaluate(() => {
    const element = document.querySelector("inference-sharder")!;
    const section = document.createElement("section");
    document.body.append(section);
    section.append(element);
    return element.status.state;
  });
  expect(before).toBe("done");
  await page.waitForTimeout(50);
  expect(await page.evaluate(() => document.querySelector("inference-sharder")!.status.state)).toBe("done");
  expect(workers()).toBeGreaterThan(0);
  await page.evaluate(() => document.querySelector("inference-sharder")!.remove());
  await expect.poll(workers).toBe(0);
});

it("completes the default job in a frame that its page controls, and ignores pages of other origins", async () => {
  const frame = `${servers.isolatedCdn}?embed=1&autorun=false&workers=wasm&origin=${new URL(servers.isolated).origin}`;
  await page.goto(`${servers.isolated}frame.html?frame=${encodeURIComponent(frame)}`);
  await page.waitForFunction(() => received.some(({ data }) => data.type === "ready"));
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
  expect(await page.evaluate(() => replyTo({ command: "status" }))).toMatchObject({
    type: "reply",
    status: { state: "waiting" },
  });
  expect(await page.evaluate(() => replyTo({ command: "run" }))).toMatchObject({
    type: "reply",
    status: { state: "loading" },
  });
  await page.waitForFunction(() => received.some(({ data }) => data.type === "done"), undefined, { timeout: 60_000 });
  const sent = await page.evaluate(() => received);
  expect(new Set(sent.map(({ origin }) => origin))).toEqual(new Set([new URL(servers.isolatedCdn).origin]));
  expect(sent.flatMap(({ data }) => (data.type === "done" ? data.detail.job : []))).toEqual(["picture"]);

  // The same page at another origin than the one that may.
  await page.goto(`${servers.plain}frame.html?frame=${encodeURIComponent(frame)}`);
  const [, inside] = page.frames();
  await inside!.getByText("Not started").waitFor();
  await page.evaluate(() => send({ command: "run" }));
  await page.waitForTimeout(200);
  expect(await inside!.evaluate(() => document.querySelector("inference-sharder")!.status.state)).toBe("waiting");
  expect(await page.evaluate(() => received)).toEqual([]);
});
