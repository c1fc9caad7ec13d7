// Every view of the page, in both themes, on a phone and on a desk, under a strict policy: axe finds nothing, nothing overflows or
// overlaps, and nothing is requested from another host.
import type { Page } from "playwright";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { modelFiles } from "../fixtures/model-files.js";
import { randomNet } from "../fixtures/random-net.js";
import { serve } from "../../scripts/serve.mjs";
import { openHarness, type OpenPage } from "../harness/launch.js";
import { chooseFile, choosePicture, paintPicture, pauseAt, untilHeadline } from "./drive.js";
import { axeViolations, overflowing, overlapping, STRICT_POLICY } from "./views.js";

let app: OpenPage;
let page: Page;
let server: Awaited<ReturnType<typeof serve>>;
const foreignRequests: string[] = [];
beforeAll(async () => {
  server = await serve({ root: "dist", headers: { "Content-Security-Policy": STRICT_POLICY } });
  app = await openHarness({ url: `${server.url}?workers=wasm,wasm&sample=` });
  ({ page } = app);
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(server.url) && !/^(blob|data):/.test(url)) foreignRequests.push(url);
  });
  await page.emulateMedia({ reducedMotion: "reduce" });
});
afterAll(async () => {
  await app.close();
  await server.close();
});

const panel = () => page.getByTestId("panel-model");

/** The views in the order in which a visitor meets them; each goes on from the one before. */
const views: Readonly<Record<string, () => Promise<void>>> = {
  "a picture is done": async () => {
    await untilHeadline(page, /^Ready/);
    await choosePicture(page, "done.png", { width: 240, height: 160 });
    await untilHeadline(page, /^Done/);
  },
  "a file is no picture": async () => {
    await chooseFile(page, "notes.txt", "text/plain", Buffer.from("no picture"));
    await page.getByRole("alert").first().waitFor();
  },
  "a list is paused at its last picture": async () => {
    const one = await paintPicture(page, { width: 60, height: 40 });
    const many = await paintPicture(page, { width: 480, height: 320 });
    const buffers = { "torn.png": one.subarray(0, 200), "one tile.png": one, "many tiles.png": many };
    const files = Object.entries(buffers).map(([name, buffer]) => ({ name, mimeType: "image/png", buffer }));
    const paused = pauseAt(page, 3);
    await page.getByTestId("file").setInputFiles(files);
    await paused;
    await untilHeadline(page, /^Paused: many/);
  },
  "everything is unfolded": async () => {
    await page.evaluate(() => {
      const root = document.querySelector("inference-sharder")!.shadowRoot!;
      for (const details of root.querySelectorAll("details")) details.open = true;
    });
  },
  "no model yet": async () => {
    await page.getByTestId("tab-model").click();
    await panel().waitFor();
  },
  "a model is loaded": async () => {
    const files = modelFiles(randomNet({ seed: 1, depth: 8, size: 48 })).map((file) => ({ ...file, mimeType: "" }));
    await panel().locator("input[type=file]").first().setInputFiles(files);
    await page.getByTestId("model-headline").filter({ hasText: /Ready/ }).waitFor();
  },
  "a run is paused": async () => {
    await panel().getByLabel("Random numbers").check();
    await panel().getByLabel("Number of items").fill("3000");
    const paused = pauseAt(page, 3);
    await page.getByTestId("model-run").click();
    await paused;
    await page
      .getByTestId("model-headline")
      .filter({ hasText: /Paused/ })
      .waitFor();
  },
  "a run can be resumed": async () => {
    await page.reload();
    await page.getByTestId("resume-model").waitFor();
  },
  "pictures can be resumed": async () => {
    await page.getByTestId("tab-picture").click();
    await page.getByTestId("resume-picture").waitFor();
    await untilHeadline(page, /^Ready/);
  },
};

describe.each(Object.entries(views))("%s", (_, show) => {
  beforeAll(show);

  it.each([
    [360, "dark"],
    [1440, "light"],
  ] as const)("at %i px, %s: no violation of accessibility", async (width, colorScheme) => {
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ colorScheme });
    await expect.poll(() => axeViolations(page)).toEqual([]);
  });

  it("moves nothing for those who asked for no motion", async () => {
    const moving = await page.evaluate(() =>
      document
        .querySelector("inference-sharder")!
        .shadowRoot!.getAnimations()
        .map(({ effect }) => (effect instanceof KeyframeEffect ? effect.target?.className : "?")),
    );
    expect(moving).toEqual([]);
  });

  it.each([320, 480, 768, 1024, 1440, 3840])("at %i px: nothing overflows or overlaps", async (width) => {
    await page.setViewportSize({ width, height: 900 });
    // The page follows its new size.
    await expect.poll(() => overflowing(page)).toEqual([]);
    await expect.poll(() => overlapping(page)).toEqual([]);
  });
});

it("has violated no policy, reported no error, and asked no other host for anything", () => {
  expect(app.errors).toEqual([]);
  expect(foreignRequests).toEqual([]);
});
