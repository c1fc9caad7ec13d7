// Runs the contract of workers with an engine over a message channel in Node. tests/browser/worker-api.test.ts runs it in real
// workers.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { WorkerApi } from "../../../src/protocol/worker-api.js";
import { cpuDriver } from "../../../workers/engines/tfjs/cpu.js";
import { tfjsEngine } from "../../../workers/engines/tfjs/engine.js";
import { createWorkerApi } from "../../../workers/runtime/create-worker-api.js";
import type { Engine } from "../../../workers/runtime/engine.js";
import { exposeApi } from "../../../workers/runtime/expose.js";
import { valueOf } from "../../contract/check.js";
import { dummyEngine } from "../../contract/dummy-engine.js";
import { workerApiContract } from "../../contract/worker-api.js";
import { openChannel } from "../../fixtures/channel.js";

const engines: Record<string, () => Engine> = {
  "the dummy engine": dummyEngine,
  "TF.js on the CPU": () => tfjsEngine(cpuDriver),
};

describe.each(Object.keys(engines))("a worker with %s", (name) => {
  it.each(workerApiContract)("$title", async ({ state, run }) => {
    const api = createWorkerApi(engines[name]!(), () => {});
    const { link } = openChannel<WorkerApi>((far) => exposeApi<WorkerApi>(api, far));
    if (state === "started") valueOf(await link.api.start({ workerId: name }));
    try {
      await run(link);
    } finally {
      link.close();
    }
  });
});

describe("the dummy engine", () => {
  const source = readFileSync("tests/contract/dummy-engine.ts", "utf8");

  it("shows how small an engine can be", () => {
    expect(source.split("\n").length).toBeLessThanOrEqual(40);
  });

  it("imports only the engine's interface and types of the protocol", () => {
    const imports = [...source.matchAll(/^import (type )?.* from "(.*)";$/gm)].map(([, type, from]) => [type, from]);
    expect(imports).toHaveLength(source.split("import").length - 1);
    for (const [type, from] of imports) {
      expect(type).toBe("type ");
      expect(from).toMatch(/^\.\.\/\.\.\/(src\/protocol\/[\w-]+|workers\/runtime\/engine)\.js$/);
    }
  });
});
