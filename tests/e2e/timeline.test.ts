// The timeline, the trace and the event log of the default job.
import { afterAll, beforeAll, expect, it } from "vitest";
import type { TraceEvent } from "../../src/ui/record/trace-format.js";
import { openApp, type OpenPage } from "../harness/launch.js";
import { choosePicture, downloaded, tilesByWorker, untilHeadline } from "./drive.js";

let app: OpenPage;
beforeAll(async () => {
  app = await openApp("?workers=wasm,wasm&sample=&tile=64");
  // It is drawn only while it is on view.
  await app.page.getByTestId("picture-timeline-panel").scrollIntoViewIfNeeded();
  await untilHeadline(app.page, /Ready/);
  await choosePicture(app.page, "small.png", { width: 320, height: 200 });
  await untilHeadline(app.page, /Done: small\.png/);
});
afterAll(() => app.close());

const timeline = () => app.page.getByTestId("picture-timeline-panel").getByTestId("timeline");
const drawnCount = async (name: "attempts" | "boxes") => Number(await timeline().getAttribute(`data-${name}`));

/** Press "Save the trace". */
async function saveTrace(): Promise<readonly TraceEvent[]> {
  const download = app.page.waitForEvent("download");
  await app.page.getByTestId("picture-timeline-panel").getByTestId("save-trace").click();
  const { name, bytes } = await downloaded(download);
  expect(name).toBe("inference-sharder-trace.json");
  return (JSON.parse(bytes.toString()) as { traceEvents: TraceEvent[] }).traceEvents;
}

it("has a box for each attempt, and the trace the same ones, with every tile in them", async () => {
  const events = await saveTrace();
  const slices = events.flatMap((event) => (event.ph === "X" ? event : []));
  await expect.poll(() => drawnCount("attempts")).toBe(slices.length);
  await expect.poll(() => drawnCount("boxes")).toBeGreaterThan(1);
  const names = new Map(
    events.flatMap((event) => (event.name === "thread_name" ? [[event.tid, event.args?.name]] : [])),
  );
  const tiles: Record<string, number> = {};
  for (const { tid, args } of slices) {
    if (args?.outcome !== "completed") continue;
    const workerId = String(names.get(tid));
    tiles[workerId] = (tiles[workerId] ?? 0) + Number(args.itemCount);
  }
  expect(tiles).toEqual(await tilesByWorker(app.page));
  // No worker is busy for longer than the job takes, and in a job with two tiles or more none idles for most of it.
  const job = events.filter(({ cat }) => cat === "job").flatMap((event) => ("ts" in event ? event.ts : []));
  const jobUs = Math.max(...job) - Math.min(...job);
  for (const tid of new Set(slices.map((slice) => slice.tid))) {
    const busyUs = slices.filter((slice) => slice.tid === tid).reduce((sum, { dur }) => sum + dur, 0);
    expect(busyUs).toBeGreaterThan(0);
    expect(busyUs).toBeLessThanOrEqual(jobUs);
  }
});

it("is read by keyboard: from shard to shard, in and out", async () => {
  const { page } = app;
  await timeline().focus();
  const text = () => timeline().getAttribute("aria-valuetext");
  await page.keyboard.press("End");
  await expect.poll(text).toMatch(/^wasm-1: \d+\stiles? \(number/);
  const last = await text();
  await page.keyboard.press("ArrowLeft");
  await expect.poll(text).not.toBe(last);
  await page.keyboard.press("ArrowDown");
  await expect.poll(text).toMatch(/^wasm-2: /);
  const whole = page.getByTestId("picture-timeline-panel").getByTestId("timeline-whole");
  await expect.poll(() => whole.getAttribute("aria-pressed")).toBe("true");
  await page.keyboard.press("+");
  await expect.poll(() => whole.getAttribute("aria-pressed")).toBe("false");
  await page.keyboard.press("0");
  await expect.poll(() => whole.getAttribute("aria-pressed")).toBe("true");
  await page.keyboard.press("Escape");
  await expect.poll(text).toBe("No shard is chosen.");
});

it("shows an attempt's details under the pointer, and the same in numbers", async () => {
  const { page } = app;
  const panel = page.getByTestId("picture-timeline-panel");
  const { width } = (await timeline().boundingBox())!;
  // Somewhere in the middle of the first lane, the worker was at work.
  const tip = panel.locator(".timeline-tip");
  await tip.waitFor({ state: "hidden" });
  for (let x = width * 0.2; x < width * 0.8 && !(await tip.isVisible()); x += 25) {
    await timeline().hover({ position: { x, y: 55 } });
    await page.waitForTimeout(50);
  }
  await expect.poll(() => tip.innerText()).toMatch(/^wasm-1: \d+\stiles?/);
  await panel.getByText("The same in numbers").click();
  const tiles = async () => (await panel.locator("tbody td:nth-child(3)").allInnerTexts()).map(Number);
  await expect.poll(tiles).toEqual(Object.values(await tilesByWorker(page)));
});

it("filters the events by keyboard, and reads none of them aloud but faults", async () => {
  const { page } = app;
  const log = page.getByTestId("log");
  await expect.poll(() => log.innerText()).toContain("wasm-1 is ready");
  await expect.poll(() => log.innerText()).toContain("small.png done");
  await page.getByRole("radio", { name: "All" }).first().focus();
  await page.keyboard.press("ArrowRight");
  await expect.poll(() => log.innerText()).toBe("");
  await expect.poll(() => page.getByText("No events of this kind so far.").first().isVisible()).toBe(true);
  await page.keyboard.press("ArrowRight");
  await expect.poll(() => log.innerText()).toContain("wasm-1 is ready");
  await expect.poll(() => log.innerText()).not.toContain("small.png done");
  expect(await log.evaluate((lines) => lines.closest("[aria-live], [role=log], [role=status]"))).toBeNull();
  const voice = page.locator('[role="tabpanel"]:not([hidden]) [role="status"].visually-hidden');
  await expect.poll(() => voice.textContent()).toBe("");
  const row = page.locator('[data-worker="wasm-1"]');
  await row.getByText("Break it").click();
  await row.getByTestId("fault").selectOption({ label: "Kill it" });
  await row.getByTestId("cause-fault").click();
  await expect.poll(() => voice.textContent()).toMatch(/^wasm-1 ended unexpectedly: it is being restarted/);
  await page.getByRole("radio", { name: "Faults" }).first().focus();
  await page.keyboard.press("Space");
  await expect.poll(() => log.innerText()).toContain("wasm-1 is back after");
  await expect.poll(() => log.innerText()).not.toContain("wasm-1 is ready");
  expect(app.errors).toEqual([]);
});
