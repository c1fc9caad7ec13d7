// The element and the frame under all headers and policies that a page of another origin may have.
import type { Page } from "playwright";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openEmbedders, type Embedders } from "../../harness/embedders.js";
import { openHarness, type OpenPage } from "../../harness/launch.js";

let servers: Embedders;
let app: OpenPage;
let page: Page;
beforeAll(async () => {
  servers = await openEmbedders();
  app = await openHarness({ url: `${servers.plain}element.html?autorun=false&cdn=${servers.cdn}` });
  ({ page } = app);
});
afterAll(async () => {
  await app.close();
  await servers.close();
});

/** Open the page with an element from the CDN. */
const openElement = (host: string, query: Record<string, string>, cdn = servers.cdn) =>
  page.goto(`${host}element.html?${new URLSearchParams({ cdn, ...query }).toString()}`);

/** How the job has ended. */
async function outcome(): Promise<string> {
  const ended = await page.waitForFunction(() => emitted.find(({ type }) => type === "done" || type === "error"));
  const end = await ended.jsonValue();
  return end?.type === "error"
    ? page.evaluate(() => emitted.flatMap((each) => (each.type === "error" ? each.detail.error.message : [])).join())
    : "done";
}

describe("an element from another origin", () => {
  it("completes the default job on an isolated page, with shared memory, on every backend", async () => {
    await openElement(servers.isolated, { workers: "wasm,webgl,cpu" }, servers.isolatedCdn);
    expect(await outcome()).toBe("done");
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
    const devices = page.locator(".side .device");
    expect((await devices.allInnerTexts()).join()).toMatch(/wasm.*webgl.*cpu/is);
  });

  it("runs a model by layers, with the workers that plan stages and keep journals", async () => {
    const model = `${servers.cdn}models/upscale-x2/model.json`;
    await openElement(servers.plain, { workers: "wasm,wasm", job: "model", split: "layers", model });
    await page.waitForFunction(() => document.querySelector("inference-sharder")?.status.state === "ready");
    await page.evaluate(() => {
      const element = document.querySelector("inference-sharder")!;
      element.shadowRoot!.querySelector<HTMLInputElement>("input[type=radio][value=random]")!.click();
      element.shadowRoot!.querySelector<HTMLInputElement>("#model-items")!.value = "4";
      element.run();
    });
    expect(await outcome()).toBe("done");
    const stages = await page.evaluate(() =>
      emitted.flatMap((each) => (each.type === "attempt" ? (each.detail.stage ?? []) : [])),
    );
    expect(new Set(stages)).toEqual(new Set([0, 1]));
  });

  it("loads a model again for another split or other workers, and leaves the pictures alone", async () => {
    await openElement(servers.plain, { workers: "wasm,wasm" });
    expect(await outcome()).toBe("done");
    const seen = await page.evaluate(async (model) => {
      const element = document.querySelector("inference-sharder")!;
      const until = async (test: () => boolean) => {
        while (!test()) await new Promise((resolve) => setTimeout(resolve, 20));
      };
      const reload = async (change: () => void) => {
        change();
        // Attributes take effect in a microtask, so that not even a fast machine has loaded it by then.
        await Promise.resolve();
        await until(() => element.status.state === "loading");
        await until(() => element.status.state === "ready");
        const { workerCount } = element.status;
        return { workerCount, split: element.shadowRoot!.querySelector<HTMLSelectElement>("#model-split")!.value };
      };
      element.job = "model";
      const first = await reload(() => (element.model = model));
      element.job = "picture";
      const picture = element.status.state;
      element.job = "model";
      const split = await reload(() => (element.split = "batch"));
      const workers = await reload(() => (element.workers = "wasm"));
      return { first, picture, split, workers };
    }, `${servers.cdn}models/upscale-x2/model.json`);
    expect(seen).toEqual({
      first: { workerCount: 2, split: "auto" },
      picture: "done",
      split: { workerCount: 2, split: "batch" },
      workers: { workerCount: 1, split: "batch" },
    });
  });

  it("opens a Keras file, with the worker that reads it", async () => {
    await openElement(servers.plain, { workers: "wasm", job: "model", model: "keras/keras3.keras" });
    await page.waitForFunction(() => document.querySelector("inference-sharder")?.status?.state === "ready");
    // The other tab has its own model.
    await page.evaluate(() => {
      const element = document.querySelector("inference-sharder")!;
      element.src = "small.png";
      element.job = "picture";
    });
    expect(await outcome()).toBe("done");
  });

  it("says what to do where the policy allows neither its origin nor blob: workers", async () => {
    await openElement(servers.strict, { workers: "wasm" });
    expect(await outcome()).toMatch(/worker-src|setWorkerUrl/);
  });

  it("takes its workers from the page's own origin if they are copied there", async () => {
    await openElement(servers.strict, { workers: "wasm,wasm", "worker-url": "/vendor/", src: "small.png" });
    expect(await outcome()).toBe("done");
    expect(page.workers().map((worker) => new URL(worker.url()).origin)).toContain(new URL(servers.strict).origin);
  });
});

it("runs several elements on one page, each with its own workers", async () => {
  await openElement(servers.plain, { workers: "wasm", src: "small.png" });
  expect(await outcome()).toBe("done");
  const states = await page.evaluate(async () => {
    const second = document.createElement("inference-sharder");
    second.workers = "wasm";
    second.src = "small.png";
    const done = new Promise((resolve) => second.addEventListener("done", resolve));
    document.body.append(second);
    await done;
    second.remove();
    return document.querySelector("inference-sharder")!.status;
  });
  expect(states).toMatchObject({ state: "done", workerCount: 1 });
});

it("gives a pasted picture to one element only: that with the focus, else the first", async () => {
  await openElement(servers.plain, { autorun: "false", src: "small.png" });
  const seen = await page.evaluate(async () => {
    const second = document.createElement("inference-sharder");
    second.autorun = false;
    document.body.append(second);
    const elements = [...document.querySelectorAll("inference-sharder")];
    const picture = new File([await (await fetch("small.png")).blob()], "small.png", { type: "image/png" });
    const paste = async (target: Element) => {
      const clipboardData = new DataTransfer();
      clipboardData.items.add(picture);
      target.dispatchEvent(
        new ClipboardEvent("paste", { clipboardData, bubbles: true, composed: true, cancelable: true }),
      );
      await Promise.resolve();
      return elements.map(({ status }) => status.state);
    };
    const first = await paste(document.body);
    return [first, await paste(second.shadowRoot!.querySelector("#file")!)];
  });
  expect(seen).toEqual([
    ["loading", "waiting"],
    ["loading", "loading"],
  ]);
});

it("runs a host's own sharder, and doesn't end it", async () => {
  await openElement(servers.plain, { autorun: "false", src: "small.png" });
  const seen = await page.evaluate(async (cdn) => {
    const library = await loadLibrary();
    const own = await library.createSharder({
      model: `${cdn}models/upscale-x2/model.json`,
      workers: [{ backend: "wasm" }],
    });
    const element = document.querySelector("inference-sharder")!;
    const done = new Promise((resolve) => element.addEventListener("done", resolve));
    element.sharder = own;
    element.run();
    await done;
    element.remove();
    await new Promise((resolve) => setTimeout(resolve, 50));
    const picture = await (await fetch("small.png")).blob();
    const { width } = await library.upscalePicture(own, picture);
    await own.dispose();
    return { width, workers: emitted.filter(({ type }) => type === "attempt").length };
  }, servers.cdn);
  expect(seen.width).toBe(192);
  expect(seen.workers).toBeGreaterThan(0);
});

describe("a frame of another origin", () => {
  it.each([true, false])("completes the default job, isolated: %s", async (isIsolated) => {
    const [host, server] = isIsolated ? [servers.isolated, servers.isolatedCdn] : [servers.plain, servers.cdn];
    const frame = `${server}?embed=1&workers=wasm,wasm&origin=${new URL(host).origin}`;
    await page.goto(`${host}frame.html?frame=${encodeURIComponent(frame)}`);
    await page.waitForFunction(() => received.some(({ data }) => data.type === "done"));
    // A frame of another origin is isolated only where its page allows it to be.
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(isIsolated);
  });

  it("is paused, resumed and cancelled by its page", async () => {
    await page.waitForFunction(() => received.some(({ data }) => data.type === "done"));
    await page.evaluate(() => replyTo({ command: "run" }));
    await page.waitForFunction(() => {
      const latest = received.at(-1)?.data;
      return latest?.type === "status" && latest.status.state === "running";
    });
    expect(await page.evaluate(() => replyTo({ command: "pause" }))).toMatchObject({ status: { state: "paused" } });
    expect(await page.evaluate(() => replyTo({ command: "resume" }))).toMatchObject({ status: { state: "running" } });
    await page.evaluate(() => replyTo({ command: "cancel" }));
    await expect
      .poll(() => page.evaluate(() => replyTo({ command: "status" })))
      .toMatchObject({ status: { state: "cancelled" } });
  });
});
