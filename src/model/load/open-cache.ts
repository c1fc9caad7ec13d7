import { messageOf } from "../../protocol/error-record.js";
import type { LoadNotice } from "./load-notice.js";
import { ModelCache } from "./model-cache.js";

/** Options of a `RequestInit` that have no influence on who may see the response. */
const HARMLESS = new Set(["signal", "mode", "redirect", "referrer", "referrerPolicy", "priority", "keepalive"]);

/**
 * Open the cache for a model at `url`. Returns `undefined`, with a notice, if the browser doesn't provide one.
 *
 * Returns `undefined` without a notice for models that must not be kept: those whose address is not http(s), and those whose
 * download needs headers, credentials or other options of the caller, which the next user of this machine may not have.
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
      message: `This page can't store models (${messageOf(thrown)}): ${url} is downloaded every time.`,
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
