// Files that are larger than anything of their kind can be are refused before they fill the memory.
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { fetchLabels, readLabels } from "../../../../src/jobs/labels.js";
import { fetchModel } from "../../../../src/model/fetch-model.js";
import { ByteCollector } from "../../../../src/model/load/byte-target.js";
import { LimitedTarget, MAX_METADATA_BYTES, modelJsonTooLarge } from "../../../../src/model/load/size-limits.js";
import { readModelFiles } from "../../../../src/model/read-model-files.js";
import { caught, rejected } from "../../../fixtures/caught.js";

let server: Server;
let url: string;
let answer: (response: ServerResponse) => void;
let sentBytes: number;

beforeEach(async () => {
  sentBytes = 0;
  server = createServer((_request, response) => answer(response));
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/model.json`;
});

afterEach(async () => {
  vi.unstubAllGlobals();
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
});

/** Sends spaces for as long as anyone reads them. */
function endless(response: ServerResponse): void {
  const piece = Buffer.alloc(2 ** 20, " ");
  response.write("[");
  const send = (): void => {
    while (!response.destroyed && response.write(piece)) sentBytes += piece.length;
    sentBytes += piece.length;
  };
  response.on("drain", send);
  send();
}

/** A file of any size that takes no memory. */
function hugeFile(name: string, size: number): File {
  const file = new File(["{}"], name);
  Object.defineProperty(file, "size", { value: size });
  return file;
}

describe("a model.json that is too large", () => {
  it("by its announcement is refused at its first piece", async () => {
    answer = (response) => void response.writeHead(200, { "content-length": 2 ** 30 }).write('{"modelTopology":');
    await rejected(
      "model-malformed",
      fetchModel(url, {}, () => {}),
      "at most 256 MiB",
      url,
      "1024.0 MiB",
    );
  });

  it("by what has arrived is refused", () => {
    const target = new LimitedTarget(
      new ByteCollector(),
      () => 10,
      (bytes) => modelJsonTooLarge("here", bytes),
    );
    target.begin(undefined);
    target.write(new Uint8Array(10));
    caught("model-malformed", () => target.write(new Uint8Array(1)), "here");
    target.begin(undefined);
    target.write(new Uint8Array(10));
  });

  it("among files is refused unread, by name", async () => {
    const files = [hugeFile("model.json", 2 ** 29)];
    await rejected(
      "model-malformed",
      readModelFiles(files, {}, () => {}),
      "model.json",
      "512.0 MiB",
    );
  });
});

describe("labels that are too large", () => {
  it("are refused as soon as that is seen", async () => {
    vi.stubGlobal("location", { href: url });
    answer = endless;
    await rejected("model-malformed", fetchLabels(url), "at most 16 MiB", "metadata.json");
    expect(sentBytes).toBeLessThan(2 * MAX_METADATA_BYTES);
  });

  it("in a file are refused unread", async () => {
    await rejected("model-malformed", readLabels(hugeFile("metadata.json", 2 ** 25)), "metadata.json", "32.0 MiB");
  });
});
