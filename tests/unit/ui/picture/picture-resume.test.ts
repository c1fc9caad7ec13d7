import { expect, it } from "vitest";
import { describeInterrupted } from "../../../../src/ui/picture/picture-resume.js";
import { QueueEntry, type EntryState } from "../../../../src/ui/picture/queue-entry.js";

function entries(...states: readonly EntryState[]): QueueEntry[] {
  return states.map((state, index) => {
    const entry = new QueueEntry(index, { blob: new Blob(["x"]), name: `${index}.png` });
    entry.state = state;
    return entry;
  });
}

// In Node there is no journal, and so no tile that is done.
const textOf = async (...states: readonly EntryState[]) =>
  (await describeInterrupted({ entries: entries(...states), tileCount: 6 }, "page: picture"))?.text.replaceAll(
    "\u00a0",
    " ",
  );

it("offers what a reload would lose: a single result that was not saved, and lists", async () => {
  expect(await textOf("done")).toBe("Show 0.png: it is done, and was not saved.");
  expect(await textOf("waiting")).toBeUndefined();
  expect(await textOf("done", "waiting", "waiting")).toBe("Resume your list: 1 of 3 pictures is done.");
  expect(await textOf("done", "failed")).toBe("Show your list: 1 of 2 pictures is done, 1 could not be enlarged.");
});
