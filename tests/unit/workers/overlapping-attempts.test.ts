// Attempts on a GPU: the next one is submitted while the one before is read back.
import { expect, it } from "vitest";
import { toErrorRecord } from "../../../src/protocol/error-record.js";
import { AttemptQueue, type Turn } from "../../../workers/runtime/attempt-queue.js";
import { EngineBroken } from "../../../workers/runtime/engine.js";

const turns = async (count = 20): Promise<void> => {
  for (let i = 0; i < count; i++) await new Promise((done) => setImmediate(done));
};

/** A GPU whose read-backs end when the test says so. Its events are listed: "submit 1", "read 1", "end 1 ok". */
function gpu({ isIntact = () => true, handsOver = true }: { isIntact?: () => boolean; handsOver?: boolean } = {}) {
  const events: string[] = [];
  const readBacks = new Map<string, { resolve(): void; reject(error: Error): void }>();
  const queue = new AttemptQueue(isIntact, ({ notice }) => events.push(notice));
  const outcomes: Promise<unknown>[] = [];
  const work =
    (name: string) =>
    async ({ handOver }: Turn): Promise<string> => {
      events.push(`submit ${name}`);
      const readBack = new Promise<void>((resolve, reject) => readBacks.set(name, { resolve, reject }));
      if (handsOver) handOver();
      await readBack;
      events.push(`read ${name}`);
      return name;
    };
  const run = (attemptId: string, priority = 0): void => {
    const ended = queue.enqueue({ attemptId, priority }, work(attemptId)).then(
      () => "ok",
      (thrown: unknown) => toErrorRecord(thrown, "model-failed").code,
    );
    outcomes.push(ended.then((outcome) => events.push(`end ${attemptId} ${outcome}`)));
  };
  return { queue, events, run, work, readBacks, all: () => Promise.all(outcomes) };
}

it("submits an attempt before the read-back of the one before has ended, and no third one", async () => {
  const { events, run, readBacks } = gpu();
  for (const name of ["1", "2", "3"]) run(name);
  await turns();
  expect(events).toEqual(["submit 1", "submit 2"]);
  readBacks.get("1")!.resolve();
  await turns();
  expect(events.slice(2)).toEqual(["read 1", "end 1 ok", "submit 3"]);
});

it("runs one after another where an engine hands nothing over, or something is done around its work", async () => {
  for (const isAround of [false, true]) {
    const { queue, events, run, readBacks } = gpu({ handsOver: isAround });
    if (isAround) queue.surround((work) => work());
    for (const name of ["1", "2"]) run(name);
    await turns();
    expect(events).toEqual(["submit 1"]);
    readBacks.get("1")!.resolve();
    await turns();
    expect(events).toEqual(["submit 1", "read 1", "end 1 ok", "submit 2"]);
  }
});

it("answers attempts in their order, whichever is read back first", async () => {
  const { events, run, readBacks, all } = gpu();
  for (const name of ["1", "2"]) run(name);
  await turns();
  readBacks.get("2")!.resolve();
  await turns();
  expect(events.slice(2)).toEqual(["read 2"]);
  readBacks.get("1")!.resolve();
  await all();
  expect(events.slice(3)).toEqual(["read 1", "end 1 ok", "end 2 ok"]);
});

it("measures from the answer before to this one, so that what overlaps is counted once", async () => {
  const { queue, work, readBacks } = gpu();
  const startMs = performance.now();
  const [first, second] = ["1", "2"].map((attemptId) => queue.enqueue({ attemptId, priority: 0 }, work(attemptId)));
  await turns();
  await new Promise((resolve) => setTimeout(resolve, 60));
  readBacks.get("1")!.resolve();
  const one = (await first!).timing;
  await new Promise((resolve) => setTimeout(resolve, 30));
  readBacks.get("2")!.resolve();
  const two = (await second!).timing;
  const passedMs = performance.now() - startMs;
  expect(one.ranMs).toBeGreaterThan(59);
  expect(two.ranMs).toBeGreaterThan(29);
  expect(two.idleMs).toBe(0);
  expect(one.ranMs + two.ranMs).toBeLessThanOrEqual(passedMs);
});

it("cancels what waits behind both, and changes nothing that the worker holds before both have ended", async () => {
  const { queue, events, run, readBacks, all } = gpu();
  for (const name of ["1", "2", "3"]) run(name);
  await turns();
  const changed = queue.change(async () => void events.push("change"));
  queue.cancel(["3"]);
  await turns();
  expect(events).toEqual(["submit 1", "submit 2", "end 3 aborted"]);
  for (const name of ["1", "2"]) readBacks.get(name)!.resolve();
  await Promise.all([all(), changed]);
  expect(events.slice(-2)).toEqual(["end 2 ok", "change"]);
});

it("keeps the second one if only the first fails", async () => {
  const { events, run, readBacks, all } = gpu();
  for (const name of ["1", "2"]) run(name);
  await turns();
  readBacks.get("1")!.reject(new Error("no room for the staging buffer"));
  readBacks.get("2")!.resolve();
  await all();
  expect(events.filter((event) => event.startsWith("end"))).toEqual(["end 1 model-failed", "end 2 ok"]);
});

it("answers both with the loss of the device, and reports it once", async () => {
  let isIntact = true;
  const { events, run, readBacks, all } = gpu({ isIntact: () => isIntact });
  for (const name of ["1", "2", "3"]) run(name);
  await turns();
  isIntact = false;
  readBacks.get("1")!.reject(new Error("lost"));
  readBacks.get("2")!.resolve();
  await all();
  await turns();
  expect(events.filter((event) => /^end|lost/.test(event)).toSorted()).toEqual([
    "device-lost",
    "end 1 worker-lost",
    "end 2 worker-lost",
    "end 3 worker-lost",
  ]);
});

it("discards what was submitted to an engine that has broken", async () => {
  const { events, run, readBacks, all } = gpu();
  for (const name of ["1", "2"]) run(name);
  await turns();
  readBacks.get("1")!.reject(new EngineBroken("out-of-memory", "no room"));
  readBacks.get("2")!.resolve();
  await all();
  expect(events.filter((event) => event.startsWith("end"))).toEqual(["end 1 out-of-memory", "end 2 worker-lost"]);
});
