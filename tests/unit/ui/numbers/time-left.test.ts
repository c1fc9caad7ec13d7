import { expect, it } from "vitest";
import { leftText } from "../../../../src/ui/numbers/left-text.js";
import { timeLeft, type WorkerAhead } from "../../../../src/ui/numbers/time-left.js";

const worker = (msPerItem: number | undefined, silentMs = 0, ...openItemCounts: number[]): WorkerAhead => ({
  msPerItem,
  silentMs,
  openItemCounts,
  isLate: false,
});
const known = (ms: number) => ({ kind: "known", ms });

it("is the time of all workers together while there is enough for all", () => {
  expect(timeLeft(100, [worker(100), worker(100)])).toEqual(known(5_000));
  expect(timeLeft(100, [worker(100), worker(100), worker(100), worker(100)])).toEqual(known(2_500));
  expect(timeLeft(90, [worker(100), worker(200)])).toEqual(known(6_000));
  // What they are on is part of it, and what they have done of that is not.
  expect(timeLeft(100, [worker(100, 50, 2, 2), worker(100, 50, 2, 2)])).toEqual(known(4_950));
  expect(timeLeft(0, [])).toEqual(known(0));
});

it("is never less than the slowest shard under way needs", () => {
  expect(timeLeft(1, [worker(80), worker(60_000, 10_000, 1)])).toEqual(known(50_000));
  expect(timeLeft(11, [worker(80, 0, 10), worker(60_000, 10_000, 1)])).toEqual(known(50_000));
});

it("counts down with the clock, as a stopwatch does, until a job of unequal workers ends", () => {
  // Two workers of 100 and 700 ms per item, one item per shard, 40 items: simulated on a virtual clock.
  const paces = [100, 700];
  const free = [0, 0];
  const since = [0, 0];
  let [given, done] = [0, 0];
  const guesses: [nowMs: number, leftMs: number][] = [];
  for (let nowMs = 0; done < 40; nowMs += 10) {
    for (const index of [0, 1]) {
      if (free[index]! > nowMs) continue;
      if (since[index]! < free[index]!) done++;
      if (given < 40) {
        given++;
        [since[index], free[index]] = [nowMs, nowMs + paces[index]!];
      } else {
        since[index] = free[index]!;
      }
    }
    const left = timeLeft(
      40 - done,
      paces.map((pace, index) => (free[index]! > nowMs ? worker(pace, nowMs - since[index]!, 1) : worker(pace, 0))),
    );
    if (left.kind === "known") guesses.push([nowMs, left.ms]);
  }
  const endMs = guesses.at(-1)![0];
  expect(guesses.length).toBeGreaterThan(300);
  for (const [nowMs, leftMs] of guesses) expect(Math.abs(nowMs + leftMs - endMs)).toBeLessThanOrEqual(800);
});

it("says so where nobody can know", () => {
  expect(timeLeft(40, [worker(undefined, 100, 1), worker(undefined, 100, 1)])).toEqual({ kind: "unknown" });
  const late = { ...worker(100, 20_000, 1), isLate: true };
  expect(timeLeft(2, [late, { ...late, silentMs: 30_000 }])).toEqual({ kind: "finishing" });
  expect(timeLeft(1, [worker(50), worker(undefined, 60_000, 1)])).toEqual({ kind: "finishing" });
  // With more to do, the late one takes as long again as it has taken, at least, and so does what it gets next.
  expect(timeLeft(11, [late, worker(50)])).toEqual(known(20_000));
  const left = timeLeft(1_001, [late, worker(50)]);
  expect(left.kind === "known" && left.ms).toBeCloseTo(50_000, -3);
});

it("is still known in the middle of a job when all workers happen to be late", () => {
  const late = { ...worker(100, 150, 1), isLate: true };
  const left = timeLeft(102, [late, late]);
  expect(left.kind === "known" && left.ms).toBeCloseTo(150 + 50 * 150, 6);
});

it("puts it into words", () => {
  const plain = (text: string) => text.replaceAll("\u00a0", " ");
  expect(plain(leftText({ kind: "known", ms: 12_400 }, 30, "tile"))).toBe("12 s left");
  expect(plain(leftText({ kind: "finishing" }, 2, "tile"))).toBe("finishing the last 2 tiles");
  expect(plain(leftText({ kind: "finishing" }, 1, "tile"))).toBe("finishing the last tile");
  expect(plain(leftText({ kind: "unknown" }, 30, "tile"))).toBe("measuring the time left");
});
