import { isHashed, type OfflineBuild } from "./route.js";

/** index.html, at the address that every host answers without a redirection. */
const PAGE = "./";
/** After this, a page from the copy is better than a blank one. */
const PAGE_DEADLINE_MS = 4_000;

/** The copies of one build's files, in a cache of its own. */
export class KeptFiles {
  readonly #build: OfflineBuild;
  /** Absolute, ending with "/". Several builds may live on one origin, in folders of their own. */
  readonly #scope: string;

  constructor(build: OfflineBuild, scope: string) {
    this.#build = build;
    this.#scope = scope;
  }

  get #prefix(): string {
    return `inference-sharder page ${this.#scope} `;
  }

  #open(): Promise<Cache> {
    return caches.open(this.#prefix + this.#build.version);
  }

  /**
   * Keep what the page and its default job need.
   * @throws if a file is missing, or if the server has another build's page by now; the browser then tries again later.
   */
  async keepFirst(): Promise<void> {
    const cache = await this.#open();
    const page = await fetch(this.#address(PAGE), { cache: "no-cache" });
    const html = await page.text();
    if (!page.ok || !html.includes(this.#build.entry)) {
      throw new Error(`Expected the page of build ${this.#build.version}, received another one: it is kept later.`);
    }
    // A redirected response may not answer a navigation, so the copy is made anew, without what described the transfer.
    const headers = new Headers(page.headers);
    for (const name of ["content-encoding", "content-length"]) headers.delete(name);
    await cache.put(this.#address(PAGE), new Response(html, { headers }));
    await cache.addAll(this.#build.first.map((path) => this.#request(path)));
  }

  /** Keep further files of this build, which the page has already loaded. Files that can't be had are left out. */
  async keepUsed(paths: readonly string[]): Promise<void> {
    const cache = await this.#open();
    const wanted = paths.filter((path) => this.#build.onUse.includes(path));
    await Promise.allSettled(
      wanted.map(async (path) => {
        if ((await cache.match(this.#address(path))) === undefined) await cache.add(this.#request(path));
      }),
    );
  }

  /** Delete the copies of the builds before this one. */
  async dropOthers(): Promise<void> {
    const own = this.#prefix + this.#build.version;
    const others = (await caches.keys()).filter((name) => name.startsWith(this.#prefix) && name !== own);
    await Promise.all(others.map((name) => caches.delete(name)));
  }

  /** The copy if there is one, else the network's answer, of which a copy is kept. */
  async hashed(request: Request, onKeep: (done: Promise<void>) => void): Promise<Response> {
    const cache = await this.#open();
    const kept = await cache.match(request.url, { ignoreVary: true });
    if (kept !== undefined) return kept;
    const answer = await fetch(request);
    // Some hosts answer with their page where a file is missing, and with 200: that must not stand for the file from then on.
    const isPage = answer.headers.get("content-type")?.startsWith("text/html") === true;
    // Without room for the copy, the page works as if there were no service worker.
    if (answer.status === 200 && !isPage) onKeep(cache.put(request.url, answer.clone()).catch(() => {}));
    return answer;
  }

  /** The network's answer, or the copy if no server answers. */
  async plain(request: Request): Promise<Response> {
    try {
      return await fetch(request);
    } catch (thrown) {
      return (await this.#kept(request.url)) ?? Promise.reject(thrown);
    }
  }

  /** The page from the network, so that a new build is seen at once; its copy if the server fails or hesitates. */
  async page(request: Request): Promise<Response> {
    const kept = await this.#kept(this.#address(PAGE));
    if (kept === undefined) return fetch(request);
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), PAGE_DEADLINE_MS);
    try {
      const answer = await fetch(request, { signal: deadline.signal });
      return answer.status < 500 ? answer : kept;
    } catch {
      return kept;
    } finally {
      // An answer that has begun is not cut off, however slowly it comes.
      clearTimeout(timer);
    }
  }

  async #kept(url: string): Promise<Response | undefined> {
    const { origin, pathname } = new URL(url);
    return (await this.#open()).match(origin + pathname, { ignoreVary: true });
  }

  /** A file whose name stays may be that of the build before in the browser's own cache. */
  #request(path: string): Request {
    return new Request(this.#address(path), { cache: isHashed(path) ? "default" : "no-cache" });
  }

  #address(path: string): string {
    return new URL(path, this.#scope).href;
  }
}
