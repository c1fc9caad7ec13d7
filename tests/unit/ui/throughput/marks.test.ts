import { expect, it } from "vitest";
import { marksOf } from "../../../../src/ui/throughput/marks.js";

const plain = (text: string) => text.replaceAll("\u00a0", " ");
const rebalance = (atMs: number, before: Record<string, number>, after: Record<string, number>) => ({
  atMs,
  jobId: 1,
  before,
  after,
  itemsPerSecond: {},
});

it("marks faults, recoveries and rebalances in the order of time, quick rebalances as one", () => {
  const rebalances = [
    rebalance(100, { a: 0.5, b: 0.5 }, { a: 0.4, b: 0.6 }),
    rebalance(900, { a: 0.4, b: 0.6 }, { a: 0.2, b: 0.8 }),
    rebalance(1_200, { a: 0.2, b: 0.8 }, { a: 0.5, b: 0.5 }),
    rebalance(5_000, { a: 0.5, b: 0.5 }, { a: 0.501, b: 0.499 }),
  ];
  const fault = {
    faultId: 1,
    cause: "crashed",
    workerId: "a",
    code: "worker-lost",
    message: "gone",
    items: [],
    action: "restarted",
    recoverMs: 1_000,
    atMs: 1_100,
    recoveredAtMs: 2_100,
  } as const;
  const marks = marksOf({ rebalances, faults: [fault] }, 0, "tile");
  expect(marks.map(({ kind, atMs, text }) => `${atMs} ${kind}: ${plain(text)}`)).toEqual([
    "100 rebalance: b gets more: 50 % → 80 %; a gets less: 50 % → 20 %",
    "1100 fault: a ended unexpectedly: it is being restarted",
    "1200 rebalance: a gets more: 20 % → 50 %; b gets less: 80 % → 50 %",
    "2100 recovery: a is back after 1.0 s",
  ]);
  expect(marksOf({ rebalances, faults: [fault] }, 1_150, "tile")).toHaveLength(2);
});
