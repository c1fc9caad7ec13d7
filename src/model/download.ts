import { ShardError } from "../core/errors.js";
import { throwIfAborted } from "../protocol/abort.js";
import { messageOf } from "../protocol/error-record.js";

export interface DownloadOptions {
  readonly requestInit?: RequestInit | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Fetch one file whole.
 *
 * @param what decides the error's code and words.
 * @param onBytes called with the size of every piece that arrives.
 * @throws ShardError "model-not-found" or "weights-missing" (HTTP status, or a page instead of weights),
 *         "model-network" (no answer, or it broke off), "aborted".
 */
export async function download(
  url: string,
  what: "model" | "weights",
  options: DownloadOptions,
  onBytes: (byteCount: number) => void,
): Promise<ArrayBuffer> {
  const { signal, requestInit } = options;
  throwIfAborted(signal);
  try {
    const response = await fetch(url, { ...requestInit, ...(signal ? { signal } : {}) });
    if (!response.ok) throw missing(url, what, `HTTP ${response.status} ${response.statusText}`.trim());
    if (what === "weights" && /text\/html/.test(response.headers.get("content-type") ?? "")) {
      throw missing(url, what, "an HTML page");
    }
    return await readBody(response, onBytes);
  } catch (thrown) {
    throwIfAborted(signal);
    if (thrown instanceof ShardError) throw thrown;
    throw new ShardError(
      "model-network",
      `Expected to download ${url}, received a network failure (${messageOf(thrown)}): check the connection and that the server allows this page to read it (CORS, Cross-Origin-Resource-Policy).`,
      { cause: thrown },
    );
  }
}

async function readBody(response: Response, onBytes: (byteCount: number) => void): Promise<ArrayBuffer> {
  if (response.body === null) return new ArrayBuffer(0);
  const reader = response.body.getReader();
  const pieces: Uint8Array[] = [];
  let byteLength = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    pieces.push(value);
    byteLength += value.byteLength;
    onBytes(value.byteLength);
  }
  const whole = new Uint8Array(byteLength);
  let offset = 0;
  for (const piece of pieces) {
    whole.set(piece, offset);
    offset += piece.byteLength;
  }
  return whole.buffer;
}

function missing(url: string, what: "model" | "weights", received: string): ShardError {
  return what === "model"
    ? new ShardError("model-not-found", `Expected a model.json at ${url}, received ${received}: check the address.`)
    : new ShardError(
        "weights-missing",
        `Expected a weight file at ${url}, received ${received}: put the weight files named in model.json beside it.`,
      );
}
