import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fetchLabels, parseLabels, readLabels } from "../../../src/jobs/labels.js";
import { ShardError } from "../../../src/core/errors.js";
import { rejected } from "../../fixtures/caught.js";

const teachable = {
  tfjsVersion: "1.7.4",
  packageName: "@teachablemachine/image",
  labels: ["cat", "dog"],
  imageSize: 224,
};

describe("labels from a text", () => {
  it("of Teachable Machine, with what its own library does to pictures", () => {
    expect(parseLabels(JSON.stringify(teachable), "metadata.json")).toEqual({
      labels: ["cat", "dog"],
      pictures: {
        width: 224,
        height: 224,
        fit: "cover",
        smoothing: "low",
        matte: [0, 0, 0],
        scale: 1 / 127,
        offset: -1,
      },
    });
    const grey = { ...teachable, imageSize: 96, grayscale: true };
    expect(parseLabels(JSON.stringify(grey), "metadata.json")?.pictures).toMatchObject({ width: 96, colours: "grey" });
    const unsized = parseLabels(JSON.stringify({ ...teachable, imageSize: -3 }), "metadata.json");
    expect(unsized?.pictures).not.toHaveProperty("width");
  });

  it("of other models, of a plain list and of lines", () => {
    const expected = { labels: ["a", "b c"], pictures: undefined };
    const pose = { packageName: "@teachablemachine/pose", labels: ["a", "b c"] };
    expect(parseLabels(JSON.stringify(pose), "metadata.json")).toEqual(expected);
    expect(parseLabels('\n ["a", "b c"]', "labels.json")).toEqual(expected);
    expect(parseLabels("a\r\nb c\n\n", "labels.txt")).toEqual(expected);
    expect(parseLabels('["a", "b c"]', "labels.txt")).toEqual(expected);
  });

  it("none where there are none", () => {
    expect(parseLabels("{}", "metadata.json")).toBeUndefined();
    expect(parseLabels('{"modelTopology": {}}', "model.json")).toBeUndefined();
    expect(parseLabels("\n\n", "labels.txt")).toBeUndefined();
  });

  it.each(['{"labels": "cat"}', '{"labels": [1, 2]}', '{"labels": null}', "[1]", "{", "cat", "", "[[]]"])(
    "refuses %j",
    (text) => {
      expect(() => parseLabels(text, "metadata.json")).toThrow(ShardError);
      expect(() => parseLabels(text, "metadata.json")).toThrow(/metadata\.json/);
    },
  );

  it("reads a file", async () => {
    const file = new File(["cat\ndog\n"], "labels.txt");
    expect(await readLabels(file)).toEqual({ labels: ["cat", "dog"], pictures: undefined });
  });
});

describe("labels beside a model", () => {
  let server: Server | undefined;
  beforeEach(() => vi.stubGlobal("location", { href: "http://127.0.0.1/" }));
  afterEach(() => {
    server?.close();
    server = undefined;
    vi.unstubAllGlobals();
  });

  async function serve(status: number, body: string) {
    const asked: (string | undefined)[] = [];
    server = createServer((request, response) => {
      asked.push(`${request.url} ${request.headers.authorization ?? ""}`.trim());
      response.writeHead(status).end(body);
    });
    await new Promise<void>((done) => server!.listen(0, "127.0.0.1", done));
    // What a page has instead of Node's nothing.
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/app/`;
    vi.stubGlobal("location", { href: base });
    return { base, asked };
  }

  it("asks beside model.json, with the caller's credentials", async () => {
    const { asked } = await serve(200, JSON.stringify(teachable));
    const requestInit = { headers: { authorization: "Bearer x" } };
    const labels = await fetchLabels("models/a/model.json?v=3", { requestInit });
    expect(labels?.labels).toEqual(["cat", "dog"]);
    expect(asked).toEqual(["/app/models/a/metadata.json?v=3 Bearer x"]);
  });

  it.each([
    [404, "Not found."],
    [200, "<!doctype html><title>App</title>"],
    [200, "{}"],
    [403, "[]"],
  ])("none for %i %j", async (status, body) => {
    const { base } = await serve(status, body);
    expect(await fetchLabels(new URL("model.json", base))).toBeUndefined();
  });

  it("none beside what is no file on a server; no address is refused", async () => {
    expect(await fetchLabels("indexeddb://my-model")).toBeUndefined();
    await rejected("invalid-options", fetchLabels("http://["), "http://[");
  });

  it("says what is wrong with them, and when nobody answers", async () => {
    const { base } = await serve(200, '{"labels": 3}');
    await rejected("model-malformed", fetchLabels(`${base}model.json`), "metadata.json");
    await rejected("model-network", fetchLabels("http://127.0.0.1:1/model.json"), "127.0.0.1:1/metadata.json");
    const reason = new Error("gone");
    const error = await rejected("aborted", fetchLabels(`${base}model.json`, { signal: AbortSignal.abort(reason) }));
    expect(error.cause).toBe(reason);
  });
});
