import { MAX_KEPT_BYTES } from "../parts/kept-job.js";
import { QueueEntry } from "./queue-entry.js";

/** What was kept of the pictures when the page was closed. */
export interface KeptQueue {
  readonly entries: readonly QueueEntry[];
  /** Tiles of the picture that was being enlarged; `undefined` if it was none, or not decoded yet. */
  readonly tileCount: number | undefined;
}

/** "no-room": there is no storage, or it is full. */
export type KeepOutcome = "kept" | "too-large" | "other-tab" | "no-room";

/** How the list is kept; an older version of the page may have written something else. */
interface KeptList {
  readonly version: 1;
  readonly pictures: readonly KeptPicture[];
  readonly tileCount?: number | undefined;
}

interface KeptPicture {
  readonly id: number;
  readonly name: string;
  readonly path?: string | undefined;
  readonly state: "waiting" | "done" | "failed";
  readonly size?: { readonly width: number; readonly height: number } | undefined;
  readonly reason: string;
}

/** How long to wait for the lock of a page that is being closed, or has crashed, ms. A second tab waits as long with its first picture. */
const LOCK_PATIENCE_MS = 1_000;

/**
 * Keeps the pictures of this tab, and the finished results of a list, in the browser's Cache API, which takes files of any size and outlives
 * the page. Where there is none, or no room, nothing is kept. Never rejects.
 */
export class QueueStore {
  /** Of the cache, and of the lock that is held by the tab whose pictures are kept; other tabs keep none. */
  readonly #name: string;
  readonly #stored = new Set<number>();
  #claim: Promise<boolean> | undefined;
  #release: () => void = () => {};
  #isClosed = false;
  /** Changes follow each other. */
  #last: Promise<void> = Promise.resolve();

  /** @param name one that no other element of the page has. */
  constructor(name: string) {
    this.#name = name;
  }

  /** Write down which pictures there are and how far they are, and store the files that are new. */
  async keep(entries: readonly QueueEntry[], tileCount: number | undefined): Promise<KeepOutcome> {
    const bytes = entries.reduce((total, { picture }) => total + picture.blob.size, 0);
    if (bytes > MAX_KEPT_BYTES) return "too-large";
    if (!(await this.#isOurs())) return "other-tab";
    const list: KeptList = { version: 1, pictures: entries.map(toKept), tileCount };
    const ids = new Set(entries.map(({ id }) => id));
    const isKept = await this.#change(async (cache) => {
      for (const id of this.#stored) {
        if (ids.has(id)) continue;
        this.#stored.delete(id);
        await Promise.all([cache.delete(address(`source/${id}`)), cache.delete(address(`result/${id}`))]);
      }
      for (const { id, picture } of entries) {
        if (this.#stored.has(id)) continue;
        await cache.put(address(`source/${id}`), new Response(picture.blob));
        // Not before: without room, the list would otherwise be kept without this picture, and so be of no use.
        this.#stored.add(id);
      }
      // Last, so that what is found is whole.
      await cache.put(address("list"), new Response(JSON.stringify(list)));
    });
    return isKept ? "kept" : "no-room";
  }

  /** @returns the result as it is stored, or, where that is impossible, as it was given. */
  async keepResult(id: number, png: Blob): Promise<Blob> {
    if (!(await this.#isOurs())) return png;
    let stored: Blob | undefined;
    await this.#change(async (cache) => {
      await cache.put(address(`result/${id}`), new Response(png));
      stored = await (await cache.match(address(`result/${id}`)))?.blob();
    });
    return stored?.size === png.size ? stored : png;
  }

  /** @returns `undefined` if nothing was kept, or another tab is at it. */
  async find(): Promise<KeptQueue | undefined> {
    try {
      const cache = await caches.open(this.#name);
      const response = await cache.match(address("list"));
      if (response === undefined || !(await this.#isOurs())) return undefined;
      const { version, pictures, tileCount } = (await response.json()) as KeptList;
      if (version !== 1) return undefined;
      const entries = await Promise.all(pictures.map((picture) => restore(cache, picture)));
      for (const { id } of pictures) this.#stored.add(id);
      return entries.includes(undefined)
        ? undefined
        : { entries: entries.filter((entry) => entry !== undefined), tileCount };
    } catch {
      return undefined;
    }
  }

  /** Nothing is left to be resumed. */
  async forget(): Promise<void> {
    if (this.#claim === undefined || !(await this.#claim)) return;
    await this.#change(async (cache) => {
      this.#stored.clear();
      await cache.delete(address("list"));
      await Promise.all((await cache.keys()).map((request) => cache.delete(request)));
    });
  }

  /** The element leaves the page. */
  close(): void {
    this.#isClosed = true;
    this.#release();
  }

  /** Whether this tab is the one whose pictures are kept. */
  #isOurs(): Promise<boolean> {
    this.#claim ??= this.#claimLock().then((isOurs) => {
      if (!isOurs) this.#claim = undefined;
      return isOurs;
    });
    return this.#claim;
  }

  #claimLock(): Promise<boolean> {
    // Without locks or a cache, as in an insecure page, nothing could be kept.
    if (!("locks" in navigator) || !("caches" in globalThis)) return Promise.resolve(false);
    return new Promise((resolve) => {
      const signal = AbortSignal.timeout(LOCK_PATIENCE_MS);
      navigator.locks
        .request(this.#name, { signal }, () => {
          resolve(!this.#isClosed);
          // It may have been closed while it waited.
          return this.#isClosed ? undefined : new Promise<void>((release) => this.#hold(release));
        })
        .catch(() => resolve(false));
    });
  }

  /** The page that comes next after a reload may ask before the browser has taken the lock from this one. */
  #hold(release: () => void): void {
    const onPageHide = (): void => {
      this.#claim = undefined;
      this.#release();
    };
    addEventListener("pagehide", onPageHide);
    this.#release = () => {
      removeEventListener("pagehide", onPageHide);
      release();
    };
  }

  /** @returns whether it worked: there may be no storage, or no room. */
  async #change(work: (cache: Cache) => Promise<void>): Promise<boolean> {
    const done = this.#last.then(async () => {
      try {
        await work(await caches.open(this.#name));
        return true;
      } catch {
        return false;
      }
    });
    this.#last = done.then(() => {});
    return done;
  }
}

function toKept({ id, picture, state, size, reason, result }: QueueEntry): KeptPicture {
  const { name, path } = picture;
  // A result that is not stored yet would be missing after a reload.
  const kept = state === "failed" || (state === "done" && result !== undefined) ? state : "waiting";
  return { id, name, path, state: kept, size, reason };
}

async function restore(
  cache: Cache,
  { id, name, path, state, size, reason }: KeptPicture,
): Promise<QueueEntry | undefined> {
  const blob = await (await cache.match(address(`source/${id}`)))?.blob();
  if (blob === undefined) return undefined;
  const entry = new QueueEntry(id, { blob, name, path });
  entry.size = size;
  entry.reason = reason;
  entry.result = await (await cache.match(address(`result/${id}`)))?.blob();
  entry.state = state === "done" && entry.result === undefined ? "waiting" : state;
  return entry;
}

function address(name: string): string {
  return new URL(`kept-pictures/${name}`, document.baseURI).href;
}
