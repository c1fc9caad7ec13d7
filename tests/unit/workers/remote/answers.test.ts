// What the engine of remote workers makes of answers: how many rows, how large, refused in one form or for a time.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { serverAddress } from "../../../../src/model/remote/address.js";
import { BodyBudget, readBody } from "../../../../src/model/remote/read-body.js";
import { ServerClient } from "../../../../src/model/remote/server-client.js";
import { fromErrorRecord } from "../../../../src/protocol/error-record.js";
import { BinaryTrial } from "../../../../workers/engines/remote/binary-trial.js";
import { remoteEngine } from "../../../../workers/engines/remote/engine.js";
import { remoteModel } from "../../../../workers/engines/remote/engine-model.js";
import { RequestSender } from "../../../../workers/engines/remote/request-sender.js";
import { RequestWindow } from "../../../../workers/engines/remote/request-window.js";
import type { EngineTurn } from "../../../../workers/runtime/engine.js";
import { reply } from "../../../../workers/runtime/reply.js";
import { plusOneWire } from "../../../contract/plus-one.js";
import { openOipServer, PLUS_ONE, type OipServer } from "../../../fixtures/oip-server.js";

const x = { name: "x", serverName: "x", shape: [-1, 2], dtype: "float32", element: "float32" } as const;
const bindings = { inputs: [x], outputs: [{ ...x, name: "y", serverName: "y", shape: undefined }] };
const items = (count: number) => ({
  x: {
    dtype: "float32",
    shape: [count, 2],
    data: Float32Array.from({ length: 2 * count }, (_, index) => index),
  } as const,
});
const plusOne = (count: number) => ({
  dtype: "float32",
  shape: [count, 2],
  data: items(count).x.data.map((value) => value + 1),
});
const NEVER = new AbortController().signal;
const turn: EngineTurn = { signal: NEVER, handOver: () => {} };
const rows = (itemCount: number) => ({ itemCount, names: new Set(["x"]) });

let server: OipServer;
beforeEach(async () => {
  server = await openOipServer({ models: { net: PLUS_ONE } });
});
afterEach(async () => server.close());
const behave = (options: Partial<OipServer["options"]>): void => {
  server.options = { ...server.options, ...options };
};
const sender = (takesBinary?: boolean) =>
  new RequestSender(new ServerClient(serverAddress(server.url("net"))), new RequestWindow(2), takesBinary);

describe("parts of a batch whose answers have other numbers of rows", () => {
  it.each([
    ["one less", { kind: "wrong-rows" }],
    [
      "none, of four thousand million numbers each",
      {
        kind: "status",
        status: 200,
        body: JSON.stringify({ outputs: [{ name: "y", datatype: "FP32", shape: [0, 4e9], data: [] }] }),
      },
    ],
  ] as const)("are asked for together: %s", async (_, fault) => {
    behave({ misbehave: (number) => (number <= 2 ? fault : undefined) });
    const model = remoteModel(bindings, sender(true), Infinity);
    expect(await model.runRows!(items(6), rows(6), turn)).toEqual({ y: plusOne(6) });
    const before = server.inferences.length;
    // A chance failure does not end the parts.
    expect(await model.runRows!(items(6), rows(6), turn)).toEqual({ y: plusOne(6) });
    expect(server.inferences.slice(before).map(({ itemCount }) => itemCount)).toEqual([3, 3]);
  });

  it("stay together where that is the model's way", async () => {
    behave({ misbehave: () => ({ kind: "wrong-rows" }) });
    const model = remoteModel(bindings, sender(true), Infinity);
    for (let i = 0; i < 2; i++) expect((await model.runRows!(items(6), rows(6), turn))["y"]!.shape).toEqual([5, 2]);
    expect(server.inferences.at(-1)!.itemCount).toBe(6);
  });
});

describe("a server that does not say whether it takes binary tensors", () => {
  it("is sent them still after one chance failure, and JSON only after two that show the same", async () => {
    const failing = new Set([1]);
    behave({ misbehave: (number) => (failing.has(number) ? { kind: "status", status: 500 } : undefined) });
    const sent = async (one: RequestSender) => {
      server.inferences.length = 0;
      expect(await one.send(bindings, items(2), 2, NEVER)).toEqual({ y: plusOne(2) });
      return server.inferences.map(({ isBinary }) => (isBinary ? "binary" : "json"));
    };
    const chance = sender();
    expect(await sent(chance)).toEqual(["binary", "json"]);
    expect(await sent(chance)).toEqual(["binary"]);
    const lacking = sender();
    behave({ misbehave: () => (server.inferences.at(-1)!.isBinary ? { kind: "status", status: 400 } : undefined) });
    expect(await sent(lacking)).toEqual(["binary", "json"]);
    expect(await sent(lacking)).toEqual(["binary", "json"]);
    expect(await sent(lacking)).toEqual(["json"]);
  });

  it("has shown nothing twice by requests that were under way together, and all by one that was answered", () => {
    const trial = new BinaryTrial(undefined);
    const [first, second, late] = [trial.begin(), trial.begin(), trial.begin()];
    for (const form of [first, second]) {
      expect(form.mayTryJson(500)).toBe(true);
      expect(form.isBinary).toBe(false);
      form.succeeded();
    }
    const next = trial.begin();
    expect([next.isBinary, next.mayTryJson(404), next.mayTryJson(400), next.mayTryJson(400)]).toEqual([
      true,
      false,
      true,
      false,
    ]);
    next.succeeded();
    expect(trial.begin().isBinary).toBe(false);
    late.succeeded();
    expect(trial.begin().isBinary).toBe(true);
    expect(trial.begin().mayTryJson(400)).toBe(false);
  });
});

describe("the body of an answer", () => {
  const MIB = 2 ** 20;
  /** Bytes of a body that says how long it is, whatever arrives of it. */
  function stated(byteCount: number, ...chunks: Uint8Array<ArrayBuffer>[]) {
    let close = (): void => {};
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
      start(controller) {
        for (const chunk of chunks) controller.enqueue(chunk);
        close = () => controller.close();
      },
    });
    return { response: new Response(body, { headers: { "Content-Length": String(byteCount) } }), close };
  }

  it("takes memory as it arrives, not as it is said to be long", async () => {
    const before = process.memoryUsage().arrayBuffers;
    const { response, close } = stated(800 * MIB, new Uint8Array(3));
    const reading = readBody(response, 1024 * MIB, new BodyBudget(1024 * MIB));
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 * MIB);
    close();
    expect(await reading).toEqual(new Uint8Array(3));
  });

  it("is whole, in whatever pieces it comes", async () => {
    const sizes = [1, MIB - 1, 7, 3 * MIB, MIB];
    const chunks = sizes.map((size, index) => new Uint8Array(size).fill(index + 1));
    const { response, close } = stated(0, ...chunks);
    close();
    const bytes = await readBody(response, 10 * MIB, new BodyBudget(10 * MIB));
    expect(Buffer.compare(Buffer.from(bytes!), Buffer.concat(chunks))).toBe(0);
  });

  it("is refused where all that are read at once have no room, which is there again afterwards", async () => {
    const budget = new BodyBudget(10);
    const [first, second] = [stated(6, new Uint8Array(6)), stated(6, new Uint8Array(6))];
    const reading = readBody(first.response, 10, budget);
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(await readBody(second.response, 10, budget)).toBeUndefined();
    first.close();
    expect(await reading).toHaveLength(6);
    const third = stated(10, new Uint8Array(10));
    third.close();
    expect(await readBody(third.response, 10, budget)).toHaveLength(10);
  });
});

it("asks to be left alone for as long as its server does", async () => {
  const asked = { "Retry-After": "60" };
  const engine = remoteEngine();
  await engine.start({ workerId: "w-1", url: server.url("net") }, () => {});
  const model = await engine.load(plusOneWire({ input: "x", output: "y", shape: [-1, 2] }));
  behave({ misbehave: () => ({ kind: "status", status: 503, headers: asked }) });
  const answer = await reply(() => model.run(items(1)));
  if (answer.ok) throw new Error("expected a failure");
  expect(answer.error).toMatchObject({ code: "server-busy", notice: "server-lost", retryAfterMs: 60_000 });
  expect(fromErrorRecord(structuredClone(answer.error)).retryAfterMs).toBe(60_000);
});
