// Upload, compute and read-back of consecutive shards overlap on a GPU: shown by the order of events on a real one, emulated in software.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openHarness, type OpenPage } from "../harness/launch.js";

let opened: OpenPage;
// A page has one engine on one backend.
beforeEach(async () => void (opened = await openHarness()));
afterEach(() => opened.close());

/** The model has two outputs. */
const READS_PER_SHARD = 2;

/** What happens between the first shard's waiting for its last output and the first that has been read back. */
function whileReading(events: readonly string[]): readonly string[] {
  const waits = events.flatMap((event, at) => (event === "reading" ? [at] : []));
  const [from, to] = [waits[READS_PER_SHARD - 1]!, events.indexOf("read")];
  expect(to).toBeGreaterThan(from);
  return events.slice(from + 1, to);
}

const answers = (events: readonly string[]) => events.filter((event) => /answered|wrong|aborted/.test(event));
const submitCount = (events: readonly string[]) => events.filter((event) => event === "submit").length;

describe.each(["webgpu", "webgl"] as const)("%s", (backend) => {
  it("submits the second of two shards before the first is read back, and no third one", async () => {
    const [one, two, three, cancelled] = await opened.page.evaluate(
      (backend) =>
        harness.overlapEvents(backend, [{ count: 1 }, { count: 2 }, { count: 3 }, { count: 3, cancelled: 2 }]),
      backend,
    );
    // A lone shard submits nothing while it is read back.
    expect(whileReading(one!)).not.toContain("submit");
    expect(answers(one!)).toEqual(["answered"]);
    expect(submitCount(whileReading(two!))).toBe(submitCount(one!));
    expect(answers(two!)).toEqual(["answered", "answered"]);
    expect(submitCount(three!.slice(0, three!.indexOf("answered")))).toBe(2 * submitCount(one!));
    expect(submitCount(three!)).toBe(3 * submitCount(one!));
    expect(answers(three!)).toEqual(["answered", "answered", "answered"]);
    expect(answers(cancelled!)).toEqual(["aborted", "answered", "answered"]);
    expect(submitCount(cancelled!)).toBe(2 * submitCount(one!));
    expect(opened.errors).toEqual([]);
  });
});
