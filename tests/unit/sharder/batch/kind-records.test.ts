import { expect, it, vi } from "vitest";
import { createThroughput, observe, predictMs } from "../../../../src/core/throughput/throughput.js";
import { KindRecords } from "../../../../src/sharder/batch/kind-records.js";
import { NO_MEMORY, type MemorySection, type ModelMemory } from "../../../../src/sharder/memory/model-memory.js";

/** Everything as JSON, as in the browser's cache. */
function memoryWith(stored: Partial<Record<MemorySection, unknown>> = {}): ModelMemory & { stored: typeof stored } {
  return {
    stored,
    read: async (section) => stored[section],
    write: (section, value) => void (stored[section] = JSON.parse(JSON.stringify(value))),
  };
}

/** A worker that takes 5 ms and 2 ms per item, after a first run that is not counted. */
const learned = [1, 1, 4, 16, 64].reduce(
  (throughput, itemCount) => observe(throughput, { itemCount, serviceMs: 5 + 2 * itemCount }),
  createThroughput(),
);

it("a later visit begins with what an earlier one measured, by kind of worker and class of items", async () => {
  const memory = memoryWith();
  const records = new KindRecords(memory);
  records.learnThroughput("wasm", "[8,8,3]", learned);
  records.learnCalls("wasm", "[8,8,3]", 32);
  records.flush();
  const later = new KindRecords(memory);
  expect(later.throughputOf("wasm", "[8,8,3]")).toBeUndefined();
  await vi.waitFor(() => expect(later.callItemCountOf("wasm", "[8,8,3]")).toBe(32));
  const begun = later.throughputOf("wasm", "[8,8,3]")!;
  expect(predictMs(begun, 100)! / 205).toBeCloseTo(1, 1);
  // It allocates and compiles in its first run, as any worker, and grows from a quarter of the largest shard.
  expect(begun).toMatchObject({ warmedUp: false, sizeBits: 0, sampleCount: 0, maxItemCount: 16 });
  expect(later.throughputOf("webgpu", "[8,8,3]")).toBeUndefined();
  expect(later.callItemCountOf("wasm", "[9,9,3]")).toBeUndefined();
});

it("what is measured now counts, even if what was measured earlier is read afterwards", async () => {
  const memory = memoryWith({ calls: { "wasm | a": 64, "wasm | b": 16 } });
  const records = new KindRecords(memory);
  records.learnCalls("wasm", "a", 2);
  await vi.waitFor(() => expect(records.callItemCountOf("wasm", "b")).toBe(16));
  expect(records.callItemCountOf("wasm", "a")).toBe(2);
  records.flush();
  expect(memory.stored.calls).toEqual({ "wasm | a": 2, "wasm | b": 16 });
});

it("keeps what is new a second later, once for all of it", () => {
  vi.useFakeTimers();
  try {
    const memory = memoryWith();
    const write = vi.spyOn(memory, "write");
    const records = new KindRecords(memory);
    for (let size = 1; size <= 64; size *= 2) records.learnCalls("wasm", "a", size);
    expect(write).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1_000);
    expect(write.mock.calls).toEqual([["calls", { "wasm | a": 64 }]]);
    vi.advanceTimersByTime(10_000);
    records.flush();
    expect(write).toHaveBeenCalledTimes(1);
  } finally {
    vi.useRealTimers();
  }
});

it("takes nothing from records that are damaged, and keeps no more than 64", async () => {
  const damaged = {
    calls: { "wasm | a": "many", "wasm | b": 0, "wasm | c": 8 },
    throughput: { "wasm | a": { overheadMs: -1, msPerItem: 1, maxItemCount: 1 }, "wasm | b": null, "wasm | c": [] },
  };
  const records = new KindRecords(memoryWith(damaged));
  await vi.waitFor(() => expect(records.callItemCountOf("wasm", "c")).toBe(8));
  for (const each of ["a", "b"]) expect(records.callItemCountOf("wasm", each)).toBeUndefined();
  for (const each of ["a", "b", "c"]) expect(records.throughputOf("wasm", each)).toBeUndefined();
  const memory = memoryWith({ calls: "no record", throughput: null });
  const many = new KindRecords(memory);
  for (let index = 0; index < 70; index++) many.learnCalls("wasm", `${index}`, 1);
  many.flush();
  const kept = Object.keys(memory.stored.calls as object);
  expect([kept.length, kept.includes("wasm | 5"), kept.includes("wasm | 69")]).toEqual([64, false, true]);
});

it("knows about workers of this visit where nothing may be remembered", () => {
  const records = new KindRecords(NO_MEMORY);
  records.learnThroughput("wasm", "a", learned);
  expect(records.throughputOf("wasm", "a")).toBeDefined();
  // Too few samples say little.
  records.learnThroughput(
    "cpu",
    "a",
    observe(observe(createThroughput(), { itemCount: 1, serviceMs: 9 }), { itemCount: 1, serviceMs: 2 }),
  );
  expect(records.throughputOf("cpu", "a")).toBeUndefined();
  records.flush();
});
