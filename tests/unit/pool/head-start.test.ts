import { expect, it } from "vitest";
import { HeadStart } from "../../../src/pool/head-start.js";
import type { WorkerSpec } from "../../../src/pool/worker-entries.js";
import { negate } from "../../fixtures/negating-sharder.js";
import { ScriptedWorker } from "../../fixtures/scripted-workers.js";

/** Workers that answer, and how often the engine of each was started. */
function setUp(open?: () => never) {
  const workers: ScriptedWorker[] = [];
  const startCounts: number[] = [];
  const head = new HeadStart((spec: WorkerSpec, id) => {
    open?.();
    const worker = new ScriptedWorker(`${spec.backend} ${id}`, negate);
    const at = workers.push(worker) - 1;
    startCounts.push(0);
    worker.beforeStart = async () => void startCounts[at]!++;
    return worker.channel.link;
  });
  return { head, workers, startCounts };
}

it("gives a worker whose engine starts already, and starts it once", async () => {
  const { head, workers, startCounts } = setUp();
  head.begin([{ backend: "wasm" }, { backend: "wasm" }]);
  expect(workers).toHaveLength(2);
  const link = head.open({ backend: "wasm", engine: "tfjs" }, "wasm-7");
  expect(workers).toHaveLength(2);
  expect(await link.api.start({ workerId: "wasm-7" })).toMatchObject({ ok: true, value: { device: "scripted" } });
  expect(await link.api.memory()).toMatchObject({ ok: true });
  expect(startCounts).toEqual([1, 1]);
  head.close();
  // The one that was taken stays.
  expect(workers.map(({ isTerminated }) => isTerminated)).toEqual([false, true]);
  link.close();
});

it("opens another one for what was not expected, or is wanted once more", () => {
  const { head, workers } = setUp();
  head.begin([{ backend: "webgpu", powerPreference: "low-power" }]);
  const specs: readonly WorkerSpec[] = [
    { backend: "webgpu" },
    { backend: "wasm", engine: "litert" },
    { backend: "webgpu", powerPreference: "low-power" },
    { backend: "webgpu", powerPreference: "low-power" },
  ];
  const links = specs.map((spec, index) => head.open(spec, String(index)));
  expect(workers.map(({ name }) => name)).toEqual(["webgpu webgpu", "webgpu 0", "wasm 1", "webgpu 3"]);
  for (const link of links) link.close();
});

it("tells whoever takes one that it has ended meanwhile", async () => {
  const { head, workers } = setUp();
  head.begin([{ backend: "wasm" }]);
  workers[0]!.crash("no such script");
  const ended = new Promise((resolve) => head.open({ backend: "wasm" }, "wasm-1").onEnd(resolve));
  expect(await ended).toBe("no such script");
});

it("leaves a worker that can't be opened to whoever opens it later", () => {
  const { head } = setUp(() => {
    throw new Error("refused");
  });
  head.begin([{ backend: "wasm" }]);
  expect(() => head.open({ backend: "wasm" }, "wasm-1")).toThrow("refused");
});
