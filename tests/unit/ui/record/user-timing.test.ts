import { afterEach, expect, it, vi } from "vitest";
import type { AttemptDetail } from "../../../../src/index.js";
import { markUserTiming } from "../../../../src/ui/record/user-timing.js";
import { batch, negate, start } from "../../../fixtures/negating-sharder.js";

afterEach(() => void vi.restoreAllMocks());

it("measures each attempt on its worker's track, never two at once on one track, and leaves nothing behind", async () => {
  const { sharder } = await start(negate, 2);
  const measures = vi.spyOn(performance, "measure");
  // The test runner may measure, too.
  const ours = () =>
    measures.mock.results
      .map(({ value }) => value as PerformanceMeasure)
      .filter(({ detail }) => detail?.devtools !== undefined);
  const end = new AbortController();
  markUserTiming(sharder, end.signal);
  const attempts: AttemptDetail[] = [];
  sharder.addEventListener("attempt", ({ detail }) => detail.outcome !== "cancelled" && attempts.push(detail));
  await sharder.predict(batch(60));
  const made = ours();
  expect(made.map(({ detail }) => detail.devtools.track)).toEqual(attempts.map(({ workerId }) => workerId));
  expect(made.length).toBeGreaterThan(2);
  const freeMs = new Map<string, number>();
  for (const { startTime, duration, detail } of made) {
    const { dataType, trackGroup, track } = detail.devtools;
    expect([dataType, trackGroup]).toEqual(["track-entry", "inference-sharder"]);
    expect(startTime).toBeGreaterThanOrEqual((freeMs.get(track) ?? 0) - 1e-6);
    freeMs.set(track, startTime + duration);
  }
  for (const { name } of made) expect(performance.getEntriesByName(name)).toEqual([]);
  end.abort();
  const { length } = ours();
  await sharder.predict(batch(10));
  expect(ours()).toHaveLength(length);
});
