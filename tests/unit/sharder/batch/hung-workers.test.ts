// Workers that hang or are slow, on a virtual clock.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { FaultDetail } from "../../../../src/sharder/events.js";
import { rejected } from "../../../fixtures/caught.js";
import { batch, negate, negated, start, turns } from "../../../fixtures/negating-sharder.js";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "setTimeout", "clearTimeout", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Let time pass, and what it causes happen. */
async function pass(ms: number): Promise<void> {
  for (let leftMs = ms; leftMs > 0; leftMs -= 100) {
    vi.advanceTimersByTime(Math.min(100, leftMs));
    await turns(4);
  }
}

/** Two workers; the first hangs with its shards from the fifth on, until it is released. */
async function hang() {
  let release = (): void => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  let isHung = true;
  const made = await start(async (request, worker) => {
    if (worker.name === first && worker.runCount >= 5 && isHung) await released;
    return negate(request, worker);
  });
  const first = made.sharder.workers[0]!.id;
  const faults: FaultDetail[] = [];
  made.sharder.addEventListener("fault", ({ detail }) => faults.push(detail));
  return {
    ...made,
    faults,
    release: () => {
      isHung = false;
      release();
    },
  };
}

describe("a worker that hangs", () => {
  it("is reported once its shard is overdue, and the job completes without it and without ending it", async () => {
    const { sharder, workers, faults, release } = await hang();
    const done = sharder.predict(batch(400));
    await turns(200);
    expect(faults).toEqual([]);
    await pass(2_000);
    expect(await done).toEqual({ y: negated(400) });
    expect(
      faults.map(({ cause, action, workerId, recoverMs }) => [cause, action, workerId, recoverMs === undefined]),
    ).toEqual([
      ["overdue", "retried", sharder.workers[0]!.id, true],
      ["overdue", "retried", sharder.workers[0]!.id, false],
    ]);
    expect(workers[0]!.isTerminated).toBe(false);
    // Another job doesn't wait for it either.
    const next = sharder.predict(batch(40));
    await pass(2_000);
    expect(await next).toEqual({ y: negated(40) });
    release();
    await turns(20);
    expect(sharder.workers.map(({ state }) => state)).toEqual(["ready", "ready"]);
  });

  it("is ended at its deadline, even if nobody waits for its shard any more", async () => {
    const { sharder, workers } = await hang();
    const done = sharder.predict(batch(400));
    await turns(200);
    await pass(2_000);
    await done;
    await pass(12_000);
    expect(workers[0]!.isTerminated).toBe(true);
  });

  it("is not noticed while the page is suspended", async () => {
    const { sharder, faults, release } = await hang();
    const done = sharder.predict(batch(400));
    await turns(200);
    for (let count = 0; count < 3; count++) {
      // No timer runs meanwhile.
      vi.setSystemTime(Date.now() + 30_000);
      vi.advanceTimersToNextTimer();
      await turns(4);
    }
    expect(faults).toEqual([]);
    release();
    await turns(200);
    expect(await done).toEqual({ y: negated(400) });
  });
});

describe("an item that takes longer than the deadline", () => {
  it("ends three workers at most, and is named with the option", async () => {
    const { sharder, workers } = await start(
      async (request, worker) => (await new Promise<void>(() => {})) ?? negate(request, worker),
      4,
      {},
      { firstRunDeadlineMs: 1_000 },
    );
    const failure = rejected("worker-timeout", sharder.predict(batch(1)), "firstRunDeadlineMs");
    await turns(20);
    await pass(12_000);
    expect((await failure).itemErrors).toMatchObject([{ item: 0 }]);
    expect(workers.filter(({ isTerminated }) => isTerminated)).toHaveLength(3);
  });
});
