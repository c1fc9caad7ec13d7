// Real message channels, and scripted work that takes virtual time.
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ShardError } from "../../../src/core/errors.js";
import { toErrorRecord } from "../../../src/protocol/error-record.js";
import type { WorkerNotice } from "../../../src/protocol/link.js";
import {
  AttemptQueue,
  BEFORE_ALL,
  type Attempt,
  type Checkpoint,
  type Completed,
} from "../../../workers/runtime/attempt-queue.js";
import { EngineBroken } from "../../../workers/runtime/engine.js";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "performance"] }));
afterEach(() => void vi.useRealTimers());

const pass = (ms: number): void => void vi.advanceTimersByTime(ms);
/** Wait for turns of the real event loop, in which posted messages are handled. */
const turns = async (count = 20): Promise<void> => {
  for (let i = 0; i < count; i++) await new Promise((done) => setImmediate(done));
};

const request = (attemptId: number, priority = 0): Attempt => ({ attemptId: String(attemptId), priority });

type Outcome = { readonly code: "ok"; readonly completed: Completed<unknown> } | { readonly code: string };
type Work = (attempt: Attempt, checkpoint: Checkpoint) => Promise<unknown>;

/** A queue whose attempts all do the same work. Failures are returned as outcomes, like the answers of a worker. */
class ScriptedQueue extends AttemptQueue {
  readonly notices: WorkerNotice[];
  readonly #work: Work;

  constructor(work: Work, isIntact: () => boolean = () => true) {
    const notices: WorkerNotice[] = [];
    super(isIntact, (notice) => notices.push(notice));
    this.notices = notices;
    this.#work = work;
  }

  add(attempt: Attempt): Promise<Outcome> {
    return this.enqueue(attempt, ({ checkpoint }) => this.#work(attempt, checkpoint)).then(
      (completed) => ({ code: "ok", completed }),
      (thrown: unknown) => toErrorRecord(thrown, "model-failed"),
    );
  }
}

/** Work takes `msOf(attemptId)` and is listed when it starts. If `msOf` returns an error, the work throws it. */
function setUp(msOf: (id: number) => number | Error = () => 10) {
  const started: number[] = [];
  const queue = new ScriptedQueue(async ({ attemptId }) => {
    started.push(Number(attemptId));
    const ms = msOf(Number(attemptId));
    if (ms instanceof Error) throw ms;
    pass(ms);
    return {};
  });
  return { queue, started };
}

const timingOf = (outcome: Outcome) => {
  if (!("completed" in outcome)) throw new Error(outcome.code);
  return outcome.completed.timing;
};
const codeOf = ({ code }: Outcome) => code;

describe("AttemptQueue", () => {
  it("runs attempts one at a time, in order, and answers each", async () => {
    let running = 0;
    const order: string[] = [];
    const queue = new ScriptedQueue(async ({ attemptId }, checkpoint) => {
      expect(++running).toBe(1);
      order.push(`start ${attemptId}`);
      await checkpoint();
      order.push(`end ${attemptId}`);
      running--;
      return {};
    });
    const replies = await Promise.all(
      [1, 2, 3].map((id) => queue.add(request(id)).then((reply) => (order.push(`answer ${id}`), reply))),
    );
    expect(replies.map(codeOf)).toEqual(["ok", "ok", "ok"]);
    expect(order.filter((line) => !line.startsWith("answer"))).toEqual(
      [1, 2, 3].flatMap((id) => [`start ${id}`, `end ${id}`]),
    );
    expect(order.filter((line) => line.startsWith("answer"))).toEqual(["answer 1", "answer 2", "answer 3"]);
  });

  it("resumes after it was empty", async () => {
    const { queue, started } = setUp();
    await queue.add(request(1));
    await turns();
    expect(codeOf(await queue.add(request(2)))).toBe("ok");
    expect(started).toEqual([1, 2]);
  });

  it("answers an error with the model's message, and runs the next attempt", async () => {
    const { queue } = setUp((id) =>
      id === 1 ? new TypeError("no kernel") : id === 2 ? new ShardError("model-unsupported", "complex") : 1,
    );
    const replies = await Promise.all([1, 2, 3].map((id) => queue.add(request(id))));
    expect(replies.map(codeOf)).toEqual(["model-failed", "model-unsupported", "ok"]);
    expect(replies[0]).toMatchObject({ message: "no kernel" });
  });

  it("keeps working whatever the work throws", async () => {
    for (const thrown of [undefined, null, Object.create(null), "text", 7]) {
      const queue = new ScriptedQueue(() => Promise.reject(thrown as Error));
      expect(codeOf(await queue.add(request(1)))).toBe("model-failed");
      expect(codeOf(await queue.add(request(2)))).toBe("model-failed");
    }
  });
});

it("discards the result of a shard whose device was lost, and runs nothing from then on", async () => {
  let isIntact = true;
  const ran: string[] = [];
  const queue = new ScriptedQueue(
    async ({ attemptId }) => {
      ran.push(attemptId);
      isIntact = attemptId !== "2";
      return {};
    },
    () => isIntact,
  );
  const replies: Outcome[] = [];
  for (const id of [1, 2]) replies.push(await queue.add(request(id)));
  isIntact = true;
  replies.push(await queue.add(request(3)));
  expect(replies.map(codeOf)).toEqual(["ok", "worker-lost", "worker-lost"]);
  expect(ran).toEqual(["1", "2"]);
  expect(queue.notices).toMatchObject([{ notice: "device-lost" }]);
});

it("answers with the error that broke the engine, then posts its notice, and runs nothing from then on", async () => {
  for (const [notice, code] of [
    ["out-of-memory", "out-of-memory"],
    ["trapped", "model-failed"],
  ] as const) {
    const events: string[] = [];
    const queue: ScriptedQueue = new ScriptedQueue(async ({ attemptId }) => {
      if (attemptId === "2") throw new EngineBroken(notice, "it broke");
      return {};
    });
    const replies = [1, 2, 3].map(async (id) => {
      const reply = await queue.add(request(id));
      events.push(`${codeOf(reply)} after ${queue.notices.length} notices`);
    });
    await Promise.all(replies);
    expect(events.slice(0, 2)).toEqual(["ok after 0 notices", `${code} after 0 notices`]);
    expect(events[2]).toContain("worker-lost");
    await expect.poll(() => queue.notices).toEqual([{ notice, message: "it broke" }]);
  }
});

describe("cancel", () => {
  it("rejects a waiting attempt at once, before earlier ones are answered", async () => {
    const { queue } = setUp();
    const answered: number[] = [];
    const replies = [1, 2].map((id) => queue.add(request(id)).then(() => answered.push(id)));
    queue.cancel(["2"]);
    await Promise.all(replies);
    expect(answered).toEqual([2, 1]);
  });

  it("ends a running attempt that goes item by item, and no other", async () => {
    const items: string[] = [];
    const queue: ScriptedQueue = new ScriptedQueue(async ({ attemptId }, checkpoint) => {
      for (let item = 0; item < 3; item++) {
        await checkpoint();
        items.push(`${attemptId}.${item}`);
        if (attemptId === "1" && item === 0) queue.cancel(["1"]);
      }
      return {};
    });
    const replies = await Promise.all([1, 2].map((id) => queue.add(request(id))));
    expect(replies.map(codeOf)).toEqual(["aborted", "ok"]);
    expect(items).toEqual(["1.0", "2.0", "2.1", "2.2"]);
    // The same id may be used again, since the cancel has no further effect.
    expect(codeOf(await queue.add(request(2)))).toBe("ok");
  });

  it("comes too late for a running batched attempt, which completes", async () => {
    const queue: ScriptedQueue = new ScriptedQueue(async ({ attemptId }, checkpoint) => {
      if (attemptId === "1") queue.cancel(["1"]);
      else await checkpoint();
    });
    const replies = await Promise.all([1, 2].map((id) => queue.add(request(id))));
    expect(replies.map(codeOf)).toEqual(["ok", "ok"]);
  });

  it("ignores completed and unknown attempts, and does not affect a later attempt of that id", async () => {
    const { queue } = setUp();
    queue.cancel(["1", "99", "-1"]);
    expect(codeOf(await queue.add(request(1)))).toBe("ok");
    queue.cancel(["1", "-1"]);
    expect(codeOf(await queue.add(request(1)))).toBe("ok");
  });
});

describe("priority", () => {
  it("runs the highest first, and equals in the order of arrival", async () => {
    const { queue, started } = setUp();
    const priorities = [0, 1, -1, 1, 0, 5, -1];
    await Promise.all(priorities.map((priority, id) => queue.add(request(id, priority))));
    expect(started).toEqual([5, 1, 3, 0, 4, 2, 6]);
  });

  it("does not interrupt a running attempt", async () => {
    const order: string[] = [];
    const added: Promise<Outcome>[] = [];
    const queue: ScriptedQueue = new ScriptedQueue(async ({ attemptId }, checkpoint) => {
      order.push(`start ${attemptId}`);
      if (attemptId === "1") added.push(queue.add(request(3, 9)));
      await checkpoint();
      order.push(`end ${attemptId}`);
    });
    await Promise.all([1, 2].map((id) => queue.add(request(id))));
    await Promise.all(added);
    expect(order).toEqual(["start 1", "end 1", "start 3", "end 3", "start 2", "end 2"]);
  });

  it("is highest for changes, which run in the order of arrival", async () => {
    const { queue, started } = setUp();
    const attempts = [request(1), request(2, 1e9), request(3, BEFORE_ALL)].map((each) => queue.add(each));
    const changes = [-1, -2].map((id) => queue.change(async () => void started.push(id)));
    await Promise.all([...attempts, ...changes]);
    expect(started).toEqual([3, -1, -2, 2, 1]);
  });

  it("orders any attempts like a stable sort", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: -3, max: 3 }), { maxLength: 20 }), async (priorities) => {
        const { queue, started } = setUp();
        await Promise.all(priorities.map((priority, id) => queue.add(request(id, priority))));
        expect(started).toEqual([...priorities.keys()].sort((a, b) => priorities[b]! - priorities[a]!));
      }),
      { numRuns: 50 },
    );
  });
});

describe("a change", () => {
  it("never runs during an attempt, and its failure affects nothing else", async () => {
    let running = 0;
    const alone = async (checkpoint: Checkpoint) => {
      expect(++running).toBe(1);
      await checkpoint();
      running--;
    };
    const queue = new ScriptedQueue((_, checkpoint) => alone(checkpoint));
    const failed = queue.change(() => Promise.reject(new TypeError("no such layer")));
    const changes = [1, 2].map(() => queue.change(() => alone(async () => {})));
    const attempts = [1, 2].map((id) => queue.add(request(id)));
    await expect(failed).rejects.toThrow("no such layer");
    await Promise.all(changes);
    expect((await Promise.all(attempts)).map(codeOf)).toEqual(["ok", "ok"]);
  });

  it("can't be cancelled by any attempt id", async () => {
    const { queue } = setUp();
    const changed = queue.change(async () => "changed");
    queue.cancel(["undefined", "", "0"]);
    await expect(changed).resolves.toBe("changed");
  });
});

describe("timing", () => {
  it("starts at the arrival if the worker was idle, else at the end of the previous work", async () => {
    const { queue } = setUp((id) => 10 * id);
    const first = queue.add(request(1));
    const second = queue.add(request(2));
    expect(timingOf(await first)).toEqual({ idleMs: 0, ranMs: 10 });
    expect(timingOf(await second)).toEqual({ idleMs: 0, ranMs: 20 });
    pass(3_600_000);
    expect(timingOf(await queue.add(request(3)))).toEqual({ idleMs: 3_600_000, ranMs: 30 });
  });

  it("counts as idle from the start of the queue", async () => {
    const { queue } = setUp();
    pass(1_000);
    expect(timingOf(await queue.add(request(1)))).toEqual({ idleMs: 1_000, ranMs: 10 });
  });

  it("counts the wait for work that overtook it as neither idle nor running", async () => {
    const { queue } = setUp((id) => 10 * id);
    const [late, early] = await Promise.all([queue.add(request(1)), queue.add(request(2, 1))]);
    expect(timingOf(early)).toEqual({ idleMs: 0, ranMs: 20 });
    expect(timingOf(late)).toEqual({ idleMs: 0, ranMs: 10 });
  });

  it("does not charge a failed attempt or a change to the next attempt", async () => {
    const { queue } = setUp((id) => (id === 1 ? (pass(50), new Error("x")) : 10));
    const [, second] = await Promise.all([1, 2].map((id) => queue.add(request(id))));
    expect(timingOf(second!)).toEqual({ idleMs: 0, ranMs: 10 });
    const changed = queue.change(async () => pass(70));
    const third = queue.add(request(3));
    await changed;
    expect(timingOf(await third)).toEqual({ idleMs: 0, ranMs: 10 });
    const failed = queue.change(async () => {
      pass(30);
      throw new Error("no such layer");
    });
    await expect(failed).rejects.toThrow("no such layer");
    pass(5);
    expect(timingOf(await queue.add(request(4)))).toEqual({ idleMs: 5, ranMs: 10 });
  });

  it("covers the time from the start of the queue to the last end, without gap or overlap", async () => {
    const attempt = fc.record({
      gapMs: fc.nat(50),
      runMs: fc.nat(50),
      priority: fc.integer({ min: 0, max: 2 }),
      together: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(attempt, { minLength: 1, maxLength: 12 }), async (attempts) => {
        const { queue } = setUp((id) => attempts[id]!.runMs);
        const startMs = performance.now();
        let pending: Promise<Outcome>[] = [];
        let coveredMs = 0;
        const settle = async () => {
          for (const outcome of await Promise.all(pending)) {
            const { idleMs, ranMs } = timingOf(outcome);
            expect(Math.min(idleMs, ranMs)).toBeGreaterThanOrEqual(0);
            coveredMs += idleMs + ranMs;
          }
          pending = [];
        };
        for (const [id, { gapMs, priority, together }] of attempts.entries()) {
          if (!together) await settle();
          if (pending.length === 0) pass(gapMs);
          pending.push(queue.add(request(id, priority)));
        }
        await settle();
        expect(coveredMs).toBeCloseTo(performance.now() - startMs, 6);
      }),
      { numRuns: 100 },
    );
  });
});

describe("surround", () => {
  it("carries out all further work inside what surrounds it, whose time is part of the work's", async () => {
    const { queue } = setUp();
    queue.surround(async (work) => {
      const value = await work();
      await new Promise((resolve) => setTimeout(resolve, 30));
      return value;
    });
    let outcome: Outcome | undefined;
    const answered = queue.add(request(1)).then((value) => (outcome = value));
    await turns();
    pass(29);
    await turns();
    expect(outcome).toBeUndefined();
    pass(1);
    expect(timingOf(await answered)).toEqual({ idleMs: 0, ranMs: 40 });
  });
});
