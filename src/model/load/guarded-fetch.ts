import { ShardError } from "../../core/errors.js";
import { isPage } from "./file-response.js";
import { isSameOrigin } from "./weight-urls.js";

/** An answer, and the address that gave it if that is not the one that was asked. */
export interface Answer {
  readonly response: Response;
  readonly redirectedTo: string | undefined;
}

/**
 * Headers that grant nothing. Authorization is among them because the Fetch Standard removes it from a request that is redirected to
 * another origin (HTTP-redirect fetch, step 13), so that it can be left to the platform.
 */
const HARMLESS_HEADERS = new Set(
  "accept accept-language authorization cache-control content-language if-modified-since if-none-match if-range pragma range".split(
    " ",
  ),
);

/** How many redirects on the model's own host are followed one by one. */
const MAX_HOPS = 5;

/**
 * Fetch a file. What the caller's request carries is meant for the origin of `url` and reaches no other one: a platform's `fetch` repeats
 * headers and bodies to wherever it is redirected, and adds the cookies of that host.
 *
 * A page can't see where a redirect leads before it has followed it. So a request with secrets doesn't follow any; if it meets one, the
 * same address is asked once more without secrets. If that leads to another origin, its answer is the file; if it leads somewhere on the
 * same origin, that address is asked with the secrets.
 *
 * @param init headers, credentials and the like for the origin of `url`.
 * @throws ShardError "model-network" if only a request with secrets is redirected, so that nobody can say where to; whatever `fetch` throws.
 */
export async function guardedFetch(url: string, init: RequestInit): Promise<Answer> {
  if (!carriesSecrets(init) || init.redirect === "error") return answerOf(await fetch(url, init));
  let address = url;
  for (let hop = 0; hop < MAX_HOPS; hop++) {
    const response = await fetch(address, { ...init, redirect: "manual" });
    if (!isRedirect(response)) return { response, redirectedTo: address === url ? undefined : address };
    discard(response);
    const open = answerOf(await fetch(address, withoutSecrets(init)));
    const { status, headers } = open.response;
    // The server can't answer at present: it is asked again later.
    if (status === 408 || status === 429 || status >= 500) return open;
    const isFile = (open.response.ok || status === 304) && !isPage(headers);
    if (isFile && open.redirectedTo !== undefined && !isSameOrigin(open.redirectedTo, url)) return open;
    discard(open.response);
    if (!isFile || open.redirectedTo === undefined) break;
    address = open.redirectedTo;
  }
  throw new ShardError(
    "model-network",
    `Expected ${url} to answer by itself, received a redirect: the headers or credentials of requestInit are never sent to an address that may be another host's. Name the address that the file is at after the redirect, or leave them out.`,
  );
}

/** Release the connection. */
export function discard(response: Response): void {
  response.body?.cancel().catch(() => {});
}

/** Whether a request holds anything that its redirects must not carry to another origin. */
function carriesSecrets({ headers, credentials, body }: RequestInit): boolean {
  if (credentials === "include" || (body !== undefined && body !== null)) return true;
  return [...new Headers(headers).keys()].some((name) => !HARMLESS_HEADERS.has(name));
}

function withoutSecrets(init: RequestInit): RequestInit {
  const { headers, credentials, method } = init;
  const harmless = [...new Headers(headers)].filter(([name]) => HARMLESS_HEADERS.has(name) && name !== "authorization");
  return {
    ...init,
    headers: harmless,
    body: null,
    method: method === "HEAD" ? "HEAD" : "GET",
    redirect: "follow",
    credentials: credentials === "omit" ? "omit" : "same-origin",
  };
}

function answerOf(response: Response): Answer {
  return { response, redirectedTo: response.redirected ? response.url : undefined };
}

/** In pages, a redirect that is not followed has no status; elsewhere it has the server's. */
function isRedirect({ type, status }: Response): boolean {
  return type === "opaqueredirect" || [301, 302, 303, 307, 308].includes(status);
}
