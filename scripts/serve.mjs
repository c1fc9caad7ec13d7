// A static file server for the built files, with the headers that make a page cross-origin isolated.
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, resolve, sep } from "node:path";
import { pipeline } from "node:stream/promises";

const mimeTypes = /** @type {Record<string, string>} */ ({
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".map": "application/json; charset=utf-8",
  ".wasm": "application/wasm",
  ".bin": "application/octet-stream",
  ".npy": "application/octet-stream",
  ".txt": "text/plain; charset=utf-8",
  ".md": "text/markdown; charset=utf-8",
  ".csv": "text/csv; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".jpeg": "image/jpeg",
  ".webp": "image/webp",
  ".avif": "image/avif",
  ".ico": "image/x-icon",
});

/** The first two allow SharedArrayBuffer; the last one keeps pages of other origins from reading what is served. */
export const isolationHeaders = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
};

/**
 * The file that a URL path names, or `undefined` if that is not under `folder`.
 * @param {string} folder
 * @param {string} urlPath decoded, starting with "/"
 */
function filePath(folder, urlPath) {
  if (urlPath.includes("\0") || urlPath.includes("\\")) return undefined;
  const path = resolve(folder, `.${urlPath.endsWith("/") ? `${urlPath}index.html` : urlPath}`);
  return path.startsWith(folder + sep) ? path : undefined;
}

/**
 * Understands a single range, as browsers request it; anything else gets the whole file, as RFC 9110 allows.
 * @param {string | undefined} header
 * @param {number} size
 * @returns {{ start: number, end: number } | "unsatisfiable" | undefined} bytes, `end` included
 */
function parseRange(header, size) {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? "");
  if (match === null || (match[1] === "" && match[2] === "")) return undefined;
  const start = match[1] === "" ? Math.max(0, size - Number(match[2])) : Number(match[1]);
  const end = match[1] === "" || match[2] === "" ? size - 1 : Math.min(Number(match[2]), size - 1);
  if (start >= size || (match[1] === "" && Number(match[2]) === 0)) return "unsatisfiable";
  return start > end ? undefined : { start, end };
}

/**
 * @param {import("node:http").IncomingMessage} request
 * @param {import("node:http").ServerResponse} response
 * @param {readonly { prefix: string, folder: string }[]} folders the first one with a matching prefix is used
 * @param {Record<string, string>} headers of every answer
 */
async function answer(request, response, folders, headers) {
  /** @param {number} status @param {string} text */
  const fail = (status, text) => {
    response.writeHead(status, { ...headers, "Content-Type": "text/plain; charset=utf-8" });
    response.end(request.method === "HEAD" ? undefined : `${text}\n`);
  };
  if (request.method !== "GET" && request.method !== "HEAD") return fail(405, "Only GET and HEAD are answered.");
  let urlPath;
  try {
    // `new URL` would resolve ".." and so hide what was requested.
    urlPath = decodeURIComponent((request.url ?? "/").replace(/[?#].*$/s, ""));
  } catch {
    return fail(400, "The address is not valid percent-encoding.");
  }
  const mount = folders.find(({ prefix }) => urlPath.startsWith(prefix));
  const path = mount && filePath(mount.folder, urlPath.slice(mount.prefix.length - 1));
  const info = path === undefined ? undefined : await stat(path).catch(() => undefined);
  // Never index.html: a missing weight file must not arrive as a page with status 200.
  if (path === undefined || !info?.isFile()) return fail(404, "Not found.");

  const etag = `"${info.size.toString(36)}-${Math.round(info.mtimeMs).toString(36)}"`;
  const fileHeaders = { ...headers, ETag: etag, "Accept-Ranges": "bytes" };
  if (request.headers["if-none-match"]?.split(/\s*,\s*/).includes(etag)) {
    response.writeHead(304, fileHeaders).end();
    return;
  }
  // A range of a file that has changed since is useless, so a request with If-Range then gets the whole file.
  const ifRange = request.headers["if-range"] ?? etag;
  const range = ifRange === etag ? parseRange(request.headers.range, info.size) : undefined;
  if (range === "unsatisfiable") {
    response.writeHead(416, { ...fileHeaders, "Content-Range": `bytes */${info.size}` }).end();
    return;
  }
  const { start, end } = range ?? { start: 0, end: info.size - 1 };
  response.writeHead(range ? 206 : 200, {
    ...fileHeaders,
    "Content-Type": mimeTypes[extname(path).toLowerCase()] ?? "application/octet-stream",
    "Content-Length": end - start + 1,
    ...(range ? { "Content-Range": `bytes ${start}-${end}/${info.size}` } : {}),
  });
  if (request.method === "HEAD" || info.size === 0) response.end();
  else await pipeline(createReadStream(path, { start, end }), response);
}

/**
 * @param {object} options
 * @param {string} options.root     folder served at "/"
 * @param {Record<string, string>} [options.mounts] further folders by URL prefix, such as "/models/"
 * @param {number} [options.port]   0, the default, takes any free port
 * @param {string} [options.host]
 * @param {boolean} [options.isolated] false omits the isolation headers, like most hosts
 * @param {Record<string, string>} [options.headers] further headers of every answer
 * @returns {Promise<{ url: string, close: () => Promise<void> }>} rejects with `code: "EADDRINUSE"` if the port is
 * taken
 */
export async function serve({ root, mounts = {}, port = 0, host = "127.0.0.1", isolated = true, headers: more = {} }) {
  // Longest prefix first, so that "/" comes last.
  const folders = Object.entries({ ...mounts, "/": root })
    .map(([prefix, folder]) => ({ prefix, folder: resolve(folder) }))
    .sort((a, b) => b.prefix.length - a.prefix.length);
  const headers = {
    // A browser may keep a copy, but revalidates it each time, so that a rebuilt file is never missed.
    "Cache-Control": "no-cache",
    "X-Content-Type-Options": "nosniff",
    ...(isolated ? isolationHeaders : {}),
    ...more,
  };
  const server = createServer((request, response) => {
    // Only the transfer can fail here: the browser has left, or the file was deleted while it was read.
    answer(request, response, folders, headers).catch(() => response.destroy());
  });

  await new Promise((listening, failed) => {
    server.once("error", failed);
    server.listen(port, host, () => listening(undefined));
  });
  const address = /** @type {import("node:net").AddressInfo} */ (server.address());
  return {
    url: `http://${host}:${address.port}/`,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        // Browsers keep connections open, which would keep the server running for minutes.
        server.closeAllConnections();
      }),
  };
}
