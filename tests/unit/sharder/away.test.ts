// Jobs whose workers are away and come back, which restarts rely on.
import { expect, it } from "vitest";
import type { AttemptDetail } from "../../../src/sharder/events.js";
import { rejected } from "../../fixtures/caught.js";
import { batch, negate, negated, start, turns } from "../../fixtures/negating-sharder.js";

const forever = (): Promise<never> => new Promise(() => {});

it("a job waits for its only worker, which comes back with what is known of its kind", async () => {
  let runs = 0;
  const { sharder, workers } = await start(
    async (request, worker) => {
      if (++runs === 6) {
        worker.crash("gone");
        return forever();
      }
      return negate(request, worker);
    },
    1,
    { restartDelayMs: () => 1 },
  );
  const attempts: AttemptDetail[] = [];
  sharder.addEventListener("attempt", ({ detail }) => attempts.push(detail));
  const states: string[] = [];
  sharder.addEventListener("worker", ({ detail }) => states.push(detail.state));
  expect(await sharder.predict(batch(100))).toEqual({ y: negated(100) });
  expect(sharder.workers).toMatchObject([{ state: "ready", restarts: 1 }]);
  expect(workers).toHaveLength(2);
  expect(states).toEqual(expect.arrayContaining(["restarting", "ready", "busy"]));
  // A new incarnation begins with no more than the largest shard of the one before.
  const lastLost = attempts.findLastIndex(({ outcome }) => outcome === "lost");
  expect(attempts[lastLost - 1]!.predictedMs).toBeGreaterThan(0);
  const [before, after] = [attempts.slice(0, lastLost), attempts[lastLost + 1]!];
  expect(after.outcome).toBe("completed");
  expect(after.predictedMs).toBeGreaterThan(0);
  expect(after.itemCount).toBeLessThanOrEqual(Math.max(...before.map(({ itemCount }) => itemCount)));
});

it("a job that starts while all workers are away waits, too", async () => {
  const { sharder, workers } = await start(negate, 1, { restartDelayMs: () => 5 });
  workers[0]!.crash("gone");
  expect(sharder.workers[0]!.state).toBe("restarting");
  expect(await sharder.predict(batch(10))).toEqual({ y: negated(10) });
});

it("a waiting job ends once no worker will come back", async () => {
  let delays: (number | undefined)[] = [1];
  const { sharder, workers } = await start(
    async (_, worker) => {
      worker.crash("gone again");
      return forever();
    },
    1,
    { restartDelayMs: () => delays.shift() },
  );
  await rejected("no-workers", sharder.predict(batch(10)), "gone again", "addWorker");
  delays = [1];
  await sharder.addWorker({ backend: "wasm" });
  workers.at(-1)!.crash("between jobs");
  const waiting = rejected("no-workers", sharder.predict(batch(10)), "gone again", "addWorker");
  await waiting;
  await turns();
});

it("the items of a lost worker go to the others at once", async () => {
  const { sharder } = await start(
    async (request, worker) => {
      if (worker.name === sharder.workers[0]!.id && worker.runCount > 2) {
        worker.crash("gone");
        return forever();
      }
      return negate(request, worker);
    },
    2,
    { restartDelayMs: () => 1e6 },
  );
  expect(await sharder.predict(batch(200))).toEqual({ y: negated(200) });
  expect(sharder.workers.map(({ state }) => state)).toEqual(["restarting", "ready"]);
});

it("a predict that is started from a worker's first event does not make addWorker fail", async () => {
  const { sharder } = await start(negate, 0);
  let result: Promise<unknown> | undefined;
  sharder.addEventListener("worker", ({ detail }) => {
    if (detail.state === "ready") result ??= sharder.predict(batch(20));
  });
  const id = await sharder.addWorker({ backend: "wasm" });
  expect(await result).toEqual({ y: negated(20) });
  expect(sharder.workers.map((worker) => worker.id)).toEqual([id]);
});
