import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { perFrame, perTextFrame, presentMs } from "../../../../src/ui/parts/frame.js";

let frames: Map<number, () => void>;
beforeEach(() => {
  vi.useFakeTimers();
  frames = new Map();
  let lastId = 0;
  vi.stubGlobal("requestAnimationFrame", (call: () => void) => {
    frames.set(++lastId, call);
    return lastId;
  });
  vi.stubGlobal("cancelAnimationFrame", (id: number) => frames.delete(id));
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function nextFrame(): void {
  const due = [...frames.values()];
  frames.clear();
  for (const call of due) call();
}

it("draws once a frame, however often it is requested, and no more often than its interval", () => {
  let count = 0;
  const request = perFrame(() => count++, 200);
  request();
  request();
  expect(count).toBe(0);
  nextFrame();
  expect(count).toBe(1);
  request();
  nextFrame();
  expect(count).toBe(1);
  vi.advanceTimersByTime(200);
  nextFrame();
  expect(count).toBe(2);
});

it("draws within a second where there are no frames, as in the background, and not once more when they return", () => {
  let count = 0;
  const request = perFrame(() => count++);
  request();
  vi.advanceTimersByTime(1_000);
  expect(count).toBe(1);
  nextFrame();
  vi.advanceTimersByTime(5_000);
  expect(count).toBe(1);
  request();
  nextFrame();
  expect(count).toBe(2);
});

it("draws all texts that were requested in one frame, so that their numbers are of one moment", () => {
  const drawn: string[] = [];
  const [total, rates, failing] = [
    perTextFrame(() => drawn.push("total")),
    perTextFrame(() => drawn.push("rates")),
    perTextFrame(() => {
      throw new Error("not drawn");
    }),
  ];
  const errors: unknown[] = [];
  vi.stubGlobal("reportError", (error: unknown) => errors.push(error));
  total();
  nextFrame();
  expect(drawn).toEqual(["total"]);
  // Each of the two comes at a time of its own.
  vi.advanceTimersByTime(120);
  failing();
  rates();
  vi.advanceTimersByTime(60);
  total();
  nextFrame();
  expect(drawn).toEqual(["total"]);
  vi.advanceTimersByTime(20);
  nextFrame();
  expect(drawn).toEqual(["total", "rates", "total"]);
  expect(errors).toEqual([new Error("not drawn")]);
});

it("says the same time to all that is drawn in one frame, however long it takes", () => {
  const seen: number[] = [];
  const [first, second] = [0, 1].map(() =>
    perTextFrame(() => {
      seen.push(presentMs());
      vi.advanceTimersByTime(30);
    }),
  );
  first!();
  second!();
  vi.advanceTimersByTime(5_000);
  expect(seen).toHaveLength(2);
  expect(seen[1]).toBe(seen[0]);
  expect(presentMs()).toBe(performance.now());
});
