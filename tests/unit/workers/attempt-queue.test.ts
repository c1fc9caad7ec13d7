// Real message channels, a scripted runner that takes virtual time.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ShardError } from "../../../src/core/errors.js";
import type { Reply } from "../../../src/protocol/error-record.js";
import { AttemptQueue, type Attempt, type Completed } from "../../../workers/runtime/attempt-queue.js";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "performance"] }));
afterEach(() => void vi.useRealTimers());

const pass = (ms: number): void => void vi.advanceTimersByTime(ms);
/** Turns of the real event loop, in which posted messages are handled. */
const turns = async (count = 20): Promise<void> => {
  for (let i = 0; i < count; i++) await new Promise((done) => setImmediate(done));
};

/** Epoch ms of now, on the clock that page and worker share. */
const epochMs = () => performance.timeOrigin + performance.now();

function request(attemptId: number, sentAtEpochMs = epochMs()): Attempt {
  return { attemptId: String(attemptId), sentAtEpochMs };
}

type Run = (attempt: Attempt, isCancelled: () => boolean, pause: () => Promise<void>) => Promise<unknown>;

/** A queue whose attempts all do the same work. */
class ScriptedQueue extends AttemptQueue {
  readonly #work: Run;

  constructor(work: Run, isIntact: () => boolean = () => true) {
    super(isIntact);
    this.#work = work;
  }

  add(attempt: Attempt): Promise<Reply<Completed<unknown>>> {
    return this.enqueue(attempt, (isCancelled, pause) => this.#work(attempt, isCancelled, pause));
  }
}

/** Runs take `msOf(attemptId)` and are listed as they start; an error instead of ms is thrown. */
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

const valueOf = (reply: Reply<Completed<unknown>>): Completed<unknown> => {
  if (!reply.ok) throw new Error(reply.error.message);
  return reply.value;
};
const codeOf = (reply: Reply<Completed<unknown>>) => (reply.ok ? "ok" : reply.error.code);

describe("AttemptQueue", () => {
  it("runs one at a time, in order, and answers each", async () => {
    let running = 0;
    const order: string[] = [];
    const queue = new ScriptedQueue(async ({ attemptId }, _, pause) => {
      expect(++running).toBe(1);
      order.push(`start ${attemptId}`);
      await pause();
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

  it("starts again after having been empty", async () => {
    const { queue, started } = setUp();
    await queue.add(request(1));
    await turns();
    expect(codeOf(await queue.add(request(2)))).toBe("ok");
    expect(started).toEqual([1, 2]);
  });

  it("an error is an answer, with the model's words, and the next attempt runs", async () => {
    const { queue } = setUp((id) =>
      id === 1 ? new TypeError("no kernel") : id === 2 ? new ShardError("model-unsupported", "complex") : 1,
    );
    const replies = await Promise.all([1, 2, 3].map((id) => queue.add(request(id))));
    expect(replies.map(codeOf)).toEqual(["model-failed", "model-unsupported", "ok"]);
    expect(replies[0]).toMatchObject({ error: { message: "no kernel" } });
  });

  it("survives whatever a runner throws", async () => {
    for (const thrown of [undefined, null, Object.create(null), "text", 7]) {
      const queue = new ScriptedQueue(() => Promise.reject(thrown as Error));
      expect(codeOf(await queue.add(request(1)))).toBe("model-failed");
      expect(codeOf(await queue.add(request(2)))).toBe("model-failed");
    }
  });
});

it("a shard that ended on a lost device is no result, whatever it answered", async () => {
  let isIntact = true;
  const queue = new ScriptedQueue(
    async ({ attemptId }) => {
      isIntact = attemptId !== "2";
      if (attemptId === "3") throw new Error("the model's own");
      return {};
    },
    () => isIntact,
  );
  const replies: Reply<Completed<unknown>>[] = [];
  for (const id of [1, 2, 3]) replies.push(await queue.add(request(id)));
  expect(replies.map(codeOf)).toEqual(["ok", "worker-lost", "model-failed"]);
});

describe("cancel", () => {
  // That a cancel posted later overtakes queued attempts is for real browsers: Node drains a port in one go.
  it("answers at once, before those that came earlier", async () => {
    const { queue } = setUp();
    const answered: number[] = [];
    const replies = [1, 2].map((id) => queue.add(request(id)).then(() => answered.push(id)));
    queue.cancel(["2"]);
    await Promise.all(replies);
    expect(answered).toEqual([2, 1]);
  });

  it("ends a running attempt that works item by item, and no other", async () => {
    const items: string[] = [];
    const queue: ScriptedQueue = new ScriptedQueue(async ({ attemptId }, isCancelled, pause) => {
      for (let item = 0; item < 3; item++) {
        await pause();
        if (isCancelled()) throw new ShardError("aborted", "cancelled");
        items.push(`${attemptId}.${item}`);
        if (attemptId === "1" && item === 0) queue.cancel(["1"]);
      }
      return {};
    });
    const replies = await Promise.all([1, 2].map((id) => queue.add(request(id))));
    expect(replies.map(codeOf)).toEqual(["aborted", "ok"]);
    expect(items).toEqual(["1.0", "2.0", "2.1", "2.2"]);
    // The same id may come again: nothing of the cancel is left.
    expect(codeOf(await queue.add(request(2)))).toBe("ok");
  });

  it("of a running batched attempt comes too late: it ends as it would", async () => {
    const queue: ScriptedQueue = new ScriptedQueue(async () => {
      queue.cancel(["1"]);
      return {};
    });
    expect(codeOf(await queue.add(request(1)))).toBe("ok");
  });

  it("of what is done or unknown does nothing, also to a later attempt of that id", async () => {
    const { queue } = setUp();
    queue.cancel(["1", "99", "-1"]);
    expect(codeOf(await queue.add(request(1)))).toBe("ok");
    queue.cancel(["1", "-1"]);
    expect(codeOf(await queue.add(request(1)))).toBe("ok");
  });
});

describe("service time", () => {
  it("runs from the sending if the worker was idle, else from the previous completion", async () => {
    const { queue } = setUp((id) => 10 * id);
    const first = queue.add(request(1));
    const second = queue.add(request(2));
    expect(valueOf(await first)).toMatchObject({ serviceMs: 10 });
    expect(valueOf(await second)).toMatchObject({ serviceMs: 20 });
    // An idle hour counts for nothing.
    pass(3_600_000);
    expect(valueOf(await queue.add(request(3))).serviceMs).toBe(30);
  });

  it("counts the way from the page, and the wait in its message queue", async () => {
    const { queue } = setUp();
    pass(1_000);
    expect(valueOf(await queue.add(request(1, epochMs() - 7))).serviceMs).toBe(17);
    // Sent before the previous completion: only what came after that.
    pass(5);
    expect(valueOf(await queue.add(request(2, epochMs() - 100))).serviceMs).toBe(15);
  });

  it("is never negative where the clocks of page and worker disagree", async () => {
    const { queue } = setUp();
    expect(valueOf(await queue.add(request(1, epochMs() + 5_000))).serviceMs).toBe(10);
  });

  it("of a failed attempt is not charged to the next", async () => {
    const { queue } = setUp((id) => (id === 1 ? (pass(50), new Error("x")) : 10));
    const replies = await Promise.all([1, 2].map((id) => queue.add(request(id))));
    expect(valueOf(replies[1]!).serviceMs).toBe(10);
  });

  it("sums up to the busy time, whatever the gaps", async () => {
    const { queue } = setUp((id) => id);
    let sum = 0;
    for (let id = 1; id <= 10; id++) {
      const pair = [queue.add(request(id)), queue.add(request(100 + id))];
      for (const reply of await Promise.all(pair)) sum += valueOf(reply).serviceMs;
      await turns(2);
      pass(id % 3 === 0 ? 500 : 0);
    }
    expect(sum).toBe(Array.from({ length: 10 }, (_, i) => 2 * (i + 1) + 100).reduce((a, b) => a + b));
  });
});

describe("slow", () => {
  it("makes every shard take that many times as long, until it is told otherwise", async () => {
    const { queue } = setUp();
    queue.slow(4);
    let reply: Reply<Completed<unknown>> | undefined;
    const answered = queue.add(request(1)).then((value) => (reply = value));
    await turns();
    pass(29);
    await turns();
    expect(reply).toBeUndefined();
    pass(1);
    expect(valueOf(await answered)).toMatchObject({ serviceMs: 40 });
    queue.slow(1);
    expect(valueOf(await queue.add(request(2))).serviceMs).toBe(10);
  });
});
