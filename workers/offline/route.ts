/** What the build knows about itself, written in front of the service worker's script. Addresses are relative to its scope. */
export interface OfflineBuild {
  /** Changes with any file of the build. */
  readonly version: string;
  /** The page's own script, which only this build's index.html names. */
  readonly entry: string;
  /** Files to keep from the start: what the page and its default job need. */
  readonly first: readonly string[];
  /** Files to keep once they have been used, such as the workers of other backends. */
  readonly onUse: readonly string[];
}

/**
 * How a request is answered. `page`: index.html, from the network if it answers, else this build's copy. `hashed`: a file
 * whose name changes with its content, so that the copy is as good as the original. `plain`: a file whose name stays, from
 * the network if it answers, else this build's copy. `network`: not touched.
 */
export type Route = "page" | "hashed" | "plain" | "network";

/** The part of a `Request` that decides. */
export interface RouteRequest {
  readonly method: string;
  readonly url: string;
  readonly mode: string;
  readonly headers: Pick<Headers, "has">;
}

/** Vite puts the files that it names by their content here. */
const HASHED = "assets/";

/** Whether a file's name changes with its content. @param path relative to the scope. */
export function isHashed(path: string): boolean {
  return path.startsWith(HASHED);
}

/**
 * The path of an address below the scope, without query and fragment; `undefined` if it lies elsewhere.
 * @param scope absolute, ending with "/".
 */
export function pathInScope(url: string, scope: string): string | undefined {
  const address = new URL(url);
  const { origin, pathname } = new URL(scope);
  if (address.origin !== origin || !address.pathname.startsWith(pathname)) return undefined;
  return address.pathname.slice(pathname.length);
}

/** Other origins, ranges of files, and whatever is not of this build are left to the network. */
export function routeOf({ method, url, mode, headers }: RouteRequest, scope: string, build: OfflineBuild): Route {
  const path = pathInScope(url, scope);
  if (path === undefined || method !== "GET" || headers.has("range")) return "network";
  if (mode === "navigate") return path === "" || path === "index.html" ? "page" : "network";
  if (!build.first.includes(path) && !build.onUse.includes(path)) return "network";
  return isHashed(path) ? "hashed" : "plain";
}
