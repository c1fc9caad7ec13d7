// The suite `memory`: how much more memory than the idle page enlarging a picture of 24 megapixels takes.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { chromiumArgs } from "./browser.mjs";
import { root, tool } from "./run.mjs";
import { serve } from "./serve.mjs";

/** @typedef {import("./bench-report.mjs").Suite} Suite */

const picture = { width: 6000, height: 4000, scale: 2 };
/** Bytes of the result's canvas: RGBA. */
const canvasBytes = 4 * picture.width * picture.height * picture.scale ** 2;
const targetMegabytes = 300;
const runCount = 3;

/** Whether this machine reports the memory of processes with shared pages counted proportionally (PSS). */
export const canMeasureMemory = process.platform === "linux";

/**
 * Peak memory of all the browser's processes beyond that of the idle page, less the canvas of the result, MB.
 * @param {string} executablePath
 * @param {{ runs: number, seconds: number }} limits
 * @returns {Promise<Suite>}
 */
export async function measureMemory(executablePath, { runs, seconds }) {
  if (!canMeasureMemory)
    throw new Error(
      `Expected Linux, whose /proc reports the memory of processes, received ${process.platform}: leave memory out.`,
    );
  const built = await tool("vite", ["build", "--logLevel", "warn"]);
  if (built.code !== 0)
    throw new Error("Expected the page to be built, received a failed build: see the messages above.");
  const startMs = Date.now();
  /** @type {number[]} */
  const megabytes = [];
  const server = await serve({ root: join(root, "dist") });
  try {
    const jpeg = await makePicture(executablePath);
    while (
      megabytes.length < Math.min(runs, runCount) &&
      (megabytes.length === 0 || Date.now() - startMs < 1000 * seconds)
    ) {
      megabytes.push(await measureOnce(executablePath, server.url, jpeg));
      console.error(`memory: ${Math.round(megabytes.at(-1) ?? 0)} MB`);
    }
  } finally {
    await server.close();
  }
  const sorted = megabytes.toSorted((a, b) => a - b);
  const value = sorted[Math.floor(sorted.length / 2)] ?? NaN;
  const ratio = {
    value,
    min: sorted[0] ?? NaN,
    max: sorted.at(-1) ?? NaN,
    target: targetMegabytes,
    bound: /** @type {const} */ ("at most"),
    met: value <= targetMegabytes,
  };
  return {
    suite: "memory",
    rows: [],
    ratios: { "MB beyond the canvas": { [`${picture.width} × ${picture.height}`]: ratio } },
    notes: [
      `memory: peak PSS of all the browser's processes over the idle page, less the result's canvas (${Math.round(canvasBytes / 1e6)} MB); the picture is a JPEG file`,
    ],
    errors: [],
    details: { megabytes },
  };
}

/** Text, since it runs in a page, which has other types. */
const drawPicture = `(async () => {
  const canvas = new OffscreenCanvas(${picture.width}, ${picture.height});
  const context = canvas.getContext("2d");
  for (let i = 0; i < 400; i++) {
    context.fillStyle = "hsl(" + ((i * 37) % 360) + " 70% " + (30 + (i % 50)) + "%)";
    context.fillRect((i * 997) % canvas.width, (i * 613) % canvas.height, canvas.width / 8, canvas.height / 8);
  }
  const blob = await canvas.convertToBlob({ type: "image/jpeg" });
  return new Promise((resolve) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.split(",")[1]);
    reader.readAsDataURL(blob);
  });
})()`;

/** Draws in a separate browser, so that its memory is not measured. @param {string} executablePath */
async function makePicture(executablePath) {
  const { chromium } = await import("playwright");
  const browser = await chromium.launch({ executablePath, args: chromiumArgs() });
  try {
    const page = await browser.newPage();
    const base64 = await page.evaluate(drawPicture);
    return Buffer.from(/** @type {string} */ (base64), "base64");
  } finally {
    await browser.close();
  }
}

/** @param {string} executablePath @param {string} url @param {Buffer} jpeg */
async function measureOnce(executablePath, url, jpeg) {
  const { chromium } = await import("playwright");
  const launched = await chromium.launchServer({ executablePath, args: chromiumArgs() });
  try {
    const browser = await chromium.connect(launched.wsEndpoint());
    const page = await browser.newPage();
    await page.goto(url);
    const headline = page.getByTestId("headline");
    await headline.filter({ hasText: "Done" }).waitFor({ timeout: 60_000 });
    // Gives the garbage of the sample time to be collected.
    await sleep(3000);
    const pid = launched.process().pid ?? 0;
    const idle = proportionalBytes(pid);
    await page
      .locator("input[type=file]")
      .first()
      .setInputFiles({ name: "large.jpg", mimeType: "image/jpeg", buffer: jpeg });
    let peak = idle;
    let isDone = false;
    const done = headline.filter({ hasText: "Done: large" }).waitFor({ timeout: 300_000 });
    done.then(
      () => (isDone = true),
      () => (isDone = true),
    );
    while (!isDone) {
      peak = Math.max(peak, proportionalBytes(pid));
      await sleep(200);
    }
    await done;
    return (peak - idle - canvasBytes) / 1e6;
  } finally {
    await launched.close();
  }
}

/** Memory of a process and all its descendants. @param {number} ancestor */
function proportionalBytes(ancestor) {
  const parents = new Map(
    readdirSync("/proc").flatMap((name) => {
      const parent = /^\d+$/.test(name) ? /\) \S (\d+)/.exec(read(`/proc/${name}/stat`))?.[1] : undefined;
      return parent === undefined ? [] : [[Number(name), Number(parent)]];
    }),
  );
  /** @param {number} pid @returns {boolean} */
  const isOurs = (pid) => pid === ancestor || (parents.has(pid) && isOurs(parents.get(pid) ?? 0));
  return [...parents.keys()].filter(isOurs).reduce((sum, pid) => {
    const kilobytes = /^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1];
    return sum + 1024 * Number(kilobytes ?? 0);
  }, 0);
}

/** @param {string} path @returns {string} empty for a process that has ended */
function read(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
