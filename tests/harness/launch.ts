import { chromium, type Browser, type BrowserContext, type BrowserContextOptions, type Page } from "playwright";
import { inject } from "vitest";
import { chromiumArgs } from "../../scripts/browser.mjs";
import { attachChaosBridge, crashArgs } from "../../scripts/chaos-bridge.mjs";

export interface OpenPage {
  readonly page: Page;
  readonly browser: Browser;
  /** Console errors and uncaught errors of the page as text, in their order. Should be empty. */
  readonly errors: readonly string[];
  /** Closes all pages that were opened in `browser`, and the browser itself where it is the page's own. */
  close(): Promise<void>;
}

interface OpenOptions {
  /** Further flags for the browser, which is then the page's own. */
  readonly args?: readonly string[];
  /** Called with the page before it is loaded. */
  readonly prepare?: (page: Page) => Promise<void>;
  /** Whether the test names servers that take shards. Otherwise the page may ask nobody but its own: `close` rejects if it has. */
  readonly namesRemotes?: boolean;
  /** Of the page's browser context, such as a touch screen. */
  readonly device?: BrowserContextOptions;
}

/** What a page stores is its own, as in a private window; the browser's processes are shared with the pages of other tests. */
async function open(
  url: string,
  { args, prepare, namesRemotes = false, device = {} }: OpenOptions = {},
): Promise<OpenPage> {
  const { endpoint, executablePath } = inject("chromium");
  const browser =
    args === undefined
      ? await chromium.connect(endpoint)
      : await chromium.launch({ executablePath, args: [...chromiumArgs(), ...args] });
  const strays: string[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(browser.contexts().map((context) => context.close()));
    await browser.close();
    if (strays.length > 0 && !namesRemotes) {
      const shown = strays.slice(0, 5).join(", ");
      throw new Error(
        `Expected no server to be asked that nobody named, received ${strays.length} requests: ${shown}.`,
      );
    }
  };
  try {
    const context = await browser.newContext(device);
    // Of its workers and frames, too.
    context.on("request", (request) => {
      if (isStray(request.url())) strays.push(`${request.method()} ${request.url()}`);
    });
    const page = await context.newPage();
    const errors: string[] = [];
    page.on("console", (message) => {
      if (message.type() === "error") errors.push(`console: ${message.text()} (${message.location().url})`);
    });
    page.on("pageerror", (error) => errors.push(`uncaught: ${error.stack ?? error.message}`));
    await prepare?.(page);
    await page.goto(url);
    return { page, browser, errors, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Whether an address is of another machine, or of a model on a server: tests serve everything else from this one. */
function isStray(url: string): boolean {
  const { protocol, hostname, pathname } = new URL(url);
  return /^(http|ws)/.test(protocol) && (hostname !== "127.0.0.1" || /^\/v2(\/|$)/.test(pathname));
}

/**
 * Open the test harness; with `isolated: false` it has no SharedArrayBuffer.
 * @param url another address that serves it
 * @param ownBrowser for a test that crashes a process of the browser
 * @param namesRemotes as in `OpenOptions`
 */
export function openHarness({
  isolated = true,
  url,
  ownBrowser = false,
  namesRemotes = false,
}: { isolated?: boolean; url?: string; ownBrowser?: boolean; namesRemotes?: boolean } = {}): Promise<OpenPage> {
  const { harness, plainHarness } = inject("urls");
  return open(url ?? (isolated ? harness : plainHarness), { namesRemotes, ...(ownBrowser ? { args: [] } : {}) });
}

/** Open the test harness in a browser whose GPU process may crash, with the bridge that `harness.runScenario` needs. */
export function openChaos(): Promise<OpenPage> {
  return open(inject("urls").harness, { args: crashArgs, prepare: attachChaosBridge });
}

/** Open the test harness in a browser that measures memory at once, not when it sees fit. */
export function openMeasured(): Promise<OpenPage> {
  return open(inject("urls").harness, { args: ["--enable-blink-features=ForceEagerMeasureMemory"] });
}

/** Open the page as it is deployed. @param path relative to its address, such as "?embed=1". */
export function openApp(path = "", options: OpenOptions = {}): Promise<OpenPage> {
  return open(new URL(path, inject("urls").app).href, options);
}

/** Open a page that shows nothing yet: for tests of what comes first, or of several pages that share a storage. */
export function openBlank(): Promise<OpenPage> {
  return open("about:blank");
}

/** A browser whose storage is in a folder, as a user's is, so that it outlives the browser. */
export async function openProfile(folder: string): Promise<BrowserContext> {
  const { executablePath } = inject("chromium");
  return chromium.launchPersistentContext(folder, { executablePath, args: chromiumArgs() });
}

/** The address of the test harness. */
export function harnessUrl(): string {
  return inject("urls").harness;
}
