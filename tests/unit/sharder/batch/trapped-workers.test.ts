// Items on which the code of a backend breaks off, so that each run of them costs a worker.
import { describe, expect, it } from "vitest";
import { ShardError } from "../../../../src/core/errors.js";
import type { FaultDetail } from "../../../../src/sharder/events.js";
import { EngineBroken } from "../../../../workers/runtime/engine.js";
import { rejected } from "../../../fixtures/caught.js";
import { batch, negate, start, tensorOf } from "../../../fixtures/negating-sharder.js";

/** Workers that come back at once, and trap on this item. */
async function startTrapping(bad: number) {
  const faults: FaultDetail[] = [];
  const started = await start(
    async (request, worker) => {
      const data = tensorOf(request.inputs.x!).data as Float32Array;
      if (data.includes(bad)) throw new EngineBroken("trapped", "unreachable");
      return negate(request, worker);
    },
    3,
    { restartDelayMs: () => 1 },
  );
  started.sharder.addEventListener("fault", ({ detail }) => faults.push(detail));
  return { ...started, faults };
}

it("an item that costs workers their device is told from those that are queued behind it", async () => {
  const { sharder, workers } = await start(
    async (request, worker) => {
      const data = tensorOf(request.inputs.x!).data as Float32Array;
      if (data.includes(7)) throw new ShardError("worker-lost", "the device is gone");
      return negate(request, worker);
    },
    2,
    { restartDelayMs: () => 1 },
    { quantumMs: 1 },
  );
  const failure = await rejected("worker-lost", sharder.predict(batch(60)), "item 7,", "the device is gone");
  expect(failure.itemErrors?.map(({ item }) => item)).toEqual([7]);
  // Each end may be chance, so that six of them are needed, and three more where there were others with it.
  expect(workers.filter(({ isTerminated }) => isTerminated).length).toBeLessThanOrEqual(9);
});

describe("an item on which workers trap", () => {
  it("ends two of them where it is alone, and is what has failed", async () => {
    const { sharder, workers, faults } = await startTrapping(0);
    const failure = await rejected("model-failed", sharder.predict(batch(1)), "item 0", "unreachable");
    expect(failure.itemErrors).toHaveLength(1);
    expect(workers.filter(({ isTerminated }) => isTerminated)).toHaveLength(2);
    const noticed = faults.filter(({ recoverMs }) => recoverMs === undefined);
    expect(noticed.map(({ cause }) => cause).toSorted()).toEqual(["crashed", "crashed", "poison"]);
  });

  it("is found among others by three of them, and leaves those alone that have other items", async () => {
    const { sharder, workers } = await startTrapping(123);
    const failure = await rejected("model-failed", sharder.predict(batch(300)), "item 123", "unreachable");
    expect(failure.itemErrors?.map(({ item }) => item)).toEqual([123]);
    expect(workers.filter(({ isTerminated }) => isTerminated).length).toBeLessThanOrEqual(3);
  });
});
