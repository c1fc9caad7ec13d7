import { ShardError, type ShardErrorCode } from "../../core/errors.js";
import { abortError } from "../../protocol/abort.js";
import type { ServerAddress } from "./address.js";
import { readBody } from "./read-body.js";

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
  /** An answer with more bytes is refused. */
  readonly mostBytes: number;
}

type Credentials = Readonly<Record<string, string>>;

/** What a server says of a failure is quoted up to this length. */
const MAX_QUOTE = 200;

/**
 * Talks to one server. The caller's headers go to its origin only: redirects are not followed; cookies and the page's address are never sent.
 */
export class ServerClient {
  readonly address: ServerAddress;
  readonly #credentials: Credentials;
  /** The methods by which it has answered this page: so its origin is allowed for them. */
  readonly #allowed = new Set<string>();

  /** @param credentials headers for every request. */
  constructor(address: ServerAddress, credentials: Credentials = {}) {
    this.address = address;
    this.#credentials = credentials;
  }

  /**
   * @returns the answer, whatever its status.
   * @throws ShardError "server-unreachable", "server-refused" for a redirect, "server-failed" for an answer that breaks off or is too
   *         large, "aborted"
   */
  async ask(url: string, { body, headers, signal, mostBytes }: ServerRequest): Promise<ServerAnswer> {
    const method = body === undefined ? "GET" : "POST";
    let response: Response;
    try {
      response = await fetch(url, {
        method,
        ...(body === undefined ? {} : { body }),
        headers: { ...this.#credentials, ...headers },
        ...PRIVATE,
        redirect: "manual",
        ...(signal === undefined ? {} : { signal }),
      });
    } catch (cause) {
      if (signal?.aborted === true) throw abortError(signal);
      throw await this.#unreachable(method, cause);
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
      const bytes = await readBody(response, mostBytes);
      if (bytes !== undefined) return { status: response.status, headers: response.headers, bytes };
    } catch (cause) {
      if (signal?.aborted === true) throw abortError(signal);
      throw this.failure(
        "server-failed",
        "a whole answer",
        "one that broke off",
        "its items are computed elsewhere; see the server's log",
        cause,
      );
    }
    throw this.failure(
      "server-failed",
      `an answer of at most ${mostBytes} bytes`,
      "a larger one",
      "check that the address is that of the model",
    );
  }

  /** What a server says in words, for errors: a line, without the caller's headers. */
  quote({ bytes }: Pick<ServerAnswer, "bytes">): string {
    const text = new TextDecoder().decode(bytes.subarray(0, 4096));
    return this.#redact((errorIn(text) ?? text).replaceAll(/\s+/g, " ").trim()).slice(0, MAX_QUOTE);
  }

  /** An error that names the server. */
  failure(code: ShardErrorCode, expected: string, received: string, advice: string, cause?: unknown): ShardError {
    const message = `Expected ${expected} from the server ${this.address.host}, received ${received}: ${advice}.`;
    return new ShardError(code, message, cause === undefined ? {} : { cause });
  }

  /** A server, or a gateway before it, may repeat what it was sent. */
  #redact(text: string): string {
    const secrets = Object.values(this.#credentials).flatMap((value) => [value, ...value.split(/\s+/)]);
    return secrets.reduce((clean, secret) => (secret.length > 3 ? clean.replaceAll(secret, "…") : clean), text);
  }

  /** `fetch` does not say why it failed: as much of that as can be found out. */
  async #unreachable(method: string, cause: unknown): Promise<ShardError> {
    const failed = (received: string, advice: string) =>
      this.failure("server-unreachable", "an answer", received, advice, cause);
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
    if (await this.#answersOpaquely()) {
      return failed(
        "one that this page may not read, since the server does not allow its origin (CORS)",
        `have it send ${cors}`,
      );
    }
    return failed(
      "none: it does not run, is not reached, has no valid certificate, or does not allow this page's origin",
      `open ${this.address.serverUrl}/health/ready in a tab of its own; if it answers there, have it send ${cors}`,
    );
  }

  /** Whether it answers at all, if not for this page to read. Nothing of the caller's is sent. */
  async #answersOpaquely(): Promise<boolean> {
    try {
      const answer = await fetch(`${this.address.serverUrl}/health/live`, { mode: "no-cors", ...PRIVATE });
      return answer.type === "opaque";
    } catch {
      return false;
    }
  }
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
