import { backoffMs } from "../../core/backoff.js";
import { ShardError } from "../../core/errors.js";
import { throwIfAborted } from "../../protocol/abort.js";
import { messageOf } from "../../protocol/error-record.js";
import { readPieces, type ByteTarget } from "./byte-target.js";
import {
  continuesAt,
  isPage,
  missing,
  readFacts,
  withRedirect,
  type FileFacts,
  type FileKind,
  type Validators,
} from "./file-response.js";
import { countOnce } from "./load-progress.js";
import { discard, guardedFetch, type Answer } from "./guarded-fetch.js";
import { isTransient, MAX_PAUSE_MS, MAX_TRIES, retryAfterMs, REAL_PACING, type Pacing } from "./retry.js";
import { withStallWatch } from "./stall-watch.js";

export interface DownloadOptions {
  readonly requestInit?: RequestInit | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly pacing?: Pacing | undefined;
  /** Validators of a stored copy: download the file only if it has changed, and try only once to find out. */
  readonly unless?: Validators | undefined;
  /** Called with the size of every new piece. Bytes that arrive a second time are not counted again. */
  readonly onBytes: (byteCount: number) => void;
}

export interface Downloaded {
  readonly kind: "downloaded";
  readonly facts: FileFacts;
}

export type DownloadOutcome =
  | Downloaded
  /** Only with `unless`: the stored copy is current. */
  | { readonly kind: "unchanged" }
  /** Only with `unless`: the server doesn't answer, or asks to try again later. */
  | { readonly kind: "unreachable"; readonly reason: ShardError };

/** Progress of one file, over all tries. */
interface Transfer {
  receivedBytes: number;
  readonly counter: ReturnType<typeof countOnce>;
  /** Describes the version that has started to arrive. */
  facts: FileFacts | undefined;
}

/** A failed try that is worth retrying. */
interface Failure {
  readonly reason: (tryCount: number) => ShardError;
  readonly pauseMs?: number | undefined;
}

/**
 * Download one file into `target`. Network failures and HTTP 408, 429 and 5xx are retried, up to four tries in all, with
 * growing pauses or the server's `Retry-After`. If the server supports ranges, an interrupted download resumes where it
 * stopped, unless the file has changed in the meantime (`If-Range`).
 *
 * @throws ShardError "model-not-found" or "weights-missing" (HTTP status, or a page instead of weights), "model-network"
 *         (no answer, or an interrupted one), "aborted", and any ShardError that `target` or `onBytes` throws.
 */
export function download(
  url: string,
  kind: FileKind,
  target: ByteTarget,
  options: DownloadOptions & { readonly unless?: undefined },
): Promise<Downloaded>;
export function download(
  url: string,
  kind: FileKind,
  target: ByteTarget,
  options: DownloadOptions,
): Promise<DownloadOutcome>;
export async function download(
  url: string,
  kind: FileKind,
  target: ByteTarget,
  options: DownloadOptions,
): Promise<DownloadOutcome> {
  const { signal, pacing = REAL_PACING } = options;
  const transfer: Transfer = { receivedBytes: 0, counter: countOnce(options.onBytes), facts: undefined };
  let unless = options.unless;
  for (let tryCount = 1; ; tryCount++) {
    throwIfAborted(signal);
    const result = await tryOnce(url, kind, target, transfer, unless, options);
    if ("kind" in result) return result;
    const reason = result.reason(tryCount);
    // No byte of another version has arrived, so the stored copy can still be used.
    if (unless !== undefined && transfer.facts === undefined) return { kind: "unreachable", reason };
    unless = undefined;
    const pauseMs = Math.max(result.pauseMs ?? 0, backoffMs(tryCount, pacing.random()));
    // Waiting doesn't help with other addresses (blob:, data:).
    if (tryCount === MAX_TRIES || pauseMs > MAX_PAUSE_MS || !/^https?:/.test(url)) throw reason;
    await pacing.wait(pauseMs, signal);
  }
}

/** One try. It ends if nothing arrives for a while. */
async function tryOnce(
  url: string,
  kind: FileKind,
  target: ByteTarget,
  transfer: Transfer,
  unless: Validators | undefined,
  { requestInit, signal, pacing = REAL_PACING }: DownloadOptions,
): Promise<DownloadOutcome | Failure> {
  const { facts: known, receivedBytes: resumedAt } = transfer;
  const isResumed = known?.rangeValidator !== undefined && resumedAt > 0;
  try {
    const range = isResumed ? { firstByte: resumedAt, validator: known.rangeValidator } : undefined;
    return await withStallWatch(signal, pacing.everySecond, async (trySignal, onArrival) => {
      const answer = await ask(url, requestInit, trySignal, range, unless);
      onArrival();
      const onPiece = (piece: Uint8Array): void => {
        onArrival();
        transfer.receivedBytes += piece.byteLength;
        target.write(piece);
        transfer.counter.count(piece.byteLength);
      };
      const isConditional = unless !== undefined;
      return receive(answer, { url, kind, target, transfer, isResumed, isConditional, nowMs: pacing.nowMs() }, (body) =>
        readPieces(body, trySignal, onPiece),
      );
    });
  } catch (thrown) {
    throwIfAborted(signal);
    if (thrown instanceof ShardError) throw thrown;
    // A download that can't be resumed starts over.
    if (isResumed && transfer.receivedBytes === resumedAt) transfer.receivedBytes = 0;
    return { reason: (tryCount) => networkFailure(withRedirect(url, transfer.facts?.redirectedTo), thrown, tryCount) };
  }
}

/** What an answer is an answer to. */
interface Question {
  readonly url: string;
  readonly kind: FileKind;
  readonly target: ByteTarget;
  readonly transfer: Transfer;
  /** Only the rest of the file was requested. */
  readonly isResumed: boolean;
  /** The file was requested only if it has changed. */
  readonly isConditional: boolean;
  readonly nowMs: number;
}

/** Take in what the server has answered. */
async function receive(
  { response, redirectedTo }: Answer,
  { url, kind, target, transfer, isResumed, isConditional, nowMs }: Question,
  readBody: (body: ReadableStream<Uint8Array>) => Promise<void>,
): Promise<DownloadOutcome | Failure> {
  if (response.status === 304 && isConditional) return { kind: "unchanged" };
  if (isResumed && (response.status === 416 || (response.status === 206 && !isRestOf(transfer, response)))) {
    discard(response);
    throw new Error("the server sent a part of the file that was not requested");
  }
  const where = withRedirect(url, redirectedTo);
  if (!response.ok) {
    discard(response);
    const received = `HTTP ${response.status} ${response.statusText}`.trim();
    if (!isTransient(response.status)) throw missing(where, kind, received);
    const pauseMs = retryAfterMs(response.headers.get("retry-after"), nowMs);
    return {
      reason: (tryCount) => missing(where, kind, tryCount > 1 ? `${received}, ${tryCount} times` : received),
      pauseMs,
    };
  }
  if (kind === "weights" && isPage(response.headers)) {
    discard(response);
    throw missing(where, kind, "an HTML page");
  }
  if (!(isResumed && response.status === 206)) {
    transfer.facts = readFacts(response.headers, redirectedTo);
    transfer.receivedBytes = 0;
    transfer.counter.restart();
    target.begin(transfer.facts.byteLength, redirectedTo);
  }
  if (response.body !== null) await readBody(response.body);
  target.end();
  return { kind: "downloaded", facts: transfer.facts! };
}

function ask(
  url: string,
  requestInit: RequestInit | undefined,
  signal: AbortSignal,
  range: { readonly firstByte: number; readonly validator: string } | undefined,
  unless: Validators | undefined,
): Promise<Answer> {
  const headers = new Headers(requestInit?.headers);
  if (range !== undefined) {
    headers.set("range", `bytes=${range.firstByte}-`);
    headers.set("if-range", range.validator);
  }
  if (unless?.etag !== undefined) headers.set("if-none-match", unless.etag);
  if (unless?.lastModified !== undefined) headers.set("if-modified-since", unless.lastModified);
  return guardedFetch(url, {
    ...requestInit,
    headers,
    signal,
    // The browser's own cache must not answer in the server's place.
    ...(unless === undefined ? {} : { cache: "no-store" }),
  });
}

/** Whether a partial response holds exactly the bytes that are still missing. */
function isRestOf({ facts, receivedBytes }: Transfer, { headers }: Response): boolean {
  return facts?.byteLength !== undefined && continuesAt(headers, receivedBytes, facts.byteLength);
}

function networkFailure(url: string, thrown: unknown, tryCount: number): ShardError {
  const times = tryCount > 1 ? `, ${tryCount} times` : "";
  return new ShardError(
    "model-network",
    `Expected to download ${url}, received a network failure (${messageOf(thrown)}${times}): check the connection and that the server allows this page to read it (CORS, Cross-Origin-Resource-Policy).`,
    { cause: thrown },
  );
}
