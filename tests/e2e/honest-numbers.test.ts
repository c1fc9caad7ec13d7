import { afterAll, beforeAll, expect, it } from "vitest";
import type { Page } from "playwright";
import { openApp, type OpenPage } from "../harness/launch.js";
import { choosePicture, untilHeadline } from "./drive.js";

/** A busy machine takes its time. */
const WAIT = { timeout: 20_000 };

let app: OpenPage;
beforeAll(async () => {
  // Tiles so large that a slowed worker is silent for seconds.
  app = await openApp("?workers=wasm,wasm&sample=&tile=128");
});
afterAll(() => app.close());

interface Shown {
  readonly shares: readonly number[];
  readonly rates: readonly number[];
  readonly tileCounts: readonly number[];
  readonly detail: string;
}

/** What the page shows at one moment. */
function shown(page: Page): Promise<Shown> {
  return page.evaluate(() => {
    const root = document.querySelector("inference-sharder")!.shadowRoot!;
    const numbersIn = (selector: string) =>
      [...root.querySelectorAll(`[data-worker] ${selector}`)].map(({ textContent }) =>
        parseFloat(textContent!.replace(/^\D+/, "")),
      );
    return {
      shares: numbersIn("[data-testid=share]"),
      rates: numbersIn(".rate"),
      tileCounts: numbersIn("[data-testid=tiles]"),
      detail: root.querySelector("[data-testid=detail]")!.textContent!.replaceAll("\u00a0", " "),
    };
  });
}

const sumOf = (numbers: readonly number[]) => numbers.reduce((sum, number) => sum + number, 0);

it("shows a slowed worker's rate and share fall at once, and numbers that add up at all times", async () => {
  const { page } = app;
  await untilHeadline(page, /Ready/);
  await choosePicture(page, "large.jpg", { width: 2048, height: 1536, type: "image/jpeg" });
  await expect.poll(async () => (await shown(page)).tileCounts.every((count) => count >= 3), WAIT).toBe(true);
  const before = await shown(page);
  await page.getByLabel("Slow down wasm-1").fill("8");
  const slowedAtMs = performance.now();
  // On a busy machine, in the time of one slowed tile, before it has come back.
  const limitMs = Math.max(3_000, 8 * (1_000 / before.rates[0]!));
  const seen: Shown[] = [before];
  const isSlower = ({ rates, shares }: Shown) =>
    rates[0]! < before.rates[0]! / 2 && shares[0]! < 0.7 * before.shares[0]!;
  do {
    await page.waitForTimeout(50);
    seen.push(await shown(page));
  } while (!isSlower(seen.at(-1)!) && performance.now() - slowedAtMs < limitMs);
  const tookMs = performance.now() - slowedAtMs;
  console.log(`A worker slowed ×8 showed it after ${Math.round(tookMs)} ms: ${JSON.stringify([before, seen.at(-1)])}`);
  expect(tookMs).toBeLessThan(limitMs);
  const seenCount = seen.length;
  // A panel may be drawn after the last look.
  for (let look = 0; look < 10; look++) {
    await page.waitForTimeout(50);
    seen.push(await shown(page));
  }
  for (const [index, { shares, detail }] of seen.slice(0, seenCount).entries()) {
    expect(sumOf(shares)).toBe(100);
    const total = parseFloat(/· ([\d.]+) tiles\/s/.exec(detail)![1]!);
    // Each number is rounded for itself, and two panels may be drawn one after the other.
    const sums = seen.slice(Math.max(0, index - 10), index + 11).map(({ rates }) => sumOf(rates));
    expect(Math.min(...sums.map((sum) => Math.abs(total - sum)))).toBeLessThan(0.02 * total + 0.02);
  }
  await page.getByTestId("cancel").click();
  await untilHeadline(page, /Cancelled: large\.jpg/);
  await expect
    .poll(() => page.getByTestId("share").allInnerTexts(), WAIT)
    .toEqual([expect.stringContaining("made"), expect.stringContaining("made")]);
  expect(sumOf((await shown(page)).shares)).toBe(100);
  expect(app.errors).toEqual([]);
});
