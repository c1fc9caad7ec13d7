// What a server says may hold what it was told, be of any length, and come late or never: what becomes of that in errors.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { serverAddress } from "../../../../src/model/remote/address.js";
import { TextCleaner } from "../../../../src/model/remote/clean-text.js";
import { contactServer } from "../../../../src/model/remote/contact-server.js";
import { inspectRemote } from "../../../../src/model/remote/inspect-remote.js";
import { ServerClient, TimeLimit } from "../../../../src/model/remote/server-client.js";
import { examineServer } from "../../../../src/model/remote/test-server.js";
import { RequestSender } from "../../../../workers/engines/remote/request-sender.js";
import { RequestWindow } from "../../../../workers/engines/remote/request-window.js";
import { rejected } from "../../../fixtures/caught.js";
import { openOipServer, PLUS_ONE, type OipModel, type OipServer } from "../../../fixtures/oip-server.js";

/** Longer than anything that is quoted, and than what is read for that. */
const SECRET = "s3cr3t-".repeat(900);
const headers = { Authorization: `Bearer ${SECRET}` };
const STATED: OipModel = {
  metadata: {
    inputs: [{ name: "x", datatype: "FP32", shape: [-1, 2] }],
    outputs: [{ name: "y", datatype: "FP32", shape: [-1, 2] }],
  },
  run: PLUS_ONE.run,
};
const x = { name: "x", serverName: "x", shape: [-1, 2], dtype: "float32", element: "float32" } as const;
const bindings = { inputs: [x], outputs: [{ ...x, name: "y", serverName: "y" }] };
const inputs = { x: { dtype: "float32", shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) } } as const;
const NEVER = new AbortController().signal;

let server: OipServer;
beforeEach(async () => {
  server = await openOipServer({ models: { net: STATED } });
});
afterEach(async () => {
  vi.unstubAllGlobals();
  await server.close();
});
const behave = (options: Partial<OipServer["options"]>): void => {
  server.options = { ...server.options, ...options };
};
const client = () => new ServerClient(serverAddress(server.url("net")), headers);
const send = () => new RequestSender(client(), new RequestWindow(1), true).send(bindings, inputs, 2, NEVER);

/** Everything that an error says, its causes included. */
function wordsOf(error: unknown): string {
  return error instanceof Error ? `${error.message} ${wordsOf(error.cause)}` : "";
}

describe("what a server says of itself in an error", () => {
  const output = { name: "y", datatype: "FP32", shape: [1, 2], data: [1, 2] };
  const long = `${"a ".repeat(2 ** 18)}${SECRET}`;
  it.each([
    ["text", SECRET],
    ["text behind text", `no entry with ${SECRET}`],
    ["a text without end", `${"a ".repeat(2_040)}${long}`],
    ["a type", JSON.stringify({ outputs: [{ ...output, datatype: SECRET }] })],
    ["a shape", JSON.stringify({ outputs: [{ ...output, shape: [SECRET, long] }] })],
    [
      "a shape without end",
      JSON.stringify({ outputs: [{ ...output, shape: Array.from({ length: 2 ** 18 }, () => 1) }] }),
    ],
    ["a size", JSON.stringify({ outputs: [{ ...output, parameters: { binary_data_size: SECRET } }] })],
    [
      "other outputs",
      JSON.stringify({
        outputs: [
          { ...output, name: SECRET },
          { ...output, name: long },
        ],
      }),
    ],
    ["other keys", JSON.stringify({ [SECRET]: 1, [long]: 2 })],
    ["a number that is none", JSON.stringify({ outputs: [{ ...output, data: [SECRET, long] }] })],
  ])("is short and without the headers' values: %s", async (_, body) => {
    for (const status of [200, 422, 502]) {
      behave({ misbehave: () => ({ kind: "status", status, body }) });
      const words = wordsOf(await rejected(status === 422 ? "model-failed" : "server-failed", send()));
      expect(words).not.toContain("s3cr3t-s3cr3t");
      expect(words.length).toBeLessThan(800);
    }
  });

  it("is so in its name, in its model's platform, and in what its model is held against", async () => {
    const model = { ...STATED, metadata: { ...STATED.metadata, platform: SECRET } };
    behave({ models: { net: model } });
    expect((await contactServer(client())).model.platform).toBe("…");
    const own = { inputs: [x], outputs: [{ ...x, name: "z" }] };
    const odd = { name: SECRET, datatype: SECRET, shape: [-1, 2] };
    behave({ models: { net: { ...STATED, metadata: { inputs: [odd], outputs: [odd] } } } });
    const test = await examineServer({ url: server.url("net"), headers }, own, undefined);
    expect([test.code, test.message]).toEqual(["model-unsupported", expect.not.stringContaining("s3cr3t-s3cr3t")]);
    const source = { url: server.url("net"), headers, names: undefined };
    const words = wordsOf(await rejected("model-unsupported", inspectRemote(source, {}, undefined)));
    expect(words).not.toContain("s3cr3t-s3cr3t");
    expect(words.length).toBeLessThan(800);
  });

  it("has no part of a value, wherever it stands", () => {
    const secret = "0123456789abcdef".repeat(40);
    const cleaner = new TextCleaner({ Authorization: `Bearer ${secret}`, Other: 'with "quotes" in it' });
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.nat(5000), fc.constant(secret)), { maxLength: 30 }), (parts) => {
        const text = parts.map((part) => (typeof part === "number" ? "x".repeat(part) : part)).join(" ");
        const cleaned = cleaner.clean(text);
        expect(cleaned).not.toMatch(/01234567/);
        expect(cleaned.length).toBeLessThanOrEqual(200);
      }),
    );
    // What is left of many values is so short that the end of what was read is quoted.
    expect(cleaner.clean(`${secret} `.repeat(30))).toMatch(/^(… ?)+$/);
    expect(cleaner.clean(JSON.stringify({ said: 'with "quotes" in it' }))).toBe('{"said":"…"}');
    expect(new TextCleaner({}).clean("a\n b")).toBe("a b");
    expect(new TextCleaner({}).clean("x".repeat(10_000))).toBe(`${"x".repeat(199)}…`);
  });

  it("is no address that can't be read, which may have a password in it", () => {
    for (const url of ["https://me:pass@host:port/v2/models/x", "//me:pass@:", "https://me:pa ss@ho st/"]) {
      expect(() => serverAddress(url)).toThrow(/^(?!.*me:).*received a text of \d+ characters/);
    }
  });
});

describe("a test of a server", () => {
  const test = () => examineServer({ url: server.url("net"), headers }, undefined, undefined);

  it.each([200, 400, 422, 429, 500, 501])(
    "is passed by one that answers %i to a request without inputs",
    async (status) => {
      behave({ inferStatus: status });
      expect(await test()).toMatchObject({ isUsable: true });
    },
  );

  it.each([
    ...[401, 403].map((status) => [status, "server-refused", /pass the headers/] as const),
    ...[404, 405, 410].map((status) => [status, "server-refused", /the model is still there/] as const),
    [413, "out-of-memory", /room for a request without items/],
    [502, "server-failed", /the server's log/],
    [503, "server-busy", /room for another request/],
    [504, "server-failed", /the server's log/],
  ] as const)("is not passed by one that answers %i", async (status, code, words) => {
    behave({ inferStatus: status });
    expect(await test()).toMatchObject({ isUsable: false, code, message: expect.stringMatching(words) });
  });
});

describe("a server that does not answer", () => {
  let silent: Server;
  let url: string;
  /** "nothing", or an answer that begins and stops. */
  let begins = false;
  beforeEach(async () => {
    begins = false;
    silent = createServer(
      (_, response) => void (begins && response.writeHead(200, { "Content-Length": "9" }).write("{")),
    );
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/v2/models/net`;
  });
  afterEach(() => {
    silent.closeAllConnections();
    return new Promise<void>((resolve) => silent.close(() => resolve()));
  });

  it.each([false, true])("is given up after a while, whether it begins an answer or not (%s)", async (does) => {
    begins = does;
    const asked = contactServer(new ServerClient(serverAddress(url)), undefined, 100);
    expect((await rejected("server-unreachable", asked)).message).toMatch(/within 0\.1 seconds/);
  });

  it("is given up at once by whoever aborts, with the error of that", async () => {
    const stop = new AbortController();
    const asked = new ServerClient(serverAddress(url)).ask(url, {
      signal: stop.signal,
      limit: new TimeLimit(60_000),
      mostBytes: 9,
    });
    stop.abort();
    await rejected("aborted", asked);
  });

  it("is asked nothing else to find out why", async () => {
    const asked: unknown[] = [];
    vi.stubGlobal("fetch", async (address: unknown) => {
      asked.push(address);
      throw new TypeError("Failed to fetch");
    });
    await rejected("server-unreachable", contactServer(new ServerClient(serverAddress(url))));
    expect(asked).toEqual([url.replace("/models/net", "/health/ready")]);
  });

  it("asks to be left alone for a while where it says so while it starts", async () => {
    vi.stubGlobal("fetch", async () => new Response("", { status: 503, headers: { "Retry-After": "7" } }));
    const error = await rejected("server-busy", contactServer(new ServerClient(serverAddress(url))));
    expect(error.retryAfterMs).toBe(7_000);
  });
});
