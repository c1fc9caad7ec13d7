import { messageOf } from "../../protocol/error-record.js";
import type { LoadNotice } from "./load-notice.js";
import { ModelCache } from "./model-cache.js";

/** What of a `RequestInit` changes nothing in who may see the answer. */
const HARMLESS = new Set(["signal", "mode", "redirect", "referrer", "referrerPolicy", "priority", "keepalive"]);

/**
 * The cache for a model at `url`, or `undefined` with a notice where the browser has none.
 *
 * Without a notice for what must not be kept: an address that is not http(s), and a model that takes headers, credentials
 * or anything else of the caller's to get, for whoever comes next on this machine may not have those.
 */
export async function openModelCache(
  url: string,
  requestInit: RequestInit | undefined,
  onNotice: (notice: LoadNotice) => void,
): Promise<ModelCache | undefined> {
  if (!/^https?:/.test(url) || !isForAnyone(requestInit)) return undefined;
  try {
    return await ModelCache.open();
  } catch (thrown) {
    onNotice({
      code: "cache-unavailable",
      message: `This page can't keep models (${messageOf(thrown)}): ${url} is downloaded each time.`,
    });
    return undefined;
  }
}

function isForAnyone(requestInit: RequestInit = {}): boolean {
  return Object.entries(requestInit).every(
    ([key, value]) =>
      value === undefined ||
      HARMLESS.has(key) ||
      (key === "credentials" && (value === "omit" || value === "same-origin")),
  );
}
