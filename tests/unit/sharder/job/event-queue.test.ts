import { describe, expect, it } from "vitest";
import { EventQueue } from "../../../../src/sharder/job/event-queue.js";

/** A queue over names of events, and what happened in order. `during` adds events while one of that name is carried out. */
function queueOf(during: Readonly<Record<string, readonly string[]>> = {}) {
  const log: string[] = [];
  const state = { isOver: false };
  const queue = new EventQueue<string>({
    isOver: () => state.isOver,
    step: (event) => {
      log.push(`${event} begins`);
      for (const added of during[event] ?? []) queue.apply(added);
      if (event === "last") state.isOver = true;
      if (event === "throws") throw new Error("not possible");
      log.push(`${event} ends`);
    },
    applied: () => void log.push("applied"),
  });
  return { queue, log };
}

describe("a queue of events", () => {
  it("carries one out to its end before those that it caused, and reports once that all are applied", () => {
    const { queue, log } = queueOf({ first: ["second", "third"], second: ["fourth"] });
    queue.apply("first");
    const names = ["first", "second", "third", "fourth"];
    expect(log).toEqual([...names.flatMap((name) => [`${name} begins`, `${name} ends`]), "applied"]);
  });

  it("discards what comes once its owner is over", () => {
    const { queue, log } = queueOf({ last: ["late"] });
    queue.apply("last");
    queue.apply("later");
    expect(log).toEqual(["last begins", "last ends", "applied", "applied"]);
  });

  it("holds nothing back after an event that could not be carried out", () => {
    const { queue, log } = queueOf({ throws: ["lost"] });
    expect(() => queue.apply("throws")).toThrow("not possible");
    expect(queue.isApplying).toBe(false);
    queue.apply("next");
    expect(log).toEqual(["throws begins", "next begins", "next ends", "applied"]);
  });
});
