import { ShardError } from "../../core/errors.js";

/** A model.json, or a weight file: they differ in the words and codes of their errors. */
export type FileKind = "model" | "weights";

/** What tells one version of a file from another; `undefined` where the server does not say. */
export interface Validators {
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
}

/** What a response says of the file in it. */
export interface FileFacts extends Validators {
  readonly contentType: string | undefined;
  /** Of the whole file; `undefined` where it is not told, or told of a compressed form. */
  readonly byteLength: number | undefined;
  /** The rest of a broken download may be asked for, with this in `If-Range`. */
  readonly rangeValidator: string | undefined;
  /** `Cache-Control: no-store` forbids it. */
  readonly mayBeStored: boolean;
}

/** @param headers of a response with the whole file. */
export function readFacts(headers: Headers): FileFacts {
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
    // RFC 9110, 13.1.5: a weak ETag does not promise the same bytes.
    rangeValidator: hasRanges ? (etag?.startsWith("W/") === false ? etag : lastModified) : undefined,
    mayBeStored: !/\bno-store\b/i.test(header("cache-control") ?? ""),
  };
}

/** Whether a 206 holds what follows the first `firstByte` bytes of a file of `byteLength`. */
export function continuesAt(headers: Headers, firstByte: number, byteLength: number): boolean {
  const range = /^bytes (\d+)-\d+\/(\d+)$/.exec(headers.get("content-range") ?? "");
  return range !== null && Number(range[1]) === firstByte && Number(range[2]) === byteLength;
}

/** Ask for a page's own address, and many servers answer anything missing with a page. */
export function isPage(headers: Headers): boolean {
  return /text\/html/.test(headers.get("content-type") ?? "");
}

/** @param received such as "HTTP 404 Not Found". */
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
