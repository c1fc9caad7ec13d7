import { afterEach, expect, it, vi } from "vitest";
import { KeptFiles } from "../../../../workers/offline/kept-files.js";

const SCOPE = "https://host.test/demo/";
const BUILD = { version: "1", entry: "assets/index-1.js", first: ["assets/index-1.js", "icon.svg"], onUse: [] };

/** The part of the browser's storage that is used here, which Node has not. */
function useCaches(): ReadonlyMap<string, Response> {
  const kept = new Map<string, Response>();
  const addressOf = (asked: Request | string): string => (typeof asked === "string" ? asked : asked.url);
  const put = async (asked: Request | string, answer: Response): Promise<void> =>
    void kept.set(addressOf(asked), answer);
  const cache = {
    match: async (asked: Request | string) => kept.get(addressOf(asked))?.clone(),
    put,
    addAll: async (all: readonly Request[]) => {
      for (const asked of all) await put(asked, await fetch(asked));
    },
  };
  vi.stubGlobal("caches", { open: async () => cache });
  return kept;
}

afterEach(() => vi.unstubAllGlobals());

it("keeps no page that a host sends in place of a missing script", async () => {
  const kept = useCaches();
  const files = new KeptFiles(BUILD, SCOPE);
  const ask = async (type: string): Promise<Promise<void>[]> => {
    vi.stubGlobal("fetch", async () => new Response("…", { headers: { "content-type": type } }));
    const keeping: Promise<void>[] = [];
    await files.hashed(new Request(`${SCOPE}assets/index-1.js`), (done) => keeping.push(done));
    await Promise.all(keeping);
    return keeping;
  };
  expect(await ask("text/html; charset=utf-8")).toEqual([]);
  expect(kept.size).toBe(0);
  expect(await ask("text/javascript")).toHaveLength(1);
  expect(kept.size).toBe(1);
});

it("keeps the page's files as they are on the server, but trusts those that are named by their content", async () => {
  useCaches();
  const asked: Record<string, RequestCache> = {};
  vi.stubGlobal("fetch", async (request: Request | string, init?: RequestInit) => {
    const { url, cache } = new Request(request, init);
    asked[url.slice(SCOPE.length)] = cache;
    return new Response("<script src=./assets/index-1.js>");
  });
  await new KeptFiles(BUILD, SCOPE).keepFirst();
  expect(asked).toEqual({ "": "no-cache", "assets/index-1.js": "default", "icon.svg": "no-cache" });
});

it("waits for the page only until it begins to come", async () => {
  vi.useFakeTimers();
  try {
    const kept = useCaches();
    vi.stubGlobal("fetch", async () => new Response("the copy, with assets/index-1.js"));
    const files = new KeptFiles(BUILD, SCOPE);
    await files.keepFirst();
    expect(kept.size).toBe(3);
    let ended: AbortSignal | undefined;
    const answerAfter =
      (ms: number) =>
      (_: Request, { signal }: { readonly signal: AbortSignal }) => {
        ended = signal;
        return new Promise<Response>((resolve, reject) => {
          setTimeout(() => resolve(new Response("the page")), ms);
          signal.addEventListener("abort", () => reject(signal.reason as Error));
        });
      };
    const page = async (ms: number): Promise<string> => {
      vi.stubGlobal("fetch", answerAfter(ms));
      const answer = files.page(new Request(SCOPE));
      await vi.advanceTimersByTimeAsync(60_000);
      return (await answer).text();
    };
    expect(await page(3_000)).toBe("the page");
    // Its body may take longer.
    expect(ended?.aborted).toBe(false);
    expect(await page(30_000)).toContain("the copy");
  } finally {
    vi.useRealTimers();
  }
});
