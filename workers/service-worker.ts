// The page's service worker, which makes it work without a network after the first visit. A new build's service worker waits until
// no page of the old build is open, so a page never gets files of two builds.
import { KeptFiles } from "./offline/kept-files.js";
import { pathInScope, routeOf, type OfflineBuild } from "./offline/route.js";

declare const self: ServiceWorkerGlobalScope & {
  /** Written in front of this script by scripts/offline-plugin.mjs. */
  readonly OFFLINE_BUILD: OfflineBuild;
};

const build = self.OFFLINE_BUILD;
const { scope } = self.registration;
const files = new KeptFiles(build, scope);

self.addEventListener("install", (event) => event.waitUntil(files.keepFirst()));

self.addEventListener("activate", (event) => {
  event.waitUntil(files.dropOthers().then(() => self.clients.claim()));
});

self.addEventListener("message", (event) => {
  if (!isLoaded(event.data)) return;
  const paths = event.data.loaded.flatMap((url) => pathInScope(url, scope) ?? []);
  event.waitUntil(files.keepUsed(paths));
});

self.addEventListener("fetch", (event) => {
  const route = routeOf(event.request, scope, build);
  if (route === "network") return;
  event.respondWith(answer(event, route));
});

function answer(event: FetchEvent, route: "page" | "hashed" | "plain"): Promise<Response> {
  if (route === "page") return files.page(event.request);
  return route === "plain" ? files.plain(event.request) : files.hashed(event.request, (done) => event.waitUntil(done));
}

/** What the page sends: the addresses of everything that it has loaded before it had a service worker. */
function isLoaded(message: unknown): message is { readonly loaded: readonly string[] } {
  return (
    typeof message === "object" &&
    message !== null &&
    "loaded" in message &&
    Array.isArray(message.loaded) &&
    message.loaded.every((url) => typeof url === "string")
  );
}
