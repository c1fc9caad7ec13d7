// Jobs, streams and workers that end at an awkward moment.
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Tensor } from "../../../src/protocol/tensors.js";
import type { Source } from "../../../src/sharder/job/source.js";
import { openWebWorker } from "../../../src/pool/open-web-worker.js";
import { findLiveWorker } from "../../../src/pool/live-workers.js";
import { rejected } from "../../fixtures/caught.js";
import { batch, negate, negated, start, turns } from "../../fixtures/negating-sharder.js";

afterEach(() => {
  vi.restoreAllMocks();
});

/** A source whose first batch comes when the test releases it. */
function heldSource() {
  let give: (batch: Tensor) => void = () => {};
  const first = new Promise<IteratorResult<Tensor>>((resolve) => (give = (value) => resolve({ done: false, value })));
  const source: Source = { [Symbol.asyncIterator]: () => ({ next: () => first }) };
  return { source, give };
}

describe("a stream that is aborted while it waits for its source", () => {
  it("leaves no timer behind, and does not change the plan of other jobs", async () => {
    const { sharder } = await start(negate);
    await sharder.predict(batch(50));
    const started = vi.spyOn(globalThis, "setInterval");
    const stopped = vi.spyOn(globalThis, "clearInterval");
    const { source, give } = heldSource();
    const controller = new AbortController();
    const failure = rejected("aborted", sharder.stream(source, { signal: controller.signal }).next());
    await turns(5);
    controller.abort();
    await failure;
    give(batch(3));
    await turns(20);
    const cleared = stopped.mock.calls.map(([timer]) => timer);
    expect(started.mock.results.filter(({ value }) => !cleared.includes(value as number))).toEqual([]);
    expect(sharder.plan.split === "batch" && Object.keys(sharder.plan.shares)).toHaveLength(2);
  });
});

describe("an abort from inside an event", () => {
  it("starts nothing more, and emits nothing after the rejection", async () => {
    const { sharder, workers } = await start(negate);
    await sharder.predict(batch(100));
    await turns(20);
    const runs = () => workers.reduce((sum, worker) => sum + worker.runCount, 0);
    const before = runs();
    const controller = new AbortController();
    sharder.addEventListener("worker", ({ detail }) => {
      if (detail.state === "busy") controller.abort();
    });
    const emitted: string[] = [];
    const options = { signal: controller.signal, onProgress: () => emitted.push("progress") };
    await rejected("aborted", sharder.predict(batch(100), options));
    sharder.addEventListener("attempt", ({ detail }) => emitted.push(detail.outcome));
    await turns();
    expect({ started: runs() - before, emitted }).toEqual({ started: 1, emitted: [] });
  });
});

describe("a user's listener that throws", () => {
  it("is reported, and harms no job", async () => {
    const reported: unknown[] = [];
    vi.stubGlobal("reportError", (error: unknown) => reported.push(error));
    const { sharder } = await start(negate);
    const mine = new Error("mine");
    const onProgress = (): void => {
      throw mine;
    };
    expect(await sharder.predict(batch(4), { onProgress })).toEqual({ y: negated(4) });
    expect(reported.length).toBeGreaterThan(0);
    expect(new Set(reported)).toEqual(new Set([mine]));
  });
});

describe("removing a worker", () => {
  it("that once failed a shard is not reported as a fault", async () => {
    let isBad = true;
    const { sharder } = await start(async (request, worker) => {
      if (isBad) throw new Error("bad input");
      return negate(request, worker);
    });
    await rejected("model-failed", sharder.predict(batch(4)));
    isBad = false;
    await sharder.predict(batch(4));
    const faults: string[] = [];
    sharder.addEventListener("fault", ({ detail }) => faults.push(detail.message));
    await sharder.removeWorker(sharder.workers[0]!.id);
    expect(faults).toEqual([]);
  });

  it("that is still starting does not affect running jobs, and rejects its start", async () => {
    const { sharder } = await start(async (request, worker) => {
      await turns(2);
      return negate(request, worker);
    }, 1);
    const faults: string[] = [];
    sharder.addEventListener("fault", ({ detail }) => faults.push(detail.code));
    const running = sharder.predict(batch(200));
    await turns(5);
    const adding = rejected("worker-lost", sharder.addWorker({ backend: "wasm" }));
    await sharder.removeWorker(sharder.workers[1]!.id);
    await adding;
    expect(await running).toEqual({ y: negated(200) });
    expect(faults).toEqual([]);
    expect(sharder.workers).toHaveLength(1);
  });
});

describe("a worker", () => {
  it("is ready again after its last shard, whatever other calls it gets meanwhile", async () => {
    let finish: () => void = () => {};
    const { sharder } = await start(async (request, worker) => {
      await new Promise<void>((resolve) => (finish = resolve));
      return negate(request, worker);
    }, 1);
    const running = sharder.predict(batch(1));
    await turns(10);
    // Called before the shard ends, answered after it.
    const slowed = findLiveWorker(sharder.workers[0]!.id)!.inject({ kind: "slow", factor: 2 });
    finish();
    await Promise.all([running, slowed]);
    await turns(5);
    expect(sharder.workers[0]!.state).toBe("ready");
  });

  it("ends even if its model can't be released", async () => {
    const { sharder, workers } = await start(negate, 1);
    workers[0]!.failStop = true;
    await sharder.dispose();
    expect(workers[0]!.isTerminated).toBe(true);
    expect(sharder.workers).toEqual([]);
  });

  it("whose script the browser refuses rejects with a ShardError", async () => {
    const refused = (): never => {
      throw new DOMException("cross-origin", "SecurityError");
    };
    const { sharder } = await start(negate, 1, { open: () => openWebWorker("a test", refused) });
    await rejected("backend-unavailable", sharder.addWorker({ backend: "wasm" }));
  });
});

it("a source may fill one buffer again and again", async () => {
  const { sharder } = await start(async (request, worker) => {
    await turns(2);
    return negate(request, worker);
  }, 1);
  function* source(): Generator<Tensor> {
    const data = new Float32Array(2);
    for (let item = 1; item <= 6; item++) yield { dtype: "float32", shape: [1, 2], data: data.fill(item) };
  }
  const values: number[] = [];
  for await (const { outputs } of sharder.stream(source())) values.push(...(outputs.y as Tensor).data.map(Number));
  expect(values).toEqual([1, 2, 3, 4, 5, 6].flatMap((item) => [-item, -item]));
});
