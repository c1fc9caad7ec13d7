import { chromium, type Browser, type BrowserContext, type Page } from "playwright";
import { inject } from "vitest";
import { chromiumArgs, findChromium } from "../../scripts/browser.mjs";
import { attachChaosBridge, crashArgs } from "../../scripts/chaos-bridge.mjs";

export interface OpenPage {
  readonly page: Page;
  readonly browser: Browser;
  /** Console errors and uncaught errors of the page as text, in their order. Should be empty. */
  readonly errors: readonly string[];
  /** Closes the browser; each test file opens its own. */
  close(): Promise<void>;
}

/** @param prepare called with the page before it is loaded. @param args further flags for the browser. */
async function open(
  url: string,
  args: readonly string[] = [],
  prepare: (page: Page) => Promise<void> = async () => {},
): Promise<OpenPage> {
  const executablePath = await findChromium();
  if (executablePath === undefined) throw new Error("Expected a Chromium on this machine: npm test installs one.");
  const browser = await chromium.launch({ executablePath, args: [...chromiumArgs(), ...args] });
  try {
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on("console", (message) => {
      if (message.type() === "error") errors.push(`console: ${message.text()} (${message.location().url})`);
    });
    page.on("pageerror", (error) => errors.push(`uncaught: ${error.stack ?? error.message}`));
    await prepare(page);
    await page.goto(url);
    return { page, browser, errors, close: () => browser.close() };
  } catch (error) {
    await browser.close();
    throw error;
  }
}

/**
 * Open the test harness; with `isolated: false` it has no SharedArrayBuffer.
 * @param url another address that serves it
 */
export function openHarness({ isolated = true, url }: { isolated?: boolean; url?: string } = {}): Promise<OpenPage> {
  const { harness, plainHarness } = inject("urls");
  return open(url ?? (isolated ? harness : plainHarness));
}

/** Open the test harness in a browser whose GPU process may crash, with the bridge that `harness.runScenario` needs. */
export function openChaos(): Promise<OpenPage> {
  return open(inject("urls").harness, crashArgs, attachChaosBridge);
}

/** Open the test harness in a browser that measures memory at once, not when it sees fit. */
export function openMeasured(): Promise<OpenPage> {
  return open(inject("urls").harness, ["--enable-blink-features=ForceEagerMeasureMemory"]);
}

/** Open the page as it is deployed. @param path relative to its address, such as "?embed=1". @param args further flags for the browser. */
export function openApp(path = "", args: readonly string[] = []): Promise<OpenPage> {
  return open(new URL(path, inject("urls").app).href, args);
}

/** A browser whose storage is in a folder, as a user's is, so that it outlives the browser. */
export async function openProfile(folder: string): Promise<BrowserContext> {
  const executablePath = await findChromium();
  if (executablePath === undefined) throw new Error("Expected a Chromium on this machine: npm test installs one.");
  return chromium.launchPersistentContext(folder, { executablePath, args: chromiumArgs() });
}

/** The address of the test harness. */
export function harnessUrl(): string {
  return inject("urls").harness;
}
