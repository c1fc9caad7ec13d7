// The element and the frame in pages of another origin. tests/long/browser/embedding.test.ts has the other policies and headers.
import type { Page } from "playwright";
import { afterAll, beforeAll, expect, it } from "vitest";
import { OPTION_NAMES, PROPERTY_NAMES } from "../../src/ui/element-options.js";
import type { SpeedResult } from "../../src/ui/speed/speed-result.js";
import { speedKey } from "../../src/ui/speed/speed-store.js";
import { openHarness, type OpenPage } from "../harness/launch.js";
import { openEmbedders, type Embedders } from "../harness/embedders.js";

let servers: Embedders;
let app: OpenPage;
let page: Page;
beforeAll(async () => {
  servers = await openEmbedders();
  app = await openHarness({ url: `${servers.plain}element.html?workers=wasm,wasm&cdn=${servers.cdn}` });
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
  await expect
    .poll(() => page.evaluate(() => document.querySelector("inference-sharder")!.status))
    .toMatchObject({
      job: "picture",
      state: "done",
      fraction: 1,
      workerCount: 2,
    });
  expect(app.errors).toEqual([]);
});

it("takes its width from its container, from 280 px to 4K, and nothing overlaps or sticks out", async () => {
  await page.setViewportSize({ width: 3840, height: 900 });
  for (const job of ["picture", "model"]) {
    for (const width of [280, 320, 420, 700, 1000, 1440, 3840]) {
      expect(await page.evaluate(faultsOfLayout, { job, width }), `${job}, ${width} px`).toEqual([]);
    }
  }
  // The watch sees what is wrong.
  await page.evaluate(() => {
    const { shadowRoot } = document.querySelector("inference-sharder")!;
    shadowRoot!.querySelector<HTMLElement>(".side")!.style.marginLeft = "-50px";
  });
  await expect.poll(() => page.evaluate(faultsOfLayout, { job: "picture", width: 1440 })).not.toEqual([]);
  await page.setViewportSize({ width: 1280, height: 720 });
});

it("shows the whole picture above the fold of a laptop", async () => {
  await page.setViewportSize({ width: 1440, height: 900 });
  const bottom = await page.evaluate(() => {
    const element = document.querySelector("inference-sharder")!;
    element.style.width = "";
    element.job = "picture";
    return element.shadowRoot!.querySelector(".preview")!.getBoundingClientRect().bottom;
  });
  expect(bottom).toBeLessThanOrEqual(900);
});

it("shows the panels that are asked for, and is themed from outside", async () => {
  const seen = await page.evaluate(async () => {
    const element = document.querySelector("inference-sharder")!;
    const isVisible = (selector: string) => element.shadowRoot!.querySelector(selector)!.checkVisibility();
    const selectors = [
      ".header",
      ".tabs",
      ".job .buttons",
      ".progress-head",
      ".preview",
      "[data-control=workers]",
      ".log",
    ];
    const look = async (controls: string | null) => {
      element.controls = controls;
      await Promise.resolve();
      return selectors.filter(isVisible);
    };
    const all = await look(null);
    const none = await look("none");
    const some = await look("workers tabs");
    element.controls = null;
    document.documentElement.style.setProperty("--sharder-page", "rgb(1, 2, 3)");
    return { selectors, all, none, some, background: getComputedStyle(element).backgroundColor };
  });
  expect(seen.all).toEqual(seen.selectors);
  expect(seen.none).toEqual([".progress-head", ".preview"]);
  expect(seen.some).toEqual([".tabs", ".progress-head", ".preview", "[data-control=workers]"]);
  expect(seen.background).toBe("rgb(1, 2, 3)");
});

it("has the properties that are listed for it, and takes those that were set before it was defined", async () => {
  const properties = ["sharder", ...PROPERTY_NAMES];
  const seen = await page.evaluate((names) => {
    const { prototype, observedAttributes } = customElements.get("inference-sharder") as CustomElementConstructor & {
      observedAttributes: readonly string[];
    };
    const settable = Object.entries(Object.getOwnPropertyDescriptors(prototype))
      .filter(([, descriptor]) => descriptor.set !== undefined)
      .map(([name]) => name);
    // An element of another document is not upgraded before it comes to this one.
    const early = new DOMParser()
      .parseFromString("<inference-sharder>", "text/html")
      .querySelector("inference-sharder")!;
    const values: Record<string, unknown> = { sharder: undefined, autorun: false, workers: "wasm", controls: null };
    for (const name of names) {
      const value = name in values ? values[name] : "";
      Object.defineProperty(early, name, { value, configurable: true, enumerable: true, writable: true });
    }
    document.body.append(early);
    const left = names.filter((name) => Object.hasOwn(early, name));
    early.remove();
    return { settable, observedAttributes, left };
  }, properties);
  expect(new Set(seen.settable)).toEqual(new Set(properties));
  expect(seen.observedAttributes).toEqual(expect.arrayContaining([...OPTION_NAMES]));
  expect(seen.left).toEqual([]);
});

it("follows its attributes", async () => {
  const seen = await page.evaluate(async () => {
    const element = document.querySelector("inference-sharder")!;
    const before = emitted.length;
    const done = new Promise<string>((resolve) =>
      element.addEventListener("done", () => resolve("done"), { once: true }),
    );
    element.src = "small.png";
    await done;
    const { job, autorun, controls, split } = element;
    element.job = "model";
    await Promise.resolve();
    const shown = [...element.shadowRoot!.querySelectorAll("[role=tabpanel]")].map((panel) => panel.checkVisibility());
    element.shadowRoot!.querySelector<HTMLElement>("#tab-picture")!.click();
    return {
      job,
      autorun,
      controls,
      split,
      shown,
      attribute: element.getAttribute("job"),
      events: emitted.length - before,
    };
  });
  expect(seen).toMatchObject({
    job: "picture",
    autorun: true,
    controls: null,
    split: "auto",
    shown: [false, true],
    attribute: "picture",
  });
  expect(seen.events).toBeGreaterThan(2);
});

it("says that a lent sharder has ended, and why it has no speed-up, and returns to one of its own", async () => {
  const seen = await page.evaluate(async () => {
    const { createSharder } = await loadLibrary();
    const own = await createSharder({ model: "keras/keras3.keras", workers: [{ backend: "cpu" }] });
    const element = document.querySelector("inference-sharder")!;
    const find = <E extends HTMLElement>(id: string) =>
      element.shadowRoot!.querySelector<E>(`[role=tabpanel]:not([hidden]) [data-testid=${id}]`)!;
    element.job = "model";
    await Promise.resolve();
    element.sharder = own;
    const { state, workerCount } = element.status;
    const noFigure = find("speed-note").textContent;
    const canMeasure = find("measure").checkVisibility();
    await own.dispose();
    const policy = find<HTMLSelectElement>("model-policy");
    policy.selectedIndex = 1;
    policy.dispatchEvent(new Event("change"));
    const said = find("settings-said").textContent;
    element.sharder = undefined;
    const after = element.status;
    element.job = "picture";
    await Promise.resolve();
    return { lent: { state, workerCount }, noFigure, canMeasure, said, after };
  });
  expect(seen.lent).toEqual({ state: "ready", workerCount: 1 });
  expect(seen.noFigure).toMatch(/lent its own sharder/);
  expect(seen.canMeasure).toBe(false);
  expect(seen.said).toMatch(/^This sharder has ended/);
  expect(seen.after).toMatchObject({ job: "model", state: "waiting", workerCount: 0 });
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
    // Newer browsers can also move it without a disconnection.
    if ("moveBefore" in section && typeof section.moveBefore === "function") section.moveBefore(element, null);
    return element.status.state;
  });
  expect(before).toBe("done");
  await page.waitForTimeout(50);
  await expect.poll(() => page.evaluate(() => document.querySelector("inference-sharder")!.status.state)).toBe("done");
  expect(workers()).toBeGreaterThan(0);
  await page.evaluate(() => document.querySelector("inference-sharder")!.remove());
  await expect.poll(workers).toBe(0);
});

it("leaves the picture where it is when remembered figures and the slider of the quality come, at every width", async () => {
  const { model, coreCount } = await page.evaluate(async (cdn) => {
    const { createSharder } = await loadLibrary();
    const own = await createSharder({ model: `${cdn}models/upscale-x2/model.json`, workers: [{ backend: "cpu" }] });
    const element = document.createElement("inference-sharder");
    element.sample = "";
    element.model = `${cdn}models/upscale-x2/model.json`;
    element.sharder = own;
    document.body.append(element);
    return { model: own.model, coreCount: navigator.hardwareConcurrency };
  }, servers.cdn);
  // What it says before that takes other room.
  const ready = page.locator("[data-testid=panel-picture] [data-testid=headline]").filter({ hasText: /^Ready/ });
  await ready.waitFor();
  const without = await page.evaluate(topsOfPreview);
  const subject = (median: number) => ({ device: "cpu", rates: { min: median, median, max: median }, runCount: 3 });
  const result = {
    ...{ measuredAt: "2026-03-01T12:00:00.000Z", modelName: "upscale-x2", itemCount: 6, itemShape: "96 × 96 × 3" },
    ...{ coreCount, workers: ["cpu"], all: subject(19), one: subject(10), plain: subject(1) },
  } satisfies SpeedResult;
  await page.evaluate(
    ([key, kept]) => localStorage.setItem(key!, kept!),
    ["inference-sharder/speed/2", JSON.stringify([{ key: speedKey(model, coreCount), result }])],
  );
  await page.evaluate(() => {
    const element = document.querySelector("inference-sharder")!;
    const own = element.sharder;
    element.sharder = own;
  });
  const figures = page.locator("[data-testid=panel-picture] [data-testid=speed-figures]");
  await figures.filter({ hasText: "1.9" }).waitFor();
  await ready.waitFor();
  const withFigures = await page.evaluate(topsOfPreview);
  await page.evaluate(async () => {
    localStorage.clear();
    const element = document.querySelector("inference-sharder")!;
    element.remove();
    await element.sharder?.dispose();
  });
  expect(without.length).toBe(9);
  for (const { width, top, withSlider } of without) {
    const after = withFigures.find((each) => each.width === width);
    expect([width, withSlider, after?.top, after?.withSlider]).toEqual([width, top, top, top]);
  }
});

it("enlarges what its page sends into the frame, and ignores pages of other origins", async () => {
  const frame = `${servers.isolatedCdn}?embed=1&autorun=false&workers=wasm,wasm&origin=${new URL(servers.isolated).origin}`;
  await page.goto(`${servers.isolated}frame.html?frame=${encodeURIComponent(frame)}`);
  await page.waitForFunction(() => received.some(({ data }) => data.type === "ready"));
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
  expect(await page.evaluate(() => replyTo({ command: "status" }))).toMatchObject({
    type: "reply",
    status: { state: "waiting" },
  });
  const answer = await page.evaluate(async () => {
    const picture = await (await fetch("small.png")).blob();
    return replyTo({ command: "run", picture });
  });
  expect(answer).toMatchObject({ type: "reply", status: { state: "loading" } });
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

/** Runs in the page: where the picture begins in the element at several widths, px, with and without the slider of the quality. */
function topsOfPreview(): { width: number; top: number; withSlider: number }[] {
  const element = document.querySelector("inference-sharder")!;
  const root = element.shadowRoot!;
  const top = (): number => {
    const { top: outer } = element.getBoundingClientRect();
    return Math.round(root.querySelector(".preview")!.getBoundingClientRect().top - outer);
  };
  const choose = (type: string): void => {
    const format = root.querySelector<HTMLSelectElement>("[data-testid=save-format]")!;
    format.value = type;
    format.dispatchEvent(new Event("change"));
  };
  return [280, 320, 360, 420, 600, 768, 1024, 1440, 1920].map((width) => {
    element.style.width = `${width}px`;
    choose("image/jpeg");
    const withSlider = top();
    choose("image/png");
    return { width, top: top(), withSlider };
  });
}

/** Runs in the page: which boxes overlap or stick out of the element. */
function faultsOfLayout({ job, width }: { job: string; width: number }): string[] {
  const element = document.querySelector("inference-sharder")!;
  element.setAttribute("job", job);
  element.style.width = `${width}px`;
  element.style.display = "block";
  const root = element.shadowRoot!;
  for (const tab of root.querySelectorAll<HTMLElement>("[role=tab]")) if (tab.id.endsWith(job)) tab.click();
  const outer = element.getBoundingClientRect();
  const boxes = [
    ...root.querySelectorAll<HTMLElement>(
      "h1, [role=tab], .panel, .job, .preview, button, select, input, label, meter, p",
    ),
  ]
    .filter((each) => each.checkVisibility({ visibilityProperty: true }) && !each.closest(".visually-hidden"))
    .map((each) => ({ each, box: visibleBox(each) }))
    .filter(({ box }) => box.width > 0 && box.height > 0);
  /** Without what an ancestor cuts off. */
  function visibleBox(each: HTMLElement): {
    left: number;
    right: number;
    top: number;
    bottom: number;
    width: number;
    height: number;
  } {
    let { left, right, top, bottom } = each.getBoundingClientRect();
    for (let outside = each.parentElement; outside !== null; outside = outside.parentElement) {
      if (getComputedStyle(outside).overflow === "visible") continue;
      const edge = outside.getBoundingClientRect();
      [left, right] = [Math.max(left, edge.left), Math.min(right, edge.right)];
      [top, bottom] = [Math.max(top, edge.top), Math.min(bottom, edge.bottom)];
    }
    return { left, right, top, bottom, width: right - left, height: bottom - top };
  }
  const nameOf = ({ tagName, className, textContent }: HTMLElement) =>
    `${tagName}.${className} “${textContent?.slice(0, 20)}”`;
  const faults = boxes
    .filter(({ box }) => box.left < outer.left - 1 || box.right > outer.right + 1)
    .map(({ each }) => `${nameOf(each)} sticks out`);
  boxes.forEach(({ each, box }, index) => {
    for (const other of boxes.slice(index + 1)) {
      if (each.contains(other.each) || other.each.contains(each)) continue;
      const across = Math.min(box.right, other.box.right) - Math.max(box.left, other.box.left);
      const down = Math.min(box.bottom, other.box.bottom) - Math.max(box.top, other.box.top);
      if (across > 1 && down > 1) faults.push(`${nameOf(each)} overlaps ${nameOf(other.each)}`);
    }
  });
  return faults;
}
