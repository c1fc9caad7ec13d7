import { ShardError } from "../../core/errors.js";
import { throwIfAborted } from "../../protocol/abort.js";
import { readPieces, type ByteTarget } from "./byte-target.js";
import { download, type DownloadOptions, type DownloadOutcome } from "./download.js";
import { readFacts, type FileFacts, type FileKind } from "./file-response.js";
import { countOnce } from "./load-progress.js";
import { guardedFetch } from "./guarded-fetch.js";
import type { FilesInCache, StoredFile } from "./model-cache.js";
import { REAL_PACING } from "./retry.js";
import { withStallWatch } from "./stall-watch.js";

/** Where a file came from: the server; the cache, after the server confirmed the copy; or the cache alone, unconfirmed. */
export type LoadedFile =
  | { readonly origin: "server"; readonly url: string; readonly facts: FileFacts; readonly replaced?: StoredFile }
  | { readonly origin: "cache"; readonly url: string; readonly stored: StoredFile }
  | {
      readonly origin: "cache-unchecked";
      readonly url: string;
      readonly stored: StoredFile;
      readonly reason: ShardError;
    };

export interface LoadFileOptions extends Omit<DownloadOptions, "unless"> {
  readonly cache: FilesInCache | undefined;
  /** Set if the server is already known to be unreachable, so that it is not asked again. */
  readonly offline?: ShardError | undefined;
  /** Whether a copy may be used that the server has not confirmed. */
  readonly mayGoUnchecked: (stored: StoredFile) => boolean;
}

/**
 * Load one file. The copy in the cache is used if the server confirms that it is current, or doesn't answer.
 * @throws ShardError as `download` does.
 */
export async function loadFile(
  url: string,
  kind: FileKind,
  target: ByteTarget,
  options: LoadFileOptions,
): Promise<LoadedFile> {
  const { cache, offline, mayGoUnchecked } = options;
  const stored = await cache?.find(url);
  if (cache === undefined || stored === undefined) {
    if (offline !== undefined) throw offline;
    const { facts } = await download(url, kind, target, options);
    return { origin: "server", url, facts };
  }
  let outcome: DownloadOutcome;
  try {
    outcome =
      offline === undefined
        ? await downloadUnlessCurrent(url, kind, target, stored, options)
        : { kind: "unreachable", reason: offline };
  } catch (thrown) {
    // The server no longer has the file, so the cache should not keep it.
    if (thrown instanceof ShardError && /^(model-not-found|weights-missing)$/.test(thrown.code)) {
      await cache.remove(url).catch(() => {});
    }
    throw thrown;
  }
  if (outcome.kind === "downloaded") return { origin: "server", url, facts: outcome.facts, replaced: stored };
  if (outcome.kind === "unreachable" && !mayGoUnchecked(stored)) throw outcome.reason;
  const counter = countOnce(options.onBytes);
  try {
    await readStored(stored, target, { ...options, onBytes: counter.count });
  } catch (thrown) {
    throwIfAborted(options.signal);
    if (thrown instanceof ShardError) throw thrown;
    // A copy that can't be read counts as no copy.
    if (outcome.kind === "unreachable") throw outcome.reason;
    counter.restart();
    const { facts } = await download(url, kind, target, { ...options, onBytes: counter.count });
    return { origin: "server", url, facts };
  }
  return outcome.kind === "unchanged"
    ? { origin: "cache", url, stored }
    : { origin: "cache-unchecked", url, stored, reason: outcome.reason };
}

/**
 * On the page's own origin, one conditional request is enough. On another origin its headers would need the server's permission
 * (a CORS preflight). Hardly any server gives it, and a refusal looks like a lost connection, so a HEAD request is sent first.
 */
async function downloadUnlessCurrent(
  url: string,
  kind: FileKind,
  target: ByteTarget,
  { etag, lastModified }: StoredFile,
  options: LoadFileOptions,
): Promise<DownloadOutcome> {
  const hasValidator = etag !== undefined || lastModified !== undefined;
  if (!hasValidator || !isElsewhere(url)) {
    return download(url, kind, target, { ...options, unless: { etag, lastModified } });
  }
  const { requestInit, signal, pacing = REAL_PACING } = options;
  const head = await withStallWatch(signal, pacing.everySecond, (headSignal) =>
    guardedFetch(url, { ...requestInit, method: "HEAD", cache: "no-store", signal: headSignal }),
  ).catch(() => undefined);
  throwIfAborted(signal);
  if (head?.response.ok === true) {
    const now = readFacts(head.response.headers);
    const isCurrent =
      etag !== undefined && now.etag !== undefined
        ? etag === now.etag
        : lastModified !== undefined && lastModified === now.lastModified;
    if (isCurrent) return { kind: "unchanged" };
  }
  // HEAD failed, or the file has changed. `unless` keeps the browser's own cache from answering in the server's place.
  return download(url, kind, target, { ...options, unless: { etag: undefined, lastModified: undefined } });
}

/** Whether the address is on another origin than the page; outside a page, origins don't matter. */
function isElsewhere(url: string): boolean {
  const { location: here } = globalThis as { location?: { readonly origin: string } };
  return here !== undefined && new URL(url).origin !== here.origin;
}

async function readStored(
  { body, byteLength }: StoredFile,
  target: ByteTarget,
  { signal, onBytes }: LoadFileOptions,
): Promise<void> {
  let receivedBytes = 0;
  target.begin(byteLength);
  await readPieces(body, signal, (piece) => {
    receivedBytes += piece.byteLength;
    target.write(piece);
    onBytes(piece.byteLength);
  });
  if (receivedBytes !== byteLength) throw new Error(`the stored copy has ${receivedBytes} of ${byteLength} bytes`);
  target.end();
}
