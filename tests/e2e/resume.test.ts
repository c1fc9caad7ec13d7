// A page that is reloaded in the middle of its jobs offers to resume them.
import { afterEach, beforeEach, expect, it } from "vitest";
import { openApp, type OpenPage } from "../harness/launch.js";
import { choosePicture, savePicture, untilHeadline } from "./drive.js";

let app: OpenPage;
afterEach(async () => {
  expect(app.errors).toEqual([]);
  await app.close();
});

beforeEach(async () => {
  app = await openApp("?sample=&workers=wasm,wasm&tile=64");
});

const PICTURE = { width: 480, height: 360 };

it("resumes the picture that was being enlarged: the same picture, without the tiles that were done", async () => {
  const { page } = app;
  await untilHeadline(page, /Ready/);
  await choosePicture(page, "long.png", PICTURE);
  await untilHeadline(page, /Done/);
  const undisturbed = await savePicture(page);

  await choosePicture(page, "long.png", PICTURE);
  await page
    .getByTestId("detail")
    .filter({ hasText: /^\d\d of/ })
    .waitFor();
  await page.reload();
  const offer = page.getByTestId("resume-picture");
  await offer.waitFor();
  const text = await offer.innerText();
  const [, done, all] = /Resume long\.png: (\d+) of (\d+)\u00a0tiles are done/.exec(text) ?? [];
  expect(Number(done)).toBeGreaterThanOrEqual(10);
  expect(Number(done)).toBeLessThan(Number(all));
  await offer.getByRole("button", { name: "Resume" }).click();
  await untilHeadline(page, /Done/);
  expect(await offer.isVisible()).toBe(false);
  expect(await page.getByTestId("log").innerText()).toContain("Resumed from the journal");
  expect((await savePicture(page)).png.equals(undisturbed.png)).toBe(true);

  // Nothing is left to be resumed.
  await page.reload();
  await untilHeadline(page, /Ready/);
  await page.waitForTimeout(300);
  expect(await offer.isVisible()).toBe(false);
});
