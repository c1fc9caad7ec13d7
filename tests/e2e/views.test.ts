// Every view of the page, in both themes, on a phone and on a desk, under a strict policy: axe finds nothing, nothing overflows or
// overlaps, and nothing is requested from another host.
import type { Page } from "playwright";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { modelFiles } from "../fixtures/model-files.js";
import { randomNet } from "../fixtures/random-net.js";
import { serve } from "../../scripts/serve.mjs";
import { openHarness, type OpenPage } from "../harness/launch.js";
import { chooseFile, untilHeadline } from "./drive.js";
import { axeViolations, overflowing, overlapping, STRICT_POLICY } from "./views.js";

let app: OpenPage;
let page: Page;
let server: Awaited<ReturnType<typeof serve>>;
const foreignRequests: string[] = [];
beforeAll(async () => {
  server = await serve({ root: "dist", headers: { "Content-Security-Policy": STRICT_POLICY } });
  app = await openHarness({ url: `${server.url}?workers=wasm,wasm` });
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
  "the sample is done": () => untilHeadline(page, /^Done/),
  "a file is no picture": async () => {
    await chooseFile(page, "notes.txt", "text/plain", Buffer.from("no picture"));
    await page.getByRole("alert").first().waitFor();
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
    const files = modelFiles(randomNet({ seed: 1 })).map((file) => ({ ...file, mimeType: "" }));
    await panel().locator("input[type=file]").first().setInputFiles(files);
    await page.getByTestId("model-headline").filter({ hasText: /Ready/ }).waitFor();
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
    expect(await axeViolations(page)).toEqual([]);
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
    expect({ overflowing: await overflowing(page), overlapping: await overlapping(page) }).toEqual({
      overflowing: [],
      overlapping: [],
    });
  });
});

it("has violated no policy, reported no error, and asked no other host for anything", () => {
  expect(app.errors).toEqual([]);
  expect(foreignRequests).toEqual([]);
});
