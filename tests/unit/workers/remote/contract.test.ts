// The contract of workers with an engine, unchanged, over a server that really computes: with binary tensors and in plain JSON.
import { afterAll, beforeAll, describe, it } from "vitest";
import type { WorkerApi } from "../../../../src/protocol/worker-api.js";
import { remoteEngine } from "../../../../workers/engines/remote/engine.js";
import { createWorkerApi } from "../../../../workers/runtime/create-worker-api.js";
import { exposeApi } from "../../../../workers/runtime/expose.js";
import { valueOf } from "../../../contract/check.js";
import { plusOneWire } from "../../../contract/plus-one.js";
import { workerApiContract } from "../../../contract/worker-api.js";
import { openChannel } from "../../../fixtures/channel.js";
import { openOipServer, PLUS_ONE, type OipServer } from "../../../fixtures/oip-server.js";

/** How a worker is slowed down has nothing to do with JSON, and takes seconds. */
const quickCases = workerApiContract.filter(({ title }) => !title.includes("slower"));
const servers = [
  ["binary tensors", {}, workerApiContract],
  ["plain JSON", { extensions: ["classification"], isBinary: false }, quickCases],
] as const;

describe.each(servers)("a remote worker whose server takes %s", (name, options, cases) => {
  let server: OipServer;
  beforeAll(async () => {
    server = await openOipServer({ ...options, models: { "plus-one": PLUS_ONE } });
  });
  afterAll(async () => server.close());

  it.each(cases)("$title", async ({ state, run }) => {
    const api = createWorkerApi(remoteEngine(), () => {});
    const { link } = openChannel<WorkerApi>((far) => exposeApi<WorkerApi>(api, far));
    const start: WorkerApi["start"] = (config) => link.api.start({ ...config, url: server.url("plus-one") });
    const named = new Proxy(link.api, { get: (target, key) => (key === "start" ? start : Reflect.get(target, key)) });
    if (state === "started") valueOf(await start({ workerId: name }));
    try {
      await run({ api: named, plusOne: plusOneWire, close: () => link.close() });
    } finally {
      link.close();
    }
  });
});
