// Downloads one file from a real HTTP server that fails in many ways. No time passes: pauses are only recorded.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ByteCollector } from "../../../../src/model/load/byte-target.js";
import { download, type DownloadOptions } from "../../../../src/model/load/download.js";
import { REAL_PACING, retryAfterMs } from "../../../../src/model/load/retry.js";
import { rejected } from "../../../fixtures/caught.js";

type Answer = (response: ServerResponse, request: IncomingMessage) => void;

const FILE = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 31) % 251);
const NOW_MS = Date.parse("2030-01-01T00:00:00Z");

let server: Server;
let url: string;
/** The answer to each try; the last one also answers all further tries. */
let answers: Answer[];
let requests: IncomingMessage[];
let pauses: number[];
let countedBytes: number;

beforeEach(async () => {
  [requests, pauses, countedBytes] = [[], [], 0];
  server = createServer((request, response) => {
    requests.push(request);
    answers[Math.min(requests.length, answers.length) - 1]!(response, request);
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/w.bin`;
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
});

async function get(options: Partial<DownloadOptions> = {}) {
  const target = new ByteCollector();
  const outcome = await download(url, "weights", target, {
    pacing: { wait: async (ms) => void pauses.push(ms), random: () => 0, nowMs: () => NOW_MS },
    onBytes: (byteCount) => {
      // Progress never decreases.
      expect(byteCount).toBeGreaterThan(0);
      countedBytes += byteCount;
    },
    ...options,
  });
  return { outcome, bytes: target.bytes };
}

/** Compares bytes, much faster than `toEqual` compares lists. */
const same = (received: Uint8Array, expected: Uint8Array = FILE): void =>
  expect(Buffer.compare(received, expected)).toBe(0);

const whole: Answer = (response) => void response.end(FILE);
const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  (response) =>
    void response.writeHead(code, headers).end();

/** Sends the first `byteCount` bytes of the file, then closes the connection. */
const breaksAfter =
  (byteCount: number, headers: Record<string, string>): Answer =>
  (response) => {
    response.writeHead(200, { "content-length": FILE.length, ...headers });
    response.write(FILE.slice(0, byteCount), () => setTimeout(() => response.destroy(), 20));
  };

/** Answers as a server with ranges does: 206 if the file still has this `etag`, else the whole file. */
const rest =
  (etag: string, { end = FILE.length, total = FILE.length } = {}): Answer =>
  (response, { headers }) => {
    if (headers["if-range"] !== etag) return void response.writeHead(200, { etag }).end(FILE);
    const start = Number(/^bytes=(\d+)-$/.exec(headers.range!)![1]);
    response.writeHead(206, {
      "content-range": `bytes ${start}-${total - 1}/${total}`,
      "content-length": total - start,
    });
    if (end === total) response.end(FILE.slice(start));
    else response.write(FILE.slice(start, end), () => setTimeout(() => response.destroy(), 20));
  };

describe("retries", () => {
  it.each([408, 429, 500, 502, 503, 504])("after HTTP %i", async (code) => {
    answers = [status(code), status(code), whole];
    const { bytes, outcome } = await get();
    same(bytes);
    expect(outcome.kind).toBe("downloaded");
    expect(pauses).toEqual([250, 750]);
  });

  it("after a refused connection, up to the limit", async () => {
    await new Promise((closed) => server.close(closed));
    const error = await rejected("model-network", get(), url, "4 times", "check the connection");
    expect(error.cause).toBeInstanceOf(Error);
    expect(pauses).toEqual([250, 750, 2250]);
    server.listen(0, "127.0.0.1");
  });

  it.each<[string, number]>([
    ["7", 7_000],
    ["Tue, 01 Jan 2030 00:00:09 GMT", 9_000],
    // Never sooner than without the header.
    ["0", 250],
    ["Mon, 31 Dec 2029 23:59:59 GMT", 250],
    ["soon", 250],
  ])("after the pause that Retry-After: %s asks for", async (header, pauseMs) => {
    answers = [status(503, { "retry-after": header }), whole];
    same((await get()).bytes);
    expect(pauses).toEqual([pauseMs]);
  });

  it("never if Retry-After asks for more than half a minute", async () => {
    answers = [status(503, { "retry-after": "31" }), whole];
    await rejected("weights-missing", get(), "HTTP 503");
    expect([requests.length, pauses]).toEqual([1, []]);
  });

  it.each([400, 401, 403, 404, 410, 416])("never after HTTP %i", async (code) => {
    answers = [status(code), whole];
    await rejected("weights-missing", get(), `HTTP ${code}`);
    expect(requests).toHaveLength(1);
  });

  it("never after a page", async () => {
    answers = [(response) => void response.setHeader("content-type", "text/html").end("<p>"), whole];
    await rejected("weights-missing", get(), "an HTML page");
    expect(requests).toHaveLength(1);
  });

  it("after what a Retry-After header asks for, where it can be read", () => {
    expect([null, "", "x", " 2 ", "-1"].map((header) => retryAfterMs(header, 0))).toEqual([
      undefined,
      undefined,
      undefined,
      2_000,
      expect.any(Number),
    ]);
  });
});

describe("an interrupted download", () => {
  const ranges = { "accept-ranges": "bytes", etag: '"v1"' };

  it("resumes where it stopped, several times, and counts no byte twice", async () => {
    answers = [breaksAfter(100_000, ranges), rest('"v1"', { end: 200_000 }), rest('"v1"')];
    same((await get()).bytes);
    expect(requests.map(({ headers }) => headers["if-range"])).toEqual([undefined, '"v1"', '"v1"']);
    expect(requests.map(({ headers }) => headers.range)).toEqual([undefined, "bytes=100000-", "bytes=200000-"]);
    expect(countedBytes).toBe(FILE.length);
  });

  it("resumes by date if there is no strong ETag", async () => {
    const date = "Sun, 06 Nov 1994 08:49:37 GMT";
    answers = [breaksAfter(1_000, { ...ranges, etag: 'W/"v1"', "last-modified": date }), rest(date)];
    same((await get()).bytes);
    expect(requests[1]!.headers["if-range"]).toBe(date);
  });

  it.each<[string, Record<string, string>]>([
    ["the server has no ranges", { etag: '"v1"' }],
    ["the server refuses ranges", { etag: '"v1"', "accept-ranges": "none" }],
    ["nothing identifies the version", { "accept-ranges": "bytes" }],
    ["the ETag is weak", { "accept-ranges": "bytes", etag: 'W/"v1"' }],
  ])("starts over if %s, and counts no byte twice", async (_what, headers) => {
    answers = [breaksAfter(100_000, headers), whole];
    same((await get()).bytes);
    expect(requests[1]!.headers.range).toBeUndefined();
    expect(countedBytes).toBe(FILE.length);
  });

  it("starts over if the file has changed, and never mixes versions", async () => {
    const old = breaksAfter(100_000, ranges);
    const other = FILE.map((byte) => byte ^ 255);
    answers = [old, (response) => void response.writeHead(200, { etag: '"v2"' }).end(other)];
    same((await get()).bytes, other);
  });

  it.each<[string, Answer]>([
    ["another range", rest('"v1"', { total: 400_000, end: 400_000 })],
    ["HTTP 416", status(416)],
    ["a 206 without its range", (response) => void response.writeHead(206).end(FILE.slice(0, 5))],
  ])("starts over if the server answers with %s", async (_what, answer) => {
    answers = [breaksAfter(100_000, ranges), answer, whole];
    same((await get()).bytes);
    expect(requests.map(({ headers }) => headers.range)).toEqual([undefined, "bytes=100000-", undefined]);
    expect(countedBytes).toBe(FILE.length);
  });

  it("fails after four tries", async () => {
    answers = [breaksAfter(1_000, ranges), ...[2_000, 3_000, 4_000].map((end) => rest('"v1"', { end })), whole];
    await rejected("model-network", get(), "4 times");
    expect(requests).toHaveLength(4);
  });
});

describe("a stored copy", () => {
  const unless = { etag: '"v1"', lastModified: "Sun, 06 Nov 1994 08:49:37 GMT" };

  it("is confirmed if nothing has changed", async () => {
    answers = [status(304)];
    expect((await get({ unless })).outcome).toEqual({ kind: "unchanged" });
    expect(requests[0]!.headers).toMatchObject({ "if-none-match": '"v1"', "if-modified-since": unless.lastModified });
    expect(countedBytes).toBe(0);
  });

  it("is replaced if the file has changed", async () => {
    answers = [
      (response) => void response.writeHead(200, { etag: '"v2"', "cache-control": "private, no-store" }).end(FILE),
    ];
    const { outcome, bytes } = await get({ unless });
    expect(outcome).toMatchObject({ kind: "downloaded", facts: { etag: '"v2"', mayBeStored: false } });
    same(bytes);
  });

  it.each([500, 503, 429])("is used at once if the server answers HTTP %i", async (code) => {
    answers = [status(code)];
    expect((await get({ unless })).outcome).toMatchObject({ kind: "unreachable", reason: { code: "weights-missing" } });
    expect([requests.length, pauses]).toEqual([1, []]);
  });

  it("is used at once if no server answers", async () => {
    await new Promise((closed) => server.close(closed));
    expect((await get({ unless })).outcome).toMatchObject({ kind: "unreachable", reason: { code: "model-network" } });
    expect(pauses).toEqual([]);
    server.listen(0, "127.0.0.1");
  });

  it("is not used once another version has started to arrive: that one is downloaded completely", async () => {
    answers = [breaksAfter(10, { etag: '"v2"' }), whole];
    same((await get({ unless })).bytes);
    expect(requests[1]!.headers["if-none-match"]).toBeUndefined();
  });

  it("is not used if the server says that the file is gone", async () => {
    answers = [status(404)];
    await rejected("weights-missing", get({ unless }), "HTTP 404");
  });
});

describe("an abort", () => {
  it("ends a pause at once, without another try", async () => {
    answers = [status(503, { "retry-after": "20" })];
    const controller = new AbortController();
    const asked = new Promise<void>((resolve) => server.once("request", () => resolve()));
    const result = get({ signal: controller.signal, pacing: REAL_PACING });
    await asked;
    setTimeout(() => controller.abort("enough"), 20);
    const error = await rejected("aborted", result);
    expect(error.cause).toBe("enough");
    expect(requests).toHaveLength(1);
  });
});

describe("a transfer that hangs", () => {
  /** Ticks of the clock that counts stalled seconds, for the try under way. */
  let tick: () => void;
  const pacing = {
    wait: async (ms: number) => void pauses.push(ms),
    random: () => 0,
    nowMs: () => NOW_MS,
    everySecond: (called: () => void) => {
      tick = called;
      return () => {};
    },
  };
  const seconds = (count: number): void => {
    for (let second = 0; second < count; second++) tick();
  };

  it("in the middle is ended after 30 s, and resumes where it was", async () => {
    const etag = '"a"';
    let onSent = (): void => {};
    const sent = new Promise<void>((resolve) => (onSent = resolve));
    const hangs: Answer = (response) => {
      response.writeHead(200, { "content-length": FILE.length, etag, "accept-ranges": "bytes" });
      response.write(FILE.slice(0, 1000), () => onSent());
    };
    answers = [hangs, rest(etag)];
    const got = get({ pacing });
    await sent;
    await expect.poll(() => countedBytes).toBe(1000);
    seconds(29);
    expect(requests).toHaveLength(1);
    seconds(1);
    same((await got).bytes);
    expect(requests[1]!.headers.range).toBe("bytes=1000-");
    expect(pauses).toEqual([250]);
  });

  it("before its first byte ends after four tries, with the reason", async () => {
    answers = [() => {}];
    const failure = rejected("model-network", get({ pacing }), "nothing arrived for 30 s, 4 times");
    for (let tries = 1; tries <= 4; tries++) {
      await expect.poll(() => requests.length).toBe(tries);
      seconds(30);
    }
    await failure;
  });
});
