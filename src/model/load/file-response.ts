import { ShardError } from "../../core/errors.js";

/** A model.json or a weight file. The kind selects the words and codes of errors. */
export type FileKind = "model" | "weights";

/** Headers that distinguish one version of a file from another; `undefined` if the server doesn't send them. */
export interface Validators {
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
}

/** What the headers of a response state about its file. */
export interface FileFacts extends Validators {
  readonly contentType: string | undefined;
  /** Of the whole file; `undefined` if the headers don't state it, or state it for a compressed form. */
  readonly byteLength: number | undefined;
  /** With this in `If-Range`, the rest of an interrupted download can be requested; `undefined` if it can't. */
  readonly rangeValidator: string | undefined;
  /** The address that answered, if the server redirected the request. */
  readonly redirectedTo: string | undefined;
  /** False if `Cache-Control: no-store` forbids storing the file. */
  readonly mayBeStored: boolean;
}

/** @param headers of a response with the whole file. @param redirectedTo the address that answered, if it is another one. */
export function readFacts(headers: Headers, redirectedTo?: string): FileFacts {
  const header = (name: string): string | undefined => headers.get(name) ?? undefined;
  const isCompressed = (header("content-encoding") ?? "identity") !== "identity";
  const byteLength = isCompressed ? undefined : readLength(header("content-length"));
  const etag = header("etag");
  const lastModified = header("last-modified");
  const hasRanges = /\bbytes\b/i.test(header("accept-ranges") ?? "") && byteLength !== undefined;
  return {
    etag,
    lastModified,
    contentType: header("content-type"),
    byteLength,
    redirectedTo,
    // RFC 9110, 13.1.5: a weak ETag does not promise the same bytes.
    rangeValidator: hasRanges ? (etag?.startsWith("W/") === false ? etag : lastModified) : undefined,
    mayBeStored: !/\bno-store\b/i.test(header("cache-control") ?? ""),
  };
}

/** Whether a 206 response holds everything from byte `firstByte` on, of a file of `byteLength` bytes. */
export function continuesAt(headers: Headers, firstByte: number, byteLength: number): boolean {
  const range = /^bytes (\d+)-\d+\/(\d+)$/.exec(headers.get("content-range") ?? "");
  return range !== null && Number(range[1]) === firstByte && Number(range[2]) === byteLength;
}

/** Whether the response is an HTML page. Many servers of web apps answer any missing file with a page instead of a 404. */
export function isPage(headers: Headers): boolean {
  return /text\/html/.test(headers.get("content-type") ?? "");
}

/** An address for messages, with the one that it was redirected to. */
export function withRedirect(url: string, redirectedTo: string | undefined): string {
  return redirectedTo === undefined || redirectedTo === url
    ? url
    : `${url} (redirected to ${redirectedTo.slice(0, 200)})`;
}

/** @param url as `withRedirect` describes it. @param received such as "HTTP 404 Not Found". */
export function missing(url: string, kind: FileKind, received: string): ShardError {
  return kind === "model"
    ? new ShardError("model-not-found", `Expected a model.json at ${url}, received ${received}: check the address.`)
    : new ShardError(
        "weights-missing",
        `Expected a weight file at ${url}, received ${received}: put the weight files named in model.json beside it.`,
      );
}

function readLength(header: string | undefined): number | undefined {
  return header !== undefined && /^\d+$/.test(header) ? Number(header) : undefined;
}
