// Runs the contract of workers with an engine over a message channel in Node. tests/browser/worker-api.test.ts runs it in real
// workers.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { WorkerNotice } from "../../../src/protocol/link.js";
import type { WireModel } from "../../../src/protocol/model-on-wire.js";
import type { WorkerApi } from "../../../src/protocol/worker-api.js";
import { cpuDriver } from "../../../workers/engines/tfjs/cpu.js";
import { tfjsEngine } from "../../../workers/engines/tfjs/engine.js";
import { createWorkerApi } from "../../../workers/runtime/create-worker-api.js";
import type { Engine } from "../../../workers/runtime/engine.js";
import { exposeApi } from "../../../workers/runtime/expose.js";
import { checkRefused, valueOf } from "../../contract/check.js";
import { dummyEngine } from "../../contract/dummy-engine.js";
import { plusOneWire } from "../../contract/plus-one.js";
import { KEY, checkTwoMore, twoItems, X } from "../../contract/requests.js";
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
      await run({ api: link.api, plusOne: plusOneWire, close: () => link.close() });
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

describe("a worker whose engine breaks", () => {
  /** The dummy engine, except for what it does in the load of a model, and whether its device is there. */
  function setUp(load: Engine["load"], isIntact: () => boolean = () => true) {
    const notices: WorkerNotice[] = [];
    const api = createWorkerApi({ ...dummyEngine(), load, isIntact }, (notice) => void notices.push(notice));
    return { api, notices };
  }
  const loadAsEver = (wire: WireModel) => dummyEngine().load(wire);

  it("in the load: answers worker-lost, posts a notice, and refuses whatever follows", async () => {
    let isIntact = true;
    const losing = async (wire: WireModel) => {
      isIntact = false;
      return loadAsEver(wire);
    };
    const { api, notices } = setUp(losing, () => isIntact);
    valueOf(await api.start({ workerId: "gpu" }));
    checkRefused(await api.load(KEY, plusOneWire(X)), "worker-lost");
    await expect.poll(() => notices).toMatchObject([{ notice: "device-lost" }]);
    isIntact = true;
    checkRefused(await api.load(KEY, plusOneWire(X)), "worker-lost");
    checkRefused(await api.run(twoItems()), "worker-lost");
    expect(notices).toHaveLength(1);
  });

  it("in the start: refuses to start", async () => {
    const { api } = setUp(loadAsEver, () => false);
    checkRefused(await api.start({ workerId: "gpu" }), "backend-unavailable");
  });

  it("by a trap of its WASM code, whatever it was doing", async () => {
    const trapping = async (wire: WireModel) => {
      const model = await loadAsEver(wire);
      return {
        ...model,
        dispose: () => {
          throw new WebAssembly.RuntimeError("unreachable");
        },
      };
    };
    const { api, notices } = setUp(trapping);
    valueOf(await api.start({ workerId: "wasm" }));
    valueOf(await api.load(KEY, plusOneWire(X)));
    checkTwoMore(await api.run(twoItems()));
    checkRefused(await api.unload(KEY), "model-failed");
    await expect.poll(() => notices).toMatchObject([{ notice: "trapped" }]);
    checkRefused(await api.load(KEY, plusOneWire(X)), "worker-lost");
  });

  it("not by a failed allocation of JavaScript, which is out-of-memory", async () => {
    let isFull = true;
    const allocating = async (wire: WireModel) => {
      if (isFull) return Promise.reject(new RangeError("Array buffer allocation failed"));
      return loadAsEver(wire);
    };
    const { api, notices } = setUp(allocating);
    valueOf(await api.start({ workerId: "cpu" }));
    checkRefused(await api.load(KEY, plusOneWire(X)), "out-of-memory");
    isFull = false;
    valueOf(await api.load(KEY, plusOneWire(X)));
    checkTwoMore(await api.run(twoItems()));
    expect(notices).toEqual([]);
  });
});
