// What only the driver of a browser can do to the workers of a page: endless loops, and crashes of the GPU process.

/** How long a worker may take to answer before a loop is started in it, ms. One that is stuck already answers never. */
const ANSWER_LIMIT_MS = 1_000;

/** Flags for a Chromium whose GPU process crashes again and again: by default, it then takes WebGL and WebGPU away. */
export const crashArgs = ["--disable-gpu-process-crash-limit", "--disable-domain-blocking-for-3d-apis"];

/**
 * Offer `chaosBridge` (tests/chaos/page/inflict.ts) to a page. Call this before the page is loaded.
 * @param {import("playwright").Page} page
 */
export async function attachChaosBridge(page) {
  /** @type {Map<string, import("playwright").Worker>} the latest worker of each name */
  const workers = new Map();
  page.on("worker", (worker) => {
    worker.evaluate("self.name").then(
      (name) => void workers.set(String(name), worker),
      () => {},
    );
  });
  await page.exposeFunction("chaosLoop", async (/** @type {string} */ name) => {
    const worker = workers.get(name);
    if (worker === undefined) return false;
    const answered = worker.evaluate("true").catch(() => false);
    if (!(await Promise.race([answered, after(ANSWER_LIMIT_MS)]))) return false;
    // It settles when the worker is ended.
    worker.evaluate("for (;;) {}").catch(() => {});
    return true;
  });
  await page.exposeFunction("chaosCrashGpu", async () => {
    const session = await page.context().browser()?.newBrowserCDPSession();
    if (session === undefined) return false;
    // Chromium answers it only sometimes.
    await Promise.race([session.send("Browser.crashGpuProcess").catch(() => {}), after(500)]);
    await session.detach().catch(() => {});
    return true;
  });
}

/** @param {number} ms @returns {Promise<false>} */
function after(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms, false));
}
