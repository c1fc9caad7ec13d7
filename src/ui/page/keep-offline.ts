/** The first job has the network and the cores to itself. */
const WAIT_MS = 2_000;

/**
 * Keep the page for use without a network: register its service worker once the page has loaded. Only a page that the user opened
 * is kept, not one in a frame. Where there is no service worker (private windows, plain HTTP, `npm run dev`), nothing happens.
 */
export function keepOffline(): void {
  if (!("serviceWorker" in navigator) || window.top !== window) return;
  const later = (): void => void setTimeout(() => void register().catch(() => {}), WAIT_MS);
  if (document.readyState === "complete") later();
  else addEventListener("load", later, { once: true });
}

async function register(): Promise<void> {
  await navigator.serviceWorker.register(new URL("service-worker.js", document.baseURI));
  const { active } = await navigator.serviceWorker.ready;
  // What has been loaded before the first registration did not pass the service worker.
  active?.postMessage({ loaded: performance.getEntriesByType("resource").map(({ name }) => name) });
}
