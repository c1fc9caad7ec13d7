import type { InferenceSharderEventMap } from "inference-sharder/element";
import type { Download, Page } from "playwright";
import { expect } from "vitest";

/** Wait for a headline: "Enlarging …", "Done: …", "Paused: …", "Cancelled: …". */
export async function untilHeadline(page: Page, text: RegExp, timeoutMs = 60_000): Promise<void> {
  await page.getByTestId("headline").filter({ hasText: text }).waitFor({ timeout: timeoutMs });
}

/** Wait for the end of the next job, which even a fast machine can't reach before this is called. Call it before the job starts. */
export function untilNextDone(page: Page): Promise<void> {
  return page.evaluate(
    () =>
      new Promise<void>((resolve) =>
        document.querySelector("inference-sharder")!.addEventListener("done", () => resolve(), { once: true }),
      ),
  );
}

/** Enlarge the picture again and again, so that workers can be watched for as long as it takes. */
export function repeat(page: Page, isOn: boolean): Promise<void> {
  return page.getByTestId("repeat").setChecked(isOn);
}

/** Wait until items have been made, in whatever jobs. @returns how many each worker has made meanwhile, by its id. */
export function itemsMade(
  page: Page,
  until: { readonly itemCount: number; readonly workerCount: number },
): Promise<Record<string, number>> {
  return page.evaluate(
    ({ itemCount, workerCount }) =>
      new Promise<Record<string, number>>((resolve) => {
        const element = document.querySelector("inference-sharder")!;
        const made = new Map<string, number>();
        let total = 0;
        const count = ({ detail }: InferenceSharderEventMap["attempt"]): void => {
          if (detail.outcome !== "completed") return;
          total += detail.itemCount;
          made.set(detail.workerId, (made.get(detail.workerId) ?? 0) + detail.itemCount);
          if (total < itemCount || made.size < workerCount) return;
          element.removeEventListener("attempt", count);
          resolve(Object.fromEntries(made));
        };
        element.addEventListener("attempt", count);
      }),
    until,
  );
}

/**
 * Pause the job that is shown once so many of its tiles or items are done, though not all. The page itself does it, at the first progress that
 * says so: from outside, a fast machine would be done before the test has seen that it started. Call this before the job starts.
 */
export function pauseAt(page: Page, itemCount: number): Promise<void> {
  return page.evaluate(
    (least) =>
      new Promise<void>((resolve) => {
        const element = document.querySelector("inference-sharder")!;
        const look = ({ detail }: InferenceSharderEventMap["progress"]): void => {
          const { completedItemCount, totalItemCount } = detail;
          if (element.status.state !== "running") return;
          if (completedItemCount < least || completedItemCount === totalItemCount) return;
          element.removeEventListener("progress", look);
          element.pause();
          resolve();
        };
        element.addEventListener("progress", look);
      }),
    itemCount,
  );
}

export interface PictureSpec {
  readonly width: number;
  readonly height: number;
  /** 0…1 everywhere. Default 1. */
  readonly alpha?: number;
  readonly type?: string;
}

/** Draw a picture with edges and slopes in the browser, and put it into the page's file input. */
export async function choosePicture(page: Page, name: string, spec: PictureSpec): Promise<void> {
  await chooseFile(page, name, spec.type ?? "image/png", await paintPicture(page, spec));
}

/** Draw a picture with edges and slopes in the browser. @returns its file. */
export async function paintPicture(page: Page, spec: PictureSpec): Promise<Buffer> {
  const base64 = await page.evaluate(async ({ width, height, alpha = 1, type = "image/png" }: PictureSpec) => {
    const canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext("2d")!;
    context.globalAlpha = alpha;
    const slope = context.createLinearGradient(0, 0, width, height);
    slope.addColorStop(0, "#113355");
    slope.addColorStop(1, "#ffaa66");
    context.fillStyle = slope;
    context.fillRect(0, 0, width, height);
    context.globalCompositeOperation = "source-atop";
    for (let i = 0; i < 300; i++) {
      context.fillStyle = `hsl(${i * 37} 70% 50%)`;
      context.fillRect((i * 7919) % width, (i * 104_729) % height, width / 40, height / 40);
    }
    const bytes = new Uint8Array(await (await canvas.convertToBlob({ type })).arrayBuffer());
    let text = "";
    for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
    return btoa(text);
  }, spec);
  return Buffer.from(base64, "base64");
}

export async function chooseFile(page: Page, name: string, mimeType: string, buffer: Buffer): Promise<void> {
  await page.getByTestId("file").setInputFiles({ name, mimeType, buffer });
}

/** Drop a file or folder of this machine on the page, through the browser's own drag events. */
export async function dropPath(page: Page, path: string): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files: [path], dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver", "drop"] as const) {
    await session.send("Input.dispatchDragEvent", { type, x: 200, y: 300, data });
  }
  await session.detach();
}

/** What the page has saved. @param download awaited from before the button is pressed. */
export async function downloaded(download: Promise<Download>): Promise<{ name: string; bytes: Buffer }> {
  const saved = await download;
  const chunks: Buffer[] = [];
  for await (const chunk of await saved.createReadStream()) chunks.push(Buffer.from(chunk as Uint8Array));
  return { name: saved.suggestedFilename(), bytes: Buffer.concat(chunks) };
}

/** Press "Save". @returns the file, and its name. */
export async function savePicture(page: Page): Promise<{ name: string; png: Buffer }> {
  const download = page.waitForEvent("download");
  await page.getByTestId("save").click();
  const { name, bytes } = await downloaded(download);
  return { name, png: bytes };
}

export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** [height, width, 4] */
  readonly rgba: Uint8Array;
}

/** Decode a picture in the browser. @param scale enlarges it with the browser's best smoothing. */
export async function decode(page: Page, picture: Buffer, scale = 1): Promise<Pixels> {
  const { width, height, base64 } = await page.evaluate(
    async ([text, factor]) => {
      const bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
      const bitmap = await createImageBitmap(new Blob([bytes]));
      const canvas = new OffscreenCanvas(bitmap.width * factor, bitmap.height * factor);
      const context = canvas.getContext("2d", { willReadFrequently: true })!;
      context.imageSmoothingQuality = "high";
      context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
      const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
      let out = "";
      for (let i = 0; i < data.length; i += 8192) out += String.fromCharCode(...data.subarray(i, i + 8192));
      return { width: canvas.width, height: canvas.height, base64: btoa(out) };
    },
    [picture.toString("base64"), scale] as const,
  );
  return { width, height, rgba: Buffer.from(base64, "base64") };
}

/** Peak signal-to-noise ratio of the colours, dB, over all three channels of bytes. */
export function psnrDb(a: Pixels, b: Pixels): number {
  expect([a.width, a.height]).toEqual([b.width, b.height]);
  let sum = 0;
  for (let i = 0; i < a.rgba.length; i++) if (i % 4 !== 3) sum += (a.rgba[i]! - b.rgba[i]!) ** 2;
  return 10 * Math.log10((255 * 255 * 3 * a.width * a.height) / sum);
}

/** Tiles of the shown picture that each worker has made, by worker id. */
export async function tilesByWorker(page: Page): Promise<Record<string, number>> {
  const rows = await page
    .getByTestId("worker")
    .evaluateAll((all) =>
      all.map(
        (row) =>
          [row.getAttribute("data-worker")!, parseInt(row.querySelector("[data-testid=tiles]")!.textContent!)] as const,
      ),
    );
  return Object.fromEntries(rows);
}

/** The share that a worker's bar shows, 0…1. */
export async function shareOf(page: Page, workerId: string): Promise<number> {
  const bar = page.locator(`[data-worker="${workerId}"]`).getByRole("meter");
  return Number(await bar.getAttribute("aria-valuenow")) / 100;
}

/** The id, the name or the text of what has the focus. */
export function focusedName(page: Page): Promise<string> {
  return page.evaluate(() => {
    const focused = document.querySelector("inference-sharder")!.shadowRoot!.activeElement;
    if (focused === null) return "";
    return focused.id || (focused.getAttribute("aria-label") ?? focused.textContent ?? "").trim();
  });
}

/** Press Tab until the focus is on the element with this id or text. */
export async function tabTo(page: Page, name: string): Promise<void> {
  const passed: string[] = [];
  for (let presses = 0; presses < 90; presses++) {
    await page.keyboard.press("Tab");
    const here = await focusedName(page);
    if (here === name) return;
    passed.push(here);
  }
  throw new Error(`Expected Tab to reach "${name}", received the focus on ${passed.join(", ")}.`);
}
