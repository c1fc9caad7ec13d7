/** What a run of the page needs so that it can be resumed after a reload. */
export interface KeptRun {
  /** Whatever was kept as JSON; it may be of an older version of the page. */
  readonly description: unknown;
  readonly files: readonly File[];
}

const CACHE_NAME = "inference-sharder/page";

/** More than this is not kept: the user is asked for the files again. */
export const MAX_KEPT_BYTES = 512 * 1024 * 1024;

/**
 * Keeps the last run of a tab in the browser's Cache API, which takes files of any size and outlives the page. Where there is none, in
 * insecure and some private pages, nothing is kept. Never rejects.
 */
export class KeptJob {
  readonly #folder: string;
  /** Changes follow each other. */
  #last: Promise<void> = Promise.resolve();

  /** @param id of the tab. */
  constructor(id: string) {
    this.#folder = `kept-job/${id}/`;
  }

  /** Replaces what was kept. */
  keep(description: object, files: readonly File[]): Promise<void> {
    return this.#change(async (cache) => {
      await this.#clear(cache);
      await Promise.all(
        files.map((file, index) =>
          cache.put(
            this.#address(String(index)),
            new Response(file, { headers: { "x-name": encodeURIComponent(file.name), "content-type": file.type } }),
          ),
        ),
      );
      // Last, so that what is found is whole.
      const names = files.map(({ name }) => name);
      await cache.put(this.#address("description"), new Response(JSON.stringify({ description, names })));
    });
  }

  async find(): Promise<KeptRun | undefined> {
    try {
      const cache = await caches.open(CACHE_NAME);
      const described = await cache.match(this.#address("description"));
      if (described === undefined) return undefined;
      const { description, names } = (await described.json()) as { description: unknown; names: readonly string[] };
      const files = await Promise.all(names.map((name, index) => this.#read(cache, name, index)));
      return files.includes(undefined) ? undefined : { description, files: files.filter((file) => file !== undefined) };
    } catch {
      return undefined;
    }
  }

  forget(): Promise<void> {
    return this.#change((cache) => this.#clear(cache));
  }

  async #read(cache: Cache, name: string, index: number): Promise<File | undefined> {
    const blob = await (await cache.match(this.#address(String(index))))?.blob();
    return blob && new File([blob], name, { type: blob.type });
  }

  async #clear(cache: Cache): Promise<void> {
    const own = (await cache.keys()).filter(({ url }) => url.startsWith(this.#address("")));
    await Promise.all(own.map((request) => cache.delete(request)));
  }

  #change(work: (cache: Cache) => Promise<void>): Promise<void> {
    this.#last = this.#last.then(async () => {
      try {
        await work(await caches.open(CACHE_NAME));
      } catch {
        // No storage, or no room: the run can't be resumed after a reload, and the journal's own notice says so.
      }
    });
    return this.#last;
  }

  #address(name: string): string {
    return new URL(this.#folder + name, document.baseURI).href;
  }
}
