import { afterEach, expect, it, vi } from "vitest";
import { Beat, type BeatTime } from "../../../../src/ui/parts/beat.js";

afterEach(() => void vi.unstubAllGlobals());

/** Time that passes only where the test says so. */
function virtualTime() {
  let nowMs = 0;
  const waiting = new Set<{ readonly atMs: number; readonly call: () => void }>();
  const afterFrame: (() => void)[] = [];
  const time: BeatTime = {
    nowMs: () => nowMs,
    after: (ms, call) => {
      const timer = { atMs: nowMs + ms, call };
      waiting.add(timer);
      return () => waiting.delete(timer);
    },
    inFrame: (call) => call(),
    afterFrame: (call) => void afterFrame.push(call),
  };
  const settle = (): void => afterFrame.splice(0).forEach((call) => call());
  return {
    time,
    isIdle: (): boolean => waiting.size === 0,
    spend: (ms: number): void => void (nowMs += ms),
    /** Let time pass until this moment. */
    passTo: (atMs: number): void => {
      settle();
      for (;;) {
        const next = [...waiting].filter((timer) => timer.atMs <= atMs).toSorted((a, b) => a.atMs - b.atMs)[0];
        if (next === undefined) break;
        waiting.delete(next);
        nowMs = Math.max(nowMs, next.atMs);
        next.call();
        settle();
      }
      nowMs = Math.max(nowMs, atMs);
    },
  };
}

it("draws all that follow in the same frame, four times a second, and nothing once they have left", () => {
  const { time, passTo, isIdle } = virtualTime();
  const beat = new Beat(time);
  const drawn: string[] = [];
  const [first, second] = [new AbortController(), new AbortController()];
  beat.follow(() => drawn.push(`a ${time.nowMs()}`), first.signal);
  passTo(100);
  beat.follow(() => drawn.push(`b ${time.nowMs()}`), second.signal);
  passTo(500);
  expect(drawn).toEqual(["a 250", "b 250", "a 500", "b 500"]);
  first.abort();
  passTo(750);
  expect(drawn.slice(4)).toEqual(["b 750"]);
  second.abort();
  expect(isIdle()).toBe(true);
  beat.follow(() => drawn.push("never"), second.signal);
  expect(isIdle()).toBe(true);
  beat.follow(() => drawn.push("again"), new AbortController().signal);
  passTo(1_000);
  expect(drawn.slice(5)).toEqual(["again"]);
});

it.each([
  [2, 40],
  [10, 20],
  // However slow, a change shows within a second.
  [100, 11],
])("takes %i ms to draw, and so does it %i times in ten seconds", (drawMs, times) => {
  const { time, passTo, spend } = virtualTime();
  let count = 0;
  new Beat(time).follow(() => {
    count++;
    spend(drawMs);
  }, new AbortController().signal);
  passTo(10_000);
  expect(count).toBeGreaterThanOrEqual(times - 1);
  expect(count).toBeLessThanOrEqual(times);
});

it("goes on for the others where one throws, and reports what was thrown", () => {
  const { time, passTo } = virtualTime();
  const beat = new Beat(time);
  const reported: unknown[] = [];
  vi.stubGlobal("reportError", (error: unknown) => reported.push(error));
  const failure = new Error("no canvas");
  const { signal } = new AbortController();
  let count = 0;
  beat.follow(() => {
    throw failure;
  }, signal);
  beat.follow(() => count++, signal);
  passTo(600);
  expect([count, reported]).toEqual([2, [failure, failure]]);
});
