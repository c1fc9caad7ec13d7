import { expect, it } from "vitest";
import type { FaultDetail } from "../../../../src/sharder/events.js";
import { describeFault } from "../../../../src/ui/workers/fault-words.js";

const fault: FaultDetail = {
  faultId: 1,
  cause: "crashed",
  workerId: "wasm-1",
  code: "worker-lost",
  message: "Expected worker to run, received its end: see the log.",
  items: [{ firstItem: 4, itemCount: 3 }],
  action: "restarted",
  recoverMs: undefined,
};
const plain = (detail: Partial<FaultDetail>) =>
  describeFault({ ...fault, ...detail }, "tile").replaceAll("\u00a0", " ");

it.each<[Partial<FaultDetail>, string]>([
  [{}, "wasm-1 ended unexpectedly: it is being restarted, and 3 tiles go to other workers"],
  [{ items: [] }, "wasm-1 ended unexpectedly: it is being restarted"],
  [{ recoverMs: 812 }, "wasm-1 is back after 812 ms"],
  [
    { cause: "overdue", action: "retried", items: [{ firstItem: 0, itemCount: 1 }] },
    "wasm-1 takes much longer than predicted: 1 tile is computed again",
  ],
  [{ cause: "threw", action: "retried" }, "wasm-1 failed: 3 tiles are computed again"],
  [
    { cause: "overdue", action: "retried", recoverMs: 2_000 },
    "what wasm-1 had to compute was computed again after 2.0 s",
  ],
  [{ cause: "device-lost", action: "fell-back", items: [] }, "wasm-1 lost its GPU: it moves to another backend"],
  [
    { cause: "wrong-output", action: "quarantined", items: [], message: "Off by 1 %." },
    "wasm-1 computed wrong numbers: it gets no more work (Off by 1 %.)",
  ],
  [{ cause: "storage", action: "gave-up", message: "The disk is full." }, "The disk is full."],
  [
    {
      cause: "poison",
      action: "gave-up",
      items: [
        { firstItem: 7, itemCount: 1 },
        { firstItem: 9, itemCount: 2 },
      ],
      message: "Bad.",
    },
    "Tile 7, tiles 9–10 could not be computed by any worker: Bad.",
  ],
])("%#: says what happened and what is done", (detail, text) => {
  expect(plain(detail)).toBe(text);
});
