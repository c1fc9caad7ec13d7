// Jobs over workers of this machine and a server, which computes with TF.js in Node: what it gives, what goes wrong with it, and what it is told.
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { graphOnServer } from "../fixtures/oip-graph.js";
import { openOipServer, type Misbehaviour, type OipOptions, type OipServer } from "../fixtures/oip-server.js";
import { randomNet } from "../fixtures/random-net.js";
import { openHarness, type OpenPage } from "../harness/launch.js";

const NET = { seed: 7, depth: 3, width: 8 };
const TOKEN = "Bearer a-secret-token";
/** Of the largest value: a server is held to it. */
const TOLERANCE = 1e-3;

let opened: OpenPage;
let server: OipServer;

beforeAll(async () => {
  const net = await graphOnServer(randomNet(NET));
  const renamed = await graphOnServer(randomNet(NET), { image: "INPUT__0", features: "OUTPUT__0" });
  const other = await graphOnServer(randomNet({ ...NET, width: 4 }));
  const models = { net, renamed, other, wrong: await graphOnServer(randomNet({ ...NET, seed: 8 })) };
  server = await openOipServer({ models });
  opened = await openHarness({ namesRemotes: true });
});
afterAll(async () => {
  await opened.close();
  await server.close();
});

beforeEach(() => {
  server.options = { models: server.options.models };
  server.inferences.length = 0;
});

/** How the server behaves in one test. */
function behave(options: Omit<OipOptions, "models">): void {
  server.options = { ...options, models: server.options.models };
}

interface Given {
  readonly url: string;
  readonly headers?: Record<string, string>;
  readonly names?: Record<string, string>;
  readonly itemCount?: number;
  readonly localCount?: number;
  /** Until the server is back, or this many faults have been reported. */
  readonly waitsForReturn?: boolean;
}

/** One job on the page. @returns how far its result is from the whole model's, and everything that was reported. */
function runJob(given: Given) {
  return opened.page.evaluate(
    async ({ url, headers, names, itemCount = 240, localCount = 1, waitsForReturn = false }) => {
      const model = harness.randomNet({ seed: 7, depth: 3, width: 8 });
      const items = harness.float32([itemCount, 8, 8, 3]);
      const [whole] = await harness.runWhole("wasm", model, [items]);
      const local = Array.from({ length: localCount }, () => ({ backend: "wasm" as const }));
      const sharder = await harness.createSharder({
        model,
        workers: [...local, { backend: "remote", url, headers, names }],
        quantumMs: 20,
        remember: false,
        policy: "equal",
      });
      const events: unknown[] = [];
      for (const type of ["attempt", "fault", "worker", "rebalance", "progress"] as const) {
        sharder.addEventListener(type, ({ detail }) => void events.push({ type, ...detail }));
      }
      const remoteId = sharder.workers.at(-1)!.id;
      const { features } = await sharder.predict(items);
      const snapshot = () => sharder.workers.find(({ id }) => id === remoteId);
      for (let turn = 0; waitsForReturn && snapshot()?.state !== "ready" && turn < 100; turn++) {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      const { restarts, state, lastError, device } = snapshot()!;
      const faults = events.flatMap((event) => {
        const { type, cause, workerId, message, recoverMs } = event as Record<string, string>;
        return type === "fault" && workerId === remoteId && recoverMs === undefined ? [{ cause, message }] : [];
      });
      const { verification } = sharder;
      const told = JSON.stringify([events, sharder.workers, sharder.model, lastError?.message]);
      await sharder.dispose();
      return {
        gap: harness.difference(features, whole!),
        faults,
        ...{ restarts, state, device, told, verification, remoteId },
        error: lastError && { code: lastError.code, message: lastError.message },
      };
    },
    given,
  );
}

it("shares a job with a server, whose first results are compared, and tells its secrets to nobody else", async () => {
  behave({ token: TOKEN });
  const run = await runJob({ url: server.url("net"), headers: { Authorization: TOKEN } });
  expect(run.gap).toBeLessThan(TOLERANCE);
  expect(run).toMatchObject({ state: "ready", restarts: 0, faults: [], error: undefined });
  expect(run.device).toBe(`far-end 1 (plain) at 127.0.0.1:${server.port}/v2/models/net`);
  expect(run.verification).toMatchObject({ wrongCount: 0, workers: { [run.remoteId]: "verified" } });
  expect(server.inferences.length).toBeGreaterThan(1);
  expect(server.inferences.every(({ isBinary }) => isBinary)).toBe(true);
  expect(run.told).not.toContain("a-secret-token");
  const [last] = server.requestHeaders.slice(-1);
  expect(last).toMatchObject({ authorization: TOKEN });
  expect([last!.cookie, last!.referer]).toEqual([undefined, undefined]);
});

it.each([
  ["does without binary tensors", { isBinary: false, extensions: ["classification"] }, "net"],
  ["does not let the page read the length of its JSON", { exposesLength: false }, "net"],
  ["names its inputs and outputs in its own way", {}, "renamed"],
] as const)("takes a server that %s", async (_, options, model) => {
  behave(options);
  const names = model === "renamed" ? { image: "INPUT__0", features: "OUTPUT__0" } : undefined;
  const run = await runJob({ url: server.url(model), ...(names && { names }) });
  expect(run.gap).toBeLessThan(TOLERANCE);
  expect(run).toMatchObject({ state: "ready", faults: [] });
  expect(server.inferences.length).toBeGreaterThan(1);
});

const FAULTS: readonly [Misbehaviour, RegExp][] = [
  [{ kind: "reset" }, /the connection was refused or ended/],
  [{ kind: "truncated" }, /broke off/],
  [{ kind: "oversized" }, /at most \d+ bytes/],
  [{ kind: "html" }, /a page of HTML/],
  [{ kind: "wrong-shape" }, /of shape \[-1, 8, 8, 8\]/],
  [{ kind: "trailing" }, /Expected \d+ bytes/],
  [{ kind: "status", status: 502, body: "<html>Bad gateway" }, /the status 502/],
  [{ kind: "status", status: 401 }, /headers that it asks for/],
];

it.each(FAULTS)(
  "computes elsewhere what a server was on that answers with %j, and takes it back",
  async (fault, words) => {
    // Browsers themselves send a request again whose connection ended before an answer began.
    behave({ misbehave: at(fault, 2, fault.kind === "reset" ? 8 : 2) });
    const run = await runJob({ url: server.url("net"), waitsForReturn: true });
    expect(run.gap).toBeLessThan(TOLERANCE);
    expect(run.faults.map(({ cause }) => cause)).toContain("server-lost");
    expect(run.faults[0]!.message).toMatch(words);
    expect(run).toMatchObject({ state: "ready", restarts: 1 });
  },
);

it("leaves a server alone for as long as it asks, and computes elsewhere what it was on", async () => {
  behave({ misbehave: at({ kind: "status", status: 503, headers: { "Retry-After": "60" } }, 2) });
  const run = await runJob({ url: server.url("net") });
  expect(run.gap).toBeLessThan(TOLERANCE);
  expect(run.faults).toMatchObject([{ cause: "server-lost", message: expect.stringMatching(/the status 503/) }]);
  expect(run).toMatchObject({ state: "restarting", restarts: 0 });
});

it("takes wrong numbers of rows for its server's fault, not for the model's", async () => {
  const contactCount = () => server.log.filter((line) => line === "GET /v2/models/net").length;
  const before = contactCount();
  behave({ misbehave: (number) => (number > 1 && contactCount() === before + 1 ? { kind: "wrong-rows" } : undefined) });
  const run = await runJob({ url: server.url("net"), waitsForReturn: true });
  expect(run.gap).toBeLessThan(TOLERANCE);
  expect(run.faults).toMatchObject([{ cause: "server-lost", message: expect.stringMatching(/a row for each/) }]);
  expect(run).toMatchObject({ state: "ready", restarts: 1 });
});

/** The requests from one number to another, counted from 1. */
function at(fault: Misbehaviour, first: number, last = first): OipOptions["misbehave"] & object {
  let count = 0;
  return () => (++count >= first && count <= last ? fault : undefined);
}

it("sends less at once to a server that is too busy, and does not lose it", async () => {
  const busy: Misbehaviour = { kind: "status", status: 429, headers: { "Retry-After": "0" } };
  behave({ misbehave: (number) => (number % 5 === 0 ? busy : undefined) });
  const run = await runJob({ url: server.url("net") });
  expect(run.gap).toBeLessThan(TOLERANCE);
  expect(run).toMatchObject({ state: "ready", restarts: 0, faults: [] });
});

it("takes a request that is refused for the items' fault, not for a lost server", async () => {
  behave({ misbehave: at({ kind: "status", status: 422 }, 2) });
  const run = await runJob({ url: server.url("net") });
  expect(run.gap).toBeLessThan(TOLERANCE);
  expect(run).toMatchObject({ state: "ready", restarts: 0, faults: [{ cause: "threw" }] });
});

it.each([
  ["holds another model of the same interface", "wrong", undefined],
  ["gives wrong numbers later", "net", { kind: "wrong-numbers", factor: 1.01 }],
] as const)("quarantines a server that %s, and computes again what it gave", async (_, model, fault) => {
  behave(fault === undefined ? {} : { misbehave: at(fault, 2, Infinity) });
  const run = await runJob({ url: server.url(model) });
  expect(run.gap).toBeLessThan(TOLERANCE);
  expect(run.state).toBe("quarantined");
  expect(run.faults).toMatchObject([{ cause: "wrong-output" }]);
  expect(run.error?.message).toMatch(/differ by/);
});

it("says what is wrong with a server before it gets work", async () => {
  const refuse = (url: string, more: object = {}) =>
    opened.page.evaluate(
      async ({ url, more }) => {
        const sharder = await harness.createSharder({
          model: harness.randomNet({ seed: 7, depth: 3, width: 8 }),
          workers: [{ backend: "wasm" }],
        });
        const failure = await harness.failureOf(() => sharder.addWorker({ backend: "remote", url, ...more }));
        await sharder.dispose();
        return `${failure?.code}: ${failure?.message}`;
      },
      { url, more },
    );
  expect(await refuse(server.url("other"))).toMatch(
    /^model-unsupported: .*"features" of shape \[-1, 8, 8, 8\], received \[-1, 8, 8, 4\]/,
  );
  expect(await refuse(server.url("renamed"))).toMatch(/^model-unsupported: .*names: { "image": "INPUT__0" }/);
  expect(await refuse(server.url("nobody"))).toMatch(
    /^server-refused: .*404 \("no model "nobody""\).*name and version/,
  );
  expect(await refuse("http://127.0.0.1:9/v2/models/net")).toMatch(
    /^server-unreachable: .*127\.0\.0\.1:9, received none/,
  );
  expect(await refuse("https://me:pass@host/v2/models/net")).toMatch(/^invalid-options: (?!.*pass@).*credentials/);
  server.isReady = false;
  expect(await refuse(server.url("net"))).toMatch(/^server-busy: .*503/);
  server.isReady = true;
  behave({ token: TOKEN });
  const wrong = await refuse(server.url("net"), { headers: { Authorization: "Bearer not-the-one" } });
  expect(wrong).toMatch(/^server-refused: .*401.*pass the headers/);
  expect(wrong).not.toContain("not-the-one");
  behave({ allowOrigin: undefined });
  expect(await refuse(server.url("net"))).toMatch(/^server-unreachable: .*Access-Control-Allow-Origin/);
});

it("tests a server in words, and whether this page may send it requests", async () => {
  const test = (url: string) =>
    opened.page.evaluate(async (url) => {
      const sharder = await harness.createSharder({
        model: harness.randomNet({ seed: 7, depth: 3, width: 8 }),
        workers: [{ backend: "cpu" }],
      });
      const { isUsable, message, code } = await harness.testServer({ backend: "remote", url }, sharder.model);
      await sharder.dispose();
      return [isUsable, code, message];
    }, url);
  expect(await test(server.url("net"))).toEqual([
    ...[true, undefined],
    "far-end 1 is ready: it runs the model with plain, takes binary tensors.",
  ]);
  expect(server.inferences).toEqual([]);
  expect(await test(server.url("other"))).toEqual([
    false,
    "model-unsupported",
    expect.stringMatching(/received \[-1, 8, 8, 4\]/),
  ]);
  expect(await test("ftp://host/v2/models/net")).toEqual([
    false,
    "invalid-options",
    expect.stringMatching(/"ftp:": use https/),
  ]);
  behave({ allowHeaders: "Content-Type" });
  expect(await test(server.url("net"))).toEqual([
    false,
    "server-unreachable",
    expect.stringMatching(/Inference-Header-Content-Length/),
  ]);
});

it("runs a model that only a server has, and ends its requests with the job", async () => {
  let waiting = 0;
  const found = await opened.page.evaluate(async (remote) => {
    const sharder = await harness.createSharder({ model: { remote } });
    const items = harness.float32([20, 8, 8, 3]);
    const { features } = await sharder.predict(items);
    const [whole] = await harness.runWhole("wasm", harness.randomNet({ seed: 7, depth: 3, width: 8 }), [items]);
    const { format, inputs, batchMode } = sharder.model;
    const states = sharder.workers.map(({ backend, state }) => [backend, state]);
    await sharder.dispose();
    return { gap: harness.difference(features, whole!), format, inputs, batchMode, states };
  }, server.url("net"));
  expect(found.gap).toBeLessThan(TOLERANCE);
  expect(found).toMatchObject({
    format: "remote",
    inputs: [{ name: "image", shape: [-1, 8, 8, 3], dtype: "float32" }],
    batchMode: "batched",
    states: [["remote", "ready"]],
  });
  behave({ misbehave: () => (waiting++, { kind: "silent" }) });
  const code = await opened.page.evaluate(async (remote) => {
    const sharder = await harness.createSharder({ model: { remote } });
    const stop = new AbortController();
    const job = harness.failureOf(() => sharder.predict(harness.float32([20, 8, 8, 3]), { signal: stop.signal }));
    setTimeout(() => stop.abort(), 300);
    const failure = await job;
    await sharder.dispose();
    return failure?.code;
  }, server.url("net"));
  expect(code).toBe("aborted");
  expect(waiting).toBeGreaterThan(0);
});
