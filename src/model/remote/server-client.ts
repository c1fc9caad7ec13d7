import { ShardError, type ShardErrorCode } from "../../core/errors.js";
import { abortError } from "../../protocol/abort.js";
import type { ServerAddress } from "./address.js";
import { TextCleaner } from "./clean-text.js";
import { BodyBudget, readBody } from "./read-body.js";

/** What a server has answered, whole. */
export interface ServerAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export interface ServerRequest {
  /** Left out for a GET. */
  readonly body?: Uint8Array<ArrayBuffer> | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** How long the server has. Default: as long as `signal` lets it. */
  readonly limit?: TimeLimit | undefined;
  /** An answer with more bytes is refused. */
  readonly mostBytes: number;
}

/** A time that one request has, or several together. */
export class TimeLimit {
  readonly ms: number;
  readonly signal: AbortSignal;

  /** It begins now. */
  constructor(ms: number) {
    [this.ms, this.signal] = [ms, AbortSignal.timeout(ms)];
  }
}

type Credentials = Readonly<Record<string, string>>;

/** Of all answers that are being read at once: a server that sends without end must not cost the worker. */
const MOST_BYTES_AT_ONCE = 2 ** 30;

/**
 * Talks to one server. The caller's headers go to its origin only: redirects are not followed; cookies and the page's address are never sent.
 */
export class ServerClient {
  readonly address: ServerAddress;
  readonly #credentials: Credentials;
  readonly #cleaner: TextCleaner;
  readonly #budget = new BodyBudget(MOST_BYTES_AT_ONCE);
  /** The methods by which it has answered this page: so its origin is allowed for them. */
  readonly #allowed = new Set<string>();

  /** @param credentials headers for every request. */
  constructor(address: ServerAddress, credentials: Credentials = {}) {
    this.address = address;
    this.#credentials = credentials;
    this.#cleaner = new TextCleaner(credentials);
  }

  /**
   * @returns the answer, whatever its status.
   * @throws ShardError "server-unreachable", also if it takes too long, "server-refused" for a redirect, "server-failed" for an answer that
   *         breaks off or is too large, "aborted"
   */
  async ask(url: string, { body, headers, signal, limit, mostBytes }: ServerRequest): Promise<ServerAnswer> {
    const method = body === undefined ? "GET" : "POST";
    const signals = [signal, limit?.signal].filter((one) => one !== undefined);
    let response: Response;
    try {
      response = await fetch(url, {
        method,
        ...(body === undefined ? {} : { body }),
        headers: { ...this.#credentials, ...headers },
        ...PRIVATE,
        redirect: "manual",
        ...(signals.length === 0 ? {} : { signal: AbortSignal.any(signals) }),
      });
    } catch (cause) {
      if (signal?.aborted === true) throw abortError(signal);
      if (limit?.signal.aborted === true) throw this.#late(limit);
      throw this.#unreachable(method, cause);
    }
    this.#allowed.add(method);
    if (response.type === "opaqueredirect" || (response.status >= 300 && response.status < 400)) {
      throw this.failure(
        "server-refused",
        "an answer of its own",
        "a redirect to another address",
        "pass the address that it leads to, if you trust that with your headers",
      );
    }
    try {
      const bytes = await readBody(response, mostBytes, this.#budget);
      if (bytes !== undefined) return { status: response.status, headers: response.headers, bytes };
    } catch (cause) {
      if (signal?.aborted === true) throw abortError(signal);
      if (limit?.signal.aborted === true) throw this.#late(limit);
      throw this.failure(
        "server-failed",
        "a whole answer",
        "one that broke off",
        "its items are computed elsewhere; see the server's log",
        { cause },
      );
    }
    throw this.failure(
      "server-failed",
      `an answer of at most ${mostBytes} bytes, and ${MOST_BYTES_AT_ONCE} in all answers at once`,
      "more",
      "check that the address is that of the model",
    );
  }

  /** What a server says in words, for errors. */
  quote({ bytes }: Pick<ServerAnswer, "bytes">): string {
    // A character takes up to 4 bytes: more of them than are read, if not all.
    const text = new TextDecoder().decode(bytes.subarray(0, 4 * this.#cleaner.readCount));
    return this.clean(errorIn(text) ?? text);
  }

  /** Anything that a server has said, for people: one line, cut, and without the caller's headers. */
  clean(text: string): string {
    return this.#cleaner.clean(text);
  }

  /** An error that names the server. */
  failure(
    code: ShardErrorCode,
    expected: string,
    received: string,
    advice: string,
    more: FailureMore = {},
  ): ShardError {
    return this.error(code, `${this.clean(expected)} from the server ${this.address.host}`, received, advice, more);
  }

  /**
   * As `failure`, for an expectation that names the server itself. Whatever the server has said is cleaned here.
   * @param expected, @param advice in words of this library alone, or cleaned.
   */
  error(
    code: ShardErrorCode,
    expected: string,
    received: string,
    advice: string,
    { cause, retryAfterMs }: FailureMore = {},
  ): ShardError {
    const message = `Expected ${expected}, received ${this.clean(received)}: ${advice}.`;
    const said = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    return new ShardError(code, message, {
      ...(cause === undefined ? {} : { cause: new Error(this.clean(said)) }),
      retryAfterMs,
    });
  }

  #late({ ms }: TimeLimit): ShardError {
    return this.failure(
      "server-unreachable",
      `an answer within ${ms / 1000} seconds`,
      "none",
      "see whether it still starts or is overloaded, and try it again",
    );
  }

  /** `fetch` does not say why it failed: as much of that as can be found out. */
  #unreachable(method: string, cause: unknown): ShardError {
    const failed = (received: string, advice: string) =>
      this.failure("server-unreachable", "an answer", received, advice, { cause });
    if ((globalThis.navigator as { readonly onLine?: boolean } | undefined)?.onLine === false) {
      return failed("none: this machine is offline", "it is tried again once the network is back");
    }
    if (this.#allowed.has(method)) {
      return failed(
        "none: the connection was refused or ended",
        "its items are computed elsewhere, and it is tried again",
      );
    }
    const origin = (globalThis.location as { readonly origin?: string } | undefined)?.origin ?? "this page";
    const cors = `Access-Control-Allow-Origin: ${origin} (and Access-Control-Allow-Headers: Content-Type, Inference-Header-Content-Length and those of yours), also in its answer to OPTIONS; or put it behind the page's own address`;
    if (this.#allowed.size > 0) {
      return failed(
        "none, though it answers questions: it does not allow this page to send it tensors (CORS), or the connection ended",
        `have it send ${cors}`,
      );
    }
    return failed(
      "none: it does not run, is not reached, has no valid certificate, or does not allow this page's origin",
      `open ${this.address.serverUrl}/health/ready in a tab of its own; if it answers there, have it send ${cors}`,
    );
  }
}

interface FailureMore {
  readonly cause?: unknown;
  /** As in the error. */
  readonly retryAfterMs?: number | undefined;
}

const PRIVATE = { credentials: "omit", referrerPolicy: "no-referrer", cache: "no-store" } as const;

/** Servers answer `{ "error": "…" }`, and some `{ "detail": … }`. */
function errorIn(text: string): string | undefined {
  try {
    const { error, detail } = JSON.parse(text) as { readonly error?: unknown; readonly detail?: unknown };
    const said = error ?? detail;
    return typeof said === "string" ? said : said === undefined ? undefined : JSON.stringify(said);
  } catch {
    return undefined;
  }
}
