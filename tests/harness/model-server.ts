import {
  createServer,
  request as forward,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";

/** A file in its current state on the server. */
export interface ServedFile {
  bytes: Uint8Array;
  etag?: string;
  headers?: Record<string, string>;
  /** The file is elsewhere. */
  redirectTo?: string;
  /** Faults of the next requests, before the file is served properly: a status, or the byte to break off after. */
  faults?: (number | { breakAfterBytes: number })[];
}

export interface Answer {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  /** Of the request. */
  readonly headers: IncomingHttpHeaders;
  /** Bytes of the body. */
  readonly sentBytes: number;
}

/**
 * A server of model files with ETags and ranges, whose files can change and fail. It records its answers. Requests for
 * other paths are forwarded to the harness, so that it can also be the page's own host. For pages of other origins it
 * sends CORS headers that expose nothing.
 */
export interface ModelServer {
  readonly url: string;
  readonly files: Record<string, ServedFile>;
  /** The answers for `files` since the last call. */
  takeAnswers(): Answer[];
  /** Closes the connection of every request for one of `files`. */
  isDown: boolean;
  close(): Promise<void>;
}

export async function openModelServer(harnessUrl: string): Promise<ModelServer> {
  let answers: Answer[] = [];
  const files: Record<string, ServedFile> = {};
  const server = createServer((request, response) => {
    const path = new URL(request.url!, harnessUrl).pathname;
    const file = files[path];
    if (file === undefined) return passOn(request, response, new URL(request.url!, harnessUrl));
    if (model.isDown) return void request.socket.destroy();
    const { status, body, breakAfterBytes } = answerTo(request, file);
    answers.push({
      method: request.method!,
      path,
      status,
      headers: request.headers,
      sentBytes: breakAfterBytes ?? body.length,
    });
    response.writeHead(status, {
      "content-type": path.endsWith(".json") ? "application/json" : "application/octet-stream",
      "cache-control": "no-cache",
      "access-control-allow-origin": "*",
      "cross-origin-resource-policy": "cross-origin",
      "accept-ranges": "bytes",
      "last-modified": "Sun, 06 Nov 1994 08:49:37 GMT",
      ...(file.etag === undefined ? {} : { etag: file.etag }),
      ...(file.redirectTo === undefined ? {} : { location: file.redirectTo }),
      ...file.headers,
      ...(status === 304 ? {} : { "content-length": request.method === "HEAD" ? file.bytes.length : body.length }),
      ...(status === 206 ? { "content-range": rangeOf(file, body) } : {}),
    });
    if (breakAfterBytes === undefined) response.end(body);
    else response.write(body.subarray(0, breakAfterBytes), () => setTimeout(() => response.destroy(), 100));
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const model: ModelServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    files,
    takeAnswers() {
      const taken = answers;
      answers = [];
      return taken;
    },
    isDown: false,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
  return model;
}

function answerTo(
  { method, headers }: IncomingMessage,
  file: ServedFile,
): { status: number; body: Uint8Array; breakAfterBytes?: number } {
  const fault = file.faults?.shift();
  if (file.redirectTo !== undefined) return { status: 302, body: new Uint8Array(0) };
  if (typeof fault === "number") return { status: fault, body: new Uint8Array(0) };
  if (file.etag !== undefined && headers["if-none-match"] === file.etag)
    return { status: 304, body: new Uint8Array(0) };
  if (method !== "GET") return { status: method === "HEAD" ? 200 : 405, body: new Uint8Array(0) };
  const start = headers["if-range"] === file.etag ? /^bytes=(\d+)-$/.exec(headers.range ?? "")?.[1] : undefined;
  const answer =
    start === undefined ? { status: 200, body: file.bytes } : { status: 206, body: file.bytes.subarray(Number(start)) };
  return { ...answer, ...fault };
}

function rangeOf({ bytes }: ServedFile, rest: Uint8Array): string {
  return `bytes ${bytes.length - rest.length}-${bytes.length - 1}/${bytes.length}`;
}

function passOn(request: IncomingMessage, response: ServerResponse, url: URL): void {
  const passed = forward(url, { method: request.method, headers: { ...request.headers, host: url.host } }, (answer) => {
    response.writeHead(answer.statusCode!, answer.headers);
    answer.pipe(response);
  });
  passed.on("error", () => response.destroy());
  request.pipe(passed);
}
