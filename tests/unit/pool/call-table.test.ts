import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ShardError } from "../../../src/core/errors.js";
import { ASIDE, CallTable } from "../../../src/pool/call-table.js";
import { rejected } from "../../fixtures/caught.js";

let sleptMs = 0;
beforeEach(() => void (sleptMs = 0));
beforeEach(() => void vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] }));
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** A table, the errors of its expired deadlines, and calls that the test answers. */
function setUp() {
  const expired: ShardError[] = [];
  const table = new CallTable('worker "wasm-1"', "wasm-1", (error) => expired.push(error));
  const call = (deadlineMs: number, what = "answer a shard", priority = 0) => {
    let settle!: { resolve: (value: string) => void; reject: (error: unknown) => void };
    const answer = new Promise<string>((resolve, reject) => (settle = { resolve, reject }));
    const promise = table.race(what, deadlineMs, () => answer, priority);
    promise.catch(() => {});
    return { promise, ...settle };
  };
  return { table, expired, call };
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

/** A laptop sleeps, or a tab is frozen: the clock advances while no timer fires. */
function sleep(ms: number): void {
  vi.restoreAllMocks();
  const now = performance.now.bind(performance);
  sleptMs += ms;
  vi.spyOn(performance, "now").mockImplementation(() => now() + sleptMs);
}

describe("CallTable", () => {
  it("settles as the call does, and then holds no call", async () => {
    const { table, call } = setUp();
    const good = call(1_000);
    const bad = call(1_000);
    expect(table.size).toBe(2);
    good.resolve("value");
    bad.reject(new TypeError("no"));
    await expect(good.promise).resolves.toBe("value");
    await expect(bad.promise).rejects.toThrow(new TypeError("no"));
    expect([table.size, vi.getTimerCount()]).toEqual([0, 0]);
  });

  it("settles if the call throws synchronously", async () => {
    const { table } = setUp();
    const thrown = new Error("not posted");
    await expect(
      table.race("x", 1, () => {
        throw thrown;
      }),
    ).rejects.toBe(thrown);
    expect([table.size, vi.getTimerCount()]).toEqual([0, 0]);
  });

  it("judges work by its own deadline, though something was called aside before it", async () => {
    const { expired, call } = setUp();
    call(60_000, "cancel attempts", ASIDE);
    await pass(1_000);
    call(2_000);
    await pass(2_000);
    expect(expired).toEqual([]);
    await pass(250);
    expect(expired[0]!.message).toContain('"wasm-1" to answer a shard within 2000 ms');
  });

  it("reports a deadline after it has passed and not before, naming the call", async () => {
    const { expired, call } = setUp();
    call(2_000, "start");
    await pass(2_000);
    expect(expired).toEqual([]);
    await pass(250);
    expect(expired.map(({ code, workerId }) => [code, workerId])).toEqual([["worker-timeout", "wasm-1"]]);
    expect(expired[0]!.message).toContain('"wasm-1" to start within 2000 ms');
  });

  it("runs only the oldest call's deadline; the next one starts from zero", async () => {
    const { expired, call } = setUp();
    const first = call(10_000);
    const second = call(1_000);
    await pass(9_000);
    expect(expired).toEqual([]);
    first.resolve("done");
    await pass(1_000);
    expect(expired).toEqual([]);
    second.resolve("done");
    await pass(60_000);
    expect(expired).toEqual([]);
  });

  it("a younger call that settles does not affect the oldest one's clock", async () => {
    const { expired, call } = setUp();
    call(2_000);
    const younger = call(500);
    await pass(1_500);
    younger.reject(new Error("queued and cancelled"));
    await pass(750);
    expect(expired).toHaveLength(1);
  });

  it("the clock runs for the call of the highest priority once the current one is done", async () => {
    const { expired, call } = setUp();
    const running = call(10_000, "run low");
    const waiting = call(1_000, "run low, too");
    const urgent = call(5_000, "run high", 1);
    await pass(9_000);
    expect(expired).toEqual([]);
    running.resolve("done");
    await pass(4_000);
    expect(expired).toEqual([]);
    urgent.resolve("done");
    await pass(1_000);
    expect(expired).toEqual([]);
    await pass(250);
    expect(expired.map(({ message }) => message)).toEqual([expect.stringContaining("to run low, too within 1000 ms")]);
    waiting.resolve("late");
  });

  it("a worker that completes any work is not hung; one that only answers asides may be", async () => {
    const { expired, call } = setUp();
    call(2_000, "run");
    const overtaker = call(9_000, "run something else", 5);
    const aside = call(9_000, "report its memory", ASIDE);
    await pass(1_500);
    overtaker.resolve("done");
    await pass(1_500);
    expect(expired).toEqual([]);
    aside.resolve("done");
    await pass(750);
    expect(expired).toHaveLength(1);
  });

  it("a call after an idle period has its whole deadline", async () => {
    const { expired, call } = setUp();
    call(1_000).resolve("done");
    await pass(100_000);
    call(1_000);
    await pass(1_000);
    expect(expired).toEqual([]);
    await pass(250);
    expect(expired).toHaveLength(1);
  });

  it("no deadline expires because a laptop slept for hours", async () => {
    const { expired, call } = setUp();
    call(5_000);
    await pass(1_000);
    sleep(8 * 3_600_000);
    await pass(250);
    expect(expired).toEqual([]);
    // Afterwards the clock runs as before: the whole night counted as one second.
    await pass(2_750);
    expect(expired).toEqual([]);
    await pass(500);
    expect(expired).toHaveLength(1);
  });

  it("a page that was blocked handles the answers that came meanwhile before it judges a deadline", async () => {
    const { expired, call } = setUp();
    const late = call(2_000);
    await pass(1_750);
    sleep(30_000);
    // The timer may fire before the message is handled.
    await pass(250);
    expect(expired).toEqual([]);
    late.resolve("was there all the time");
    await pass(250);
    expect(expired).toEqual([]);
    // One that did not answer is judged by the next tick.
    call(1_000);
    await pass(1_000);
    sleep(30_000);
    await pass(250);
    expect(expired).toEqual([]);
    await pass(250);
    expect(expired).toHaveLength(1);
  });

  it("a page that is always short of time still notices a worker that hangs, later", async () => {
    const { expired, call } = setUp();
    call(2_000);
    for (let i = 0; i < 4; i++) {
      sleep(1_500);
      await pass(250);
    }
    expect(expired).toEqual([]);
    sleep(1_500);
    await pass(250);
    expect(expired).toHaveLength(1);
  });

  it("reports once that a call is overdue, counted from when the worker turned to it, and not after a sleep", async () => {
    const { table, expired } = setUp();
    const log: string[] = [];
    const watched = (name: string, overdueMs: number) => {
      let answer!: () => void;
      const answered = new Promise<void>((resolve) => (answer = resolve));
      const watch = {
        overdueMs: () => overdueMs,
        onOverdue: () => void log.push(`${name} is overdue`),
        onTurn: () => void log.push(`${name} begins`),
      };
      void table.race("answer a shard", 60_000, () => answered, 0, watch);
      return answer;
    };
    const answerFirst = watched("a", 1_000);
    const answerSecond = watched("b", 1_000);
    await pass(900);
    answerFirst();
    await pass(900);
    expect(log).toEqual(["a begins", "b begins"]);
    sleep(3_600_000);
    await pass(100);
    expect(log).toHaveLength(2);
    await pass(3_000);
    expect(log).toEqual(["a begins", "b begins", "b is overdue"]);
    answerSecond();
    await pass(250);
    expect([expired.length, table.size]).toEqual([0, 0]);
  });

  it("rejectAll rejects pending and later calls, without waiting for them", async () => {
    const { table, expired, call } = setUp();
    const pending = [call(1_000), call(1_000)];
    const death = new ShardError("worker-lost", "gone");
    table.rejectAll(death);
    for (const { promise } of pending) expect(await rejected("worker-lost", promise)).toBe(death);
    let posted = false;
    const later = table.race("x", 1_000, async () => (posted = true));
    expect(await rejected("worker-lost", later)).toBe(death);
    expect([posted, table.size, vi.getTimerCount()]).toEqual([false, 0, 0]);
    // An answer that arrives after the death changes nothing.
    pending[0]!.resolve("late");
    pending[1]!.reject(new Error("late"));
    await pass(60_000);
    expect(expired).toEqual([]);
  });

  it("the owner may end the worker from within onExpired", async () => {
    const table: CallTable = new CallTable('worker "cpu-1"', "cpu-1", (error) => table.rejectAll(error));
    const never = table.race("answer", 100, () => new Promise(() => {}));
    const other = table.race("answer", 100, () => new Promise(() => {}));
    for (const promise of [never, other]) promise.catch(() => {});
    await pass(250);
    await rejected("worker-timeout", never);
    await rejected("worker-timeout", other);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("whenEmpty waits for every call, including those made meanwhile", async () => {
    const { table, call } = setUp();
    await table.whenEmpty();
    const [first, second] = [call(1_000), call(1_000)];
    let isEmpty = false;
    const empty = table.whenEmpty().then(() => (isEmpty = true));
    first.resolve("a");
    await pass(0);
    const third = call(1_000);
    second.reject(new Error("b"));
    await pass(0);
    expect(isEmpty).toBe(false);
    third.resolve("c");
    await empty;
  });
});
