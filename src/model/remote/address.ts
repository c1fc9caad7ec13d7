import { ShardError } from "../../core/errors.js";

/** Where a server has a model. */
export interface ServerAddress {
  /** `…/v2/models/NAME` or `…/v2/models/NAME/versions/V`, without a slash at its end. */
  readonly modelUrl: string;
  /** `…/v2` */
  readonly serverUrl: string;
  /** Host and port, for people. */
  readonly host: string;
}

const MODEL_PATH = /^(.*\/v2)\/models\/[^/]+(\/versions\/[^/]+)?$/;

/** Hosts that a page from a secure address reaches without encryption, too. */
const LOOPBACK = /^(localhost|.*\.localhost|127(\.\d+){3}|\[::1\])$/;

/**
 * Read the address of a model on a server.
 * @param url absolute, or relative to `base`.
 * @param base of the page.
 * @throws ShardError "invalid-options" saying what is wrong with it. It never quotes what may be a secret.
 */
export function serverAddress(url: unknown, base?: string): ServerAddress {
  let parsed: URL;
  try {
    if (typeof url !== "string") throw new TypeError();
    parsed = new URL(url, base);
  } catch {
    // A text that can't be read may hold credentials anywhere.
    const received =
      typeof url === "string" ? `a text of ${url.length} characters that is none` : `one of the type ${typeof url}`;
    throw invalid(received, 'pass one like "https://host/v2/models/NAME"');
  }
  const { protocol, username, password, search, hash, origin, hostname, host } = parsed;
  if (protocol !== "https:" && protocol !== "http:") throw invalid(`the scheme "${protocol}"`, "use https, or http");
  if (username !== "" || password !== "") {
    throw invalid("one with credentials in it", 'leave them out, and pass { headers: { Authorization: "…" } }');
  }
  if (search !== "" || hash !== "") {
    throw invalid("one with a query or a fragment", "leave that out, and pass a key in { headers }");
  }
  const path = parsed.pathname.replace(/\/+$/, "");
  const [, serverPath] = MODEL_PATH.exec(path) ?? [];
  if (serverPath === undefined) {
    throw invalid(`the path "${path.slice(0, 200)}"`, 'end it with "/v2/models/NAME" or "/v2/models/NAME/versions/V"');
  }
  if (protocol === "http:" && base?.startsWith("https:") === true && !LOOPBACK.test(hostname)) {
    throw invalid(
      `"${origin}", which a page from an https address may not reach (mixed content)`,
      "serve it over https, or on the page's own machine",
    );
  }
  return { modelUrl: origin + path, serverUrl: origin + serverPath, host };
}

function invalid(received: string, advice: string): ShardError {
  return new ShardError(
    "invalid-options",
    `Expected "url" to be the address of a model on a server (Open Inference Protocol v2), received ${received}: ${advice}.`,
  );
}
