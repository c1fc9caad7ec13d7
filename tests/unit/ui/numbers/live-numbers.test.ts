import { afterEach, expect, it } from "vitest";
import { LiveNumbers } from "../../../../src/ui/numbers/live-numbers.js";
import { startLayers } from "../../../fixtures/adding-sharder.js";
import { useFakeClock } from "../../../fixtures/fake-clock.js";
import { batch, negate, start } from "../../../fixtures/negating-sharder.js";

const pass = useFakeClock();
let end = new AbortController();
afterEach(() => {
  end.abort();
  end = new AbortController();
});

const sumOf = (numbers: readonly (number | undefined)[]) =>
  numbers.reduce<number>((sum, number) => sum + (number ?? 0), 0);

it("shows rates whose sum is the total, and percents that add up to 100, while a job runs", async () => {
  // As long as these workers say that they take.
  const { sharder } = await start(async (request, worker) => {
    await new Promise((answer) => setTimeout(answer, 1 + 5 * request.itemCount));
    return negate(request, worker);
  }, 3);
  const live = new LiveNumbers(sharder, end.signal);
  expect(live.at()).toMatchObject({ itemsPerSecond: undefined });
  expect(live.timeLeft(2_400)).toEqual({ kind: "unknown" });
  let isDone = false;
  const startMs = performance.now();
  const done = sharder.predict(batch(2_400)).then(() => (isDone = true));
  let doneCount = 0;
  sharder.addEventListener("progress", ({ detail }) => (doneCount = detail.completedItemCount));
  const guesses: number[] = [];
  while (!isDone) {
    await pass(100);
    const { itemsPerSecond, workers: numbers } = live.at();
    const all = [...numbers.values()];
    if (itemsPerSecond !== undefined) {
      expect(sumOf(all.map((each) => each.itemsPerSecond))).toBeCloseTo(itemsPerSecond, 9);
    }
    if (!isDone && itemsPerSecond !== undefined) expect(sumOf(all.map(({ percent }) => percent))).toBe(100);
    const left = live.timeLeft(2_400 - doneCount);
    const elapsedMs = performance.now() - startMs;
    if (left.kind === "known" && elapsedMs > 1_000 && !isDone) guesses.push(elapsedMs + left.ms);
  }
  await done;
  const tookMs = performance.now() - startMs;
  expect(tookMs).toBeGreaterThan(4_000);
  expect(guesses.length).toBeGreaterThan(10);
  for (const guessMs of guesses) expect(Math.abs(guessMs - tookMs)).toBeLessThan(0.25 * tookMs);
  await pass(2_000);
  expect(live.at()).toMatchObject({ itemsPerSecond: 0 });
});

it("lets the rate of a worker that has fallen silent fall, and says that nobody knows when the last items come", async () => {
  let isSilent = false;
  const { sharder } = await start(async (request, worker) => {
    await new Promise((answer) => setTimeout(answer, isSilent ? 1e6 : 50 * request.itemCount));
    return negate(request, worker);
  }, 1);
  const live = new LiveNumbers(sharder, end.signal);
  const done = sharder.predict(batch(40));
  done.catch(() => {});
  await pass(800);
  expect(live.at().itemsPerSecond).toBeGreaterThan(10);
  isSilent = true;
  await pass(500);
  const rates: number[] = [];
  for (let waits = 0; waits < 4; waits++) {
    await pass(1_000);
    rates.push(live.at().itemsPerSecond!);
  }
  expect(rates).toEqual([...rates].sort((a, b) => b - a));
  expect(rates.at(-1)).toBeLessThan(5);
  const [underWay] = sharder.workers[0]!.underWay;
  expect(live.timeLeft(underWay?.itemCount ?? 1).kind).toBe("finishing");
});

it("counts what leaves the last stage of a model that is split by layers", async () => {
  const { sharder } = await startLayers(
    4,
    { before: (call) => (call.kind === "run" ? new Promise((go) => setTimeout(go, 20)) : undefined) },
    { cuts: [2], quantumMs: 1 },
  );
  const live = new LiveNumbers(sharder, end.signal);
  let isDone = false;
  const done = sharder.predict(batch(60)).then(() => (isDone = true));
  let seen = 0;
  for (let waits = 0; waits < 400 && !isDone; waits++) {
    await pass(20);
    const { itemsPerSecond, workers } = live.at();
    if (itemsPerSecond === undefined) continue;
    seen++;
    const { plan } = sharder;
    const last = plan.split === "layers" ? plan.stages.at(-1)!.workerIds[0]! : "";
    expect(itemsPerSecond).toBe(workers.get(last)!.itemsPerSecond);
    expect(sumOf([...workers.values()].map(({ percent }) => percent))).toBe(100);
  }
  await done;
  expect(seen).toBeGreaterThan(3);
});

it("does not take a new worker for the one that had its id", async () => {
  let itemMs = 400;
  const { sharder } = await start(async (request, worker) => {
    await new Promise((answer) => setTimeout(answer, itemMs * request.itemCount));
    return negate(request, worker);
  }, 1);
  const live = new LiveNumbers(sharder, end.signal);
  const [first] = sharder.workers;
  let done = sharder.predict(batch(4));
  await pass(5_000);
  await done;
  await sharder.removeWorker(first!.id);
  itemMs = 40;
  expect(await sharder.addWorker({ backend: first!.backend })).toBe(first!.id);
  done = sharder.predict(batch(40));
  await pass(20);
  expect(live.at().workers.get(first!.id)).toMatchObject({ itemsPerSecond: undefined, isLate: false });
  await pass(5_000);
  await done;
});
