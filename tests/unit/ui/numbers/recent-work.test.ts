import { expect, it } from "vitest";
import { RecentWork, type ObservedRate } from "../../../../src/ui/numbers/recent-work.js";

interface Moment extends ObservedRate {
  readonly nowMs: number;
  /** Items that were finished in the last 2 s, per second: what somebody with a stopwatch sees. */
  readonly stopwatch: number;
}

/**
 * Run one worker on a virtual clock, with one shard after the other.
 * @param msPerItemAt how long an item takes that begins at this time. @returns the rate at every 50 ms.
 */
function simulate(itemCount: number, untilMs: number, msPerItemAt: (ms: number) => number): Moment[] {
  const work = new RecentWork();
  const moments: Moment[] = [];
  const done: number[] = [];
  let sentAtMs = 0;
  let endMs = itemCount * msPerItemAt(0);
  for (let nowMs = 0; nowMs <= untilMs; nowMs += 50) {
    while (endMs <= nowMs) {
      work.add({ endMs, itemCount, serviceMs: endMs - sentAtMs });
      for (let item = 0; item < itemCount; item++) done.push(endMs);
      sentAtMs = endMs;
      endMs += itemCount * msPerItemAt(endMs);
    }
    const stopwatch = done.filter((ms) => ms > nowMs - 2_000).length / 2;
    moments.push({ nowMs, stopwatch, ...work.at(nowMs, [{ itemCount, sentAtMs }]) });
  }
  return moments;
}

it("is what a stopwatch says while the pace is steady", () => {
  for (const itemCount of [1, 4]) {
    for (const { nowMs, itemsPerSecond, stopwatch, isLate } of simulate(itemCount, 8_000, () => 100)) {
      expect(isLate).toBe(false);
      if (nowMs < itemCount * 100) expect(itemsPerSecond).toBeUndefined();
      if (nowMs > 2_000) expect(Math.abs(itemsPerSecond! - stopwatch)).toBeLessThanOrEqual(itemCount / 2);
    }
  }
});

it("falls as soon as a worker slowed ×8 falls silent, and stays down", () => {
  const moments = simulate(1, 10_000, (ms) => (ms < 5_000 ? 150 : 1_200));
  const rateAt = (ms: number) => moments.find(({ nowMs }) => nowMs === ms)!.itemsPerSecond!;
  expect(rateAt(5_000)).toBeGreaterThan(6);
  expect(rateAt(6_000)).toBeLessThan(1.5);
  for (const { nowMs, itemsPerSecond } of moments) if (nowMs >= 6_000) expect(itemsPerSecond!).toBeLessThan(1.5);
  expect(rateAt(9_950)).toBeCloseTo(1 / 1.2, 1);
  expect(moments.some(({ nowMs, isLate }) => nowMs > 5_000 && nowMs < 6_200 && isLate)).toBe(true);
});

it("recovers within two seconds and a shard", () => {
  const moments = simulate(1, 12_000, (ms) => (ms < 6_000 ? 1_200 : 150));
  for (const { nowMs, itemsPerSecond, stopwatch } of moments) {
    if (nowMs > 8_500) expect(Math.abs(itemsPerSecond! - stopwatch)).toBeLessThan(1);
  }
});

it("forgets the first shard, in which the worker compiles, once there is a second", () => {
  const work = new RecentWork();
  work.add({ endMs: 6_000, itemCount: 1, serviceMs: 6_000 });
  expect(work.at(6_000, []).itemsPerSecond).toBeCloseTo(1 / 6);
  work.add({ endMs: 6_100, itemCount: 1, serviceMs: 100 });
  expect(work.at(6_100, []).itemsPerSecond).toBe(10);
});

it("bounds the rate of a worker that has stopped answering by its silence", () => {
  const work = new RecentWork();
  work.add({ endMs: 1_000, itemCount: 2, serviceMs: 1_000 });
  const open = [{ itemCount: 2, sentAtMs: 900 }];
  expect(work.at(1_900, open)).toMatchObject({ itemsPerSecond: 2, silentMs: 900, isLate: false });
  expect(work.at(5_000, open)).toMatchObject({ itemsPerSecond: 0.5, silentMs: 4_000, isLate: true });
  expect(work.at(61_000, open).itemsPerSecond).toBeCloseTo(2 / 60);
});

it("is 0 for a worker without work, and forgets the wait once there is work again", () => {
  const work = new RecentWork();
  expect(work.at(0, []).itemsPerSecond).toBeUndefined();
  work.add({ endMs: 1_000, itemCount: 1, serviceMs: 100 });
  expect(work.at(1_100, []).itemsPerSecond).toBe(10);
  expect(work.at(3_000, []).itemsPerSecond).toBe(0);
  work.add({ endMs: 60_000, itemCount: 1, serviceMs: 200 });
  expect(work.at(60_000, []).itemsPerSecond).toBe(5);
});
