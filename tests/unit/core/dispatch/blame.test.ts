// Items that fail, end workers or need too much memory, and workers that do so by chance.
import { describe, expect, it } from "vitest";
import type { DispatchAction, DispatchEvent, ItemRange } from "../../../../src/core/dispatch/types.js";
import type { EndCause } from "../../../../src/core/item-trials.js";
import { dispatchesOf, HandDriven, knownThroughput, type DispatchedShard } from "./hand-driven.js";

const holds = ({ firstItem, itemCount }: ItemRange, item: number) => firstItem <= item && item < firstItem + itemCount;

/** Run a job in which one attempt after another ends as `ending` says, each worker's in order. Lost workers come back. */
function run(job: HandDriven, first: readonly DispatchedShard[], ending: (shard: DispatchedShard) => DispatchEvent) {
  const open = [...first];
  const actions: DispatchAction[] = [];
  for (let count = 0; open.length > 0 && count < 5_000; count++) {
    const shard = open.shift()!;
    const event = ending(shard);
    const ended = job.send(event, job.nowMs + 1);
    if (event.type === "worker-away") {
      for (let at = open.length - 1; at >= 0; at--) if (open[at]!.workerId === shard.workerId) open.splice(at, 1);
      ended.push(...job.add(shard.workerId, knownThroughput(0, 1)));
    }
    actions.push(...ended);
    open.push(...dispatchesOf(ended));
  }
  return actions;
}

const givenUp = (actions: readonly DispatchAction[]) =>
  actions.flatMap((action) => (action.type === "items-given-up" ? [[action.firstItem, action.itemCount]] : []));
const completed = ({ attemptId, itemCount }: DispatchedShard): DispatchEvent => ({
  type: "attempt-completed",
  attemptId,
  serviceMs: itemCount,
});

function start(itemCount: number, workerCount = 2) {
  const job = new HandDriven({ depth: 1 });
  for (let index = 0; index < workerCount; index++) job.add(`w${index}`, knownThroughput(0, 1));
  return { job, shards: job.batch(itemCount) };
}

describe("items that fail", () => {
  it("are bisected in about 2 log n runs", () => {
    const { job, shards } = start(1000);
    let failureCount = 0;
    const actions = run(job, shards, (shard) => {
      if (![7, 500, 501].some((item) => holds(shard, item))) return completed(shard);
      failureCount++;
      return { type: "attempt-failed", attemptId: shard.attemptId };
    });
    expect(givenUp(actions).sort((a, b) => a[0]! - b[0]!)).toEqual([
      [7, 1],
      [500, 1],
      [501, 1],
    ]);
    expect(actions.at(-1)).toEqual({ type: "finish" });
    expect(failureCount).toBeLessThan(40);
  });

  it("are not to blame where two workers fail them once each", () => {
    const { job, shards } = start(1);
    const failing = new Set(["w0", "w1"]);
    const actions = run(job, shards, (shard) =>
      failing.delete(shard.workerId) ? { type: "attempt-failed", attemptId: shard.attemptId } : completed(shard),
    );
    expect([givenUp(actions), actions.at(-1)]).toEqual([[], { type: "finish" }]);
  });
});

describe.each<[cause: EndCause, mostEnds: number]>([
  ["trapped", 3],
  ["hung", 4],
  ["out-of-memory", 10],
  ["unclear", 14],
])("an item under which workers end (%s)", (cause, mostEnds) => {
  it("is found and given up; all others complete", () => {
    const { job, shards } = start(400);
    let endCount = 0;
    const actions = run(job, shards, (shard) => {
      if (!holds(shard, 123)) return completed(shard);
      endCount++;
      const { workerId, attemptId } = shard;
      return { type: "worker-away", workerId, end: { attemptId, cause } };
    });
    expect([givenUp(actions), actions.at(-1)]).toEqual([[[123, 1]], { type: "finish" }]);
    expect(endCount).toBeLessThanOrEqual(mostEnds);
  });

  it("ends two workers where it is alone and the cause is clear, three where they hang", () => {
    const { job, shards } = start(1);
    let endCount = 0;
    const actions = run(job, shards, ({ workerId, attemptId }) => {
      endCount++;
      return { type: "worker-away", workerId, end: { attemptId, cause } };
    });
    expect(givenUp(actions)).toEqual([[0, 1]]);
    expect(endCount).toBe(cause === "unclear" ? 6 : cause === "hung" ? 3 : 2);
  });
});

it("an item with which two workers hung for reasons of their own is not given up", () => {
  const { job, shards } = start(1);
  let hangCount = 0;
  const actions = run(job, shards, (shard) => {
    if (hangCount === 2) return completed(shard);
    hangCount++;
    return { type: "worker-away", workerId: shard.workerId, end: { attemptId: shard.attemptId, cause: "hung" } };
  });
  expect([givenUp(actions), actions.at(-1), hangCount]).toEqual([[], { type: "finish" }, 2]);
});

describe("an item whose attempts are all overdue before they end", () => {
  const endings: readonly [string, mostEnds: number, (shard: DispatchedShard) => DispatchEvent][] = [
    [
      "workers hang",
      4,
      ({ workerId, attemptId }) => ({ type: "worker-away", workerId, end: { attemptId, cause: "hung" } }),
    ],
    ["the model throws", 3, ({ attemptId }) => ({ type: "attempt-failed", attemptId })],
  ];
  it.each(endings.flatMap((ending) => [1, 2].map((workerCount) => [...ending, workerCount] as const)))(
    "is given up where %s (%d times at most)",
    (_, mostEnds, ending, workerCount) => {
      const { job, shards } = start(1, workerCount);
      const open = [...shards];
      const actions: DispatchAction[] = [];
      let endCount = 0;
      while (open.length > 0 && givenUp(actions).length === 0 && endCount < 20) {
        for (let tick = 0; tick < 40; tick++) {
          const ticked = job.send({ type: "tick" }, job.nowMs + 100);
          actions.push(...ticked);
          open.push(...dispatchesOf(ticked));
        }
        const ended = open.shift()!;
        const event = ending(ended);
        endCount++;
        const after = job.send(event);
        if (event.type === "worker-away") after.push(...job.add(ended.workerId, knownThroughput(0, 1)));
        actions.push(...after);
        open.push(...dispatchesOf(after));
      }
      expect([givenUp(actions), actions.at(-1)]).toEqual([[[0, 1]], { type: "finish" }]);
      expect(endCount).toBeLessThanOrEqual(mostEnds);
    },
  );
});

describe("items that have failed on every worker that is there", () => {
  it("wait for one that is away, but not for ever", () => {
    const { job, shards } = start(2);
    job.send({ type: "worker-away", workerId: "w1" });
    const mine = shards.find(({ workerId }) => workerId === "w0")!;
    let open = dispatchesOf(job.send({ type: "attempt-failed", attemptId: mine.attemptId }));
    const actions: DispatchAction[] = [];
    const untilMs = job.nowMs + 30_000;
    let waitedMs = 0;
    while (job.nowMs < untilMs && givenUp(actions).length === 0) {
      const shard = open.shift();
      const isBad = shard?.firstItem === mine.firstItem;
      if (isBad) waitedMs ||= job.nowMs;
      const after =
        shard === undefined
          ? job.send({ type: "tick" }, job.nowMs + 100)
          : job.send(isBad ? { type: "attempt-failed", attemptId: shard.attemptId } : completed(shard));
      actions.push(...after);
      open = [...open, ...dispatchesOf(after)];
    }
    expect(givenUp(actions)).toEqual([[mine.firstItem, 1]]);
    expect(waitedMs).toBeGreaterThan(10_000);
    expect(waitedMs).toBeLessThan(25_000);
  });
});

describe("a worker that fails bad items only", () => {
  it("keeps its place, though it is the one to show that each of them is bad", () => {
    const job = new HandDriven({ depth: 1 });
    for (const id of ["w0", "w1"]) job.add(id, knownThroughput(0, 100, 10));
    const actions = run(job, job.batch(4), (shard) =>
      shard.firstItem >= 2 ? { type: "attempt-failed", attemptId: shard.attemptId } : completed(shard),
    );
    expect(givenUp(actions)).toEqual([
      [2, 1],
      [3, 1],
    ]);
    expect(actions.map(({ type }) => type)).not.toContain("exclude-worker");
  });
});

describe("deadlines", () => {
  it("are twice as long where another worker has missed one with the same items", () => {
    const { job, shards } = start(400);
    const { attemptId, workerId, firstItem, deadlineMs } = shards[0]!;
    job.send({ type: "worker-lost", workerId, end: { attemptId, cause: "hung" } });
    const other = shards.find((shard) => shard.workerId !== workerId)!;
    const [again] = dispatchesOf(job.send(completed(other), 100));
    expect(again).toMatchObject({ firstItem });
    expect(again!.deadlineMs).toBeCloseTo(2 * deadlineMs, 0);
  });
});

describe("shards that are too large", () => {
  it("are halved for the worker that lacks memory, at once and for good", () => {
    const { job, shards } = start(4000);
    let largest = Infinity;
    const actions = run(job, shards, (shard) => {
      const isTooLarge = shard.workerId === "w0" && shard.itemCount > 20;
      if (!isTooLarge) return completed(shard);
      expect(shard.itemCount).toBeLessThan(largest);
      largest = shard.itemCount;
      return { type: "attempt-failed", attemptId: shard.attemptId, isTooLarge: true };
    });
    expect([givenUp(actions), actions.at(-1)]).toEqual([[], { type: "finish" }]);
    expect(job.state.workers[0]!.maxItemCount).toBeGreaterThan(10);
    expect(job.state.workers[1]!.maxItemCount).toBe(Infinity);
  });

  it("are never sent above a limit of bytes", () => {
    const { job, shards } = start(1000);
    job.send({ type: "shard-limit", itemCount: 7.9 });
    const actions = run(job, shards, completed);
    expect(Math.max(...dispatchesOf(actions).map(({ itemCount }) => itemCount))).toBe(7);
  });

  it("of one item are tried elsewhere, then given up", () => {
    const { job, shards } = start(3);
    const tried = new Set<string>();
    const actions = run(job, shards, (shard) => {
      if (!holds(shard, 1)) return completed(shard);
      tried.add(shard.workerId);
      return { type: "attempt-failed", attemptId: shard.attemptId, isTooLarge: true };
    });
    expect([givenUp(actions), tried.size]).toEqual([[[1, 1]], 2]);
  });
});

it("a good item is not given up for the end of a worker that had answered it, the answer being on its way", () => {
  const job = new HandDriven({ depth: 2 });
  for (const id of ["w0", "w1", "w2"]) job.add(id, knownThroughput(0, 1));
  const open = [...dispatchesOf(job.send({ type: "items-added", itemCount: 300 }, 0))];
  const actions: DispatchAction[] = [];
  const take = (ended: readonly DispatchAction[]): void => {
    actions.push(...ended);
    open.push(...dispatchesOf(ended));
  };
  take(job.send({ type: "source-ended" }, 0));
  for (let count = 0; open.length > 0 && count < 5_000; count++) {
    const { workerId } = open[0]!;
    const onWorker = open.filter((shard) => shard.workerId === workerId);
    const [first] = onWorker;
    if (onWorker.some((shard) => holds(shard, 123))) {
      // Of what the worker had, the page takes the first for the one that it was on.
      for (const shard of onWorker) open.splice(open.indexOf(shard), 1);
      const end = { attemptId: first!.attemptId, cause: "trapped" } as const;
      take(job.send({ type: "worker-away", workerId, end }, job.nowMs + 1));
      take(job.add(workerId, knownThroughput(0, 1)));
    } else {
      open.shift();
      take(job.send(completed(first!), job.nowMs + 1));
    }
  }
  expect(givenUp(actions)).toEqual([[123, 1]]);
  expect(actions.at(-1)).toEqual({ type: "finish" });
});
