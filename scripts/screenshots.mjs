// `npm run screenshots` takes the README's pictures from the built page: docs/page.webp, docs/phone.webp and the animation docs/job.webp.
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { animatedWebp } from "./animated-webp.mjs";
import { chromiumArgs, ensureChromium } from "./browser.mjs";
import { root, tool } from "./run.mjs";
import { serve } from "./serve.mjs";

/** Of the animation, in CSS pixels; it is stored at `scale` times this. */
const view = { width: 1280, height: 880 };
const scale = 0.7;
const frameMs = 200;
/** How long the last frame stays. */
const lastFrameMs = 2_500;
const maxAnimationBytes = 1e6;
const folder = join(root, "docs");

/** @typedef {import("playwright").Page} Page */

/** @param {Page} page @param {RegExp} text */
const untilHeadline = (page, text) =>
  page.getByTestId("headline").filter({ hasText: text }).waitFor({ timeout: 60_000 });

/** Runs in the page: from a PNG to a WebP picture, both in base64. */
const encode = `async (text, size) => {
  const bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  const bitmap = await createImageBitmap(new Blob([bytes]));
  const canvas = new OffscreenCanvas(Math.round(bitmap.width * size), Math.round(bitmap.height * size));
  const context = canvas.getContext("2d", { alpha: false });
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  const blob = await canvas.convertToBlob({ type: "image/webp", quality: 0.72 });
  let out = "";
  for (const byte of new Uint8Array(await blob.arrayBuffer())) out += String.fromCharCode(byte);
  return btoa(out);
}`;

/**
 * Encode a screenshot as WebP, in the browser.
 * @param {Page} page any page
 * @param {Buffer} png
 * @param {number} size of the result, relative to the screenshot
 * @returns {Promise<Buffer>}
 */
async function toWebp(page, png, size) {
  const base64 = await page.evaluate(`(${encode})("${png.toString("base64")}", ${size})`);
  return Buffer.from(String(base64), "base64");
}

/** The default job from the first tile to its end. @param {Page} page @param {string} url */
async function filmJob(page, url) {
  await page.goto(url);
  await untilHeadline(page, /Enlarging|Done/);
  /** @type {{ png: Buffer, durationMs: number }[]} */
  const shots = [];
  for (let isDone = false; !isDone && shots.length < 60;) {
    const startMs = performance.now();
    isDone = (await page.getByTestId("headline").innerText()).startsWith("Done");
    // What follows the end, such as tints that fade, belongs to the last frame.
    if (isDone) await page.waitForTimeout(1_500);
    shots.push({ png: await page.screenshot(), durationMs: isDone ? lastFrameMs : frameMs });
    await page.waitForTimeout(Math.max(0, frameMs - (performance.now() - startMs)));
  }
  return shots;
}

const { code } = await tool("vite", ["build", "--logLevel", "warn"]);
if (code !== 0) process.exit(code);
const { chromium } = await import("playwright");
const browser = await chromium.launch({ executablePath: await ensureChromium(), args: chromiumArgs() });
const server = await serve({ root: join(root, "dist") });
try {
  mkdirSync(folder, { recursive: true });
  const page = await browser.newPage({ viewport: view, colorScheme: "dark" });
  const shots = await filmJob(page, `${server.url}?workers=wasm,wasm`);
  // Filming slows the job down, so the still shows another run.
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.reload();
  await untilHeadline(page, /Done/);
  await page.waitForTimeout(1_500);
  const encoder = await browser.newPage();
  writeFileSync(join(folder, "page.webp"), await toWebp(encoder, await page.screenshot(), 1));
  const frames = [];
  for (const { png, durationMs } of shots) frames.push({ webp: await toWebp(encoder, png, scale), durationMs });
  const path = join(folder, "job.webp");
  writeFileSync(path, animatedWebp(frames));
  const { size } = statSync(path);
  console.log(`docs/job.webp: ${frames.length} frames, ${(size / 1e3).toFixed(0)} kB`);
  if (size > maxAnimationBytes)
    throw new Error(`Expected at most ${maxAnimationBytes} bytes, received ${size}: lower the scale.`);

  const phone = await browser.newPage({
    viewport: { width: 360, height: 740 },
    deviceScaleFactor: 2,
    colorScheme: "light",
  });
  await phone.goto(`${server.url}?workers=wasm,wasm`);
  await untilHeadline(phone, /Done/);
  await phone.waitForTimeout(1_500);
  writeFileSync(join(folder, "phone.webp"), await toWebp(encoder, await phone.screenshot(), 1));
} finally {
  await browser.close();
  await server.close();
}
