import { expect, it } from "vitest";
import {
  changeAvailable,
  createChoice,
  observeWindow,
  usedCounts,
  type Choice,
  type WorkerCounts,
} from "../../../../src/core/choice/choice.js";
import { seededRandom } from "../../../../src/core/random.js";

/** Items per ms of these workers together. */
type Machine = (counts: WorkerCounts, nowMs: number) => number;

interface Work {
  readonly windowMs?: number;
  readonly forMs?: number;
  /** Relative, ±. */
  readonly noise?: number;
  readonly seed?: number;
}

/** Work in windows, and see which set is used in the end and what was lost meanwhile against the best set. */
function work(choice: Choice, machine: Machine, { windowMs = 400, forMs = 300_000, noise = 0, seed = 1 }: Work = {}) {
  const random = seededRandom(seed);
  let [state, itemCount, nowMs] = [choice, 0, 0];
  for (; nowMs < forMs; nowMs += windowMs) {
    const rate = machine(usedCounts(state), nowMs) * (1 + noise * (2 * random() - 1));
    itemCount += machine(usedCounts(state), nowMs) * windowMs;
    state = observeWindow(state, { rate, ms: windowMs, workClass: "job" });
  }
  return { choice: state, itemCount };
}

/** Two cores: a third WASM worker brings nothing, a software GPU takes more from the others than it gives. */
const softwareGpus: Machine = ([wasm, webgl]) => {
  const [threads, cores] = [wasm! + 2 * webgl!, 2];
  return (57 * wasm! + 4 * webgl!) * Math.min(1, cores / threads);
};

it("leaves out a GPU that is emulated on the cores that the others use, and says what it cost", () => {
  const { choice } = work(createChoice([2, 1]), softwareGpus, { noise: 0.05 });
  expect(choice.inUse).toEqual([2, 0]);
  const found = choice.comparisons.find(({ challenger }) => challenger.join() === "2,0");
  expect(found?.isBetter).toBe(true);
  expect(found!.challengerRate / found!.inUseRate).toBeCloseTo(114 / 59, 0);
});

it("leaves out workers that bring nothing: cores that share their memory's bandwidth, or one for the page", () => {
  const bandwidth: Machine = ([wasm]) => Math.min(57 * wasm!, 120);
  expect(work(createChoice([8]), bandwidth, { noise: 0.02 }).choice.inUse[0]).toBeLessThanOrEqual(3);
  const pageNeedsACore: Machine = ([wasm]) => 50 * wasm! * (wasm! < 4 ? 1 : 0.7);
  expect(work(createChoice([4]), pageNeedsACore, { noise: 0.02 }).choice.inUse).toEqual([3]);
});

it("uses one worker where the model is too small to share", () => {
  const tooSmall: Machine = ([wasm]) => (wasm === 1 ? 430 : 280);
  expect(work(createChoice([2]), tooSmall, { noise: 0.05 }).choice.inUse).toEqual([1]);
});

it("keeps workers that are alike, and loses little by having tried", () => {
  for (let seed = 1; seed <= 50; seed++) {
    const machine: Machine = ([wasm]) => 50 * wasm!;
    const { choice, itemCount } = work(createChoice([4]), machine, { noise: 0.1, seed });
    expect(choice.inUse).toEqual([4]);
    expect(itemCount / (200 * 300_000)).toBeGreaterThan(0.94);
  }
});

it("tries nothing before enough has been worked to pay for it", () => {
  let state = createChoice([2]);
  for (let window = 0; window < 9; window++) {
    state = observeWindow(state, { rate: 100, ms: 400, workClass: "job" });
    expect(usedCounts(state)).toEqual([2]);
  }
});

it("is not misled by a machine that becomes slower all the time, or at once", () => {
  const fading: Machine = ([wasm], nowMs) => 50 * wasm! * (1 - nowMs / 400_000);
  expect(work(createChoice([2]), fading, { noise: 0.02 }).choice.inUse).toEqual([2]);
  for (let seed = 1; seed <= 20; seed++) {
    const halved: Machine = ([wasm], nowMs) => (nowMs > 8_000 + 400 * seed ? 25 : 50) * wasm!;
    expect(work(createChoice([2]), halved, { noise: 0.05, seed }).choice.inUse).toEqual([2]);
  }
});

it("finds another set once the machine has changed for good", () => {
  const throttled: Machine = ([gpu, wasm], nowMs) =>
    (nowMs < 100_000 ? 900 * gpu! : 20 * gpu!) + 40 * wasm! * (1 - gpu! / 4);
  const { choice } = work(createChoice([1, 2]), throttled, { forMs: 3_000_000, noise: 0.02 });
  expect(choice.inUse[1]).toBe(2);
});

it("compares only windows of one class of work", () => {
  let state = createChoice([2]);
  for (let window = 0; window < 400; window++) {
    // Jobs of two sizes in turn: the small ones are slower for what they are.
    const isSmall = window % 2 === 0;
    state = observeWindow(state, { rate: isSmall ? 20 : 100, ms: 400, workClass: isSmall ? "small" : "large" });
    expect(usedCounts(state)).toEqual([2]);
  }
});

it("starts with what is remembered, as far as there is so much, and never without workers", () => {
  expect(usedCounts(createChoice([2, 1], [1, 0]))).toEqual([1, 0]);
  expect(usedCounts(createChoice([2, 1], [4, 9]))).toEqual([2, 1]);
  expect(usedCounts(createChoice([2, 1], [0, 0]))).toEqual([2, 1]);
  expect(usedCounts(createChoice([2, 1], [0]))).toEqual([2, 1]);
});

it("uses workers that come, does without those that go, and forgets what it found about them", () => {
  const { choice } = work(createChoice([2, 1]), softwareGpus);
  expect(choice.inUse).toEqual([2, 0]);
  const more = changeAvailable(choice, [3, 1]);
  expect(usedCounts(more)).toEqual([3, 0]);
  expect(more.comparisons).toEqual([]);
  expect(usedCounts(changeAvailable(choice, [1, 1]))).toEqual([1, 0]);
  // The only ones that are left.
  expect(usedCounts(changeAvailable(choice, [0, 1]))).toEqual([0, 1]);
});

it("ignores windows that say nothing", () => {
  const state = createChoice([2]);
  for (const rate of [0, NaN, Infinity, -1])
    expect(observeWindow(state, { rate, ms: 100, workClass: "job" })).toBe(state);
});

/** TF.js's workers are the first kind, LiteRT's the second; each engine's are used alone, and a mixture would show as NaN. */
const twoEngines =
  (ratio: number): Machine =>
  ([tfjs, litert]) =>
    tfjs! > 0 && litert! > 0 ? NaN : 50 * tfjs! + 50 * ratio * litert!;

it.each([
  [1.3, [0, 2]],
  [0.8, [2, 0]],
  [1.01, [2, 0]],
])("uses one engine at a time: another that is %f times as fast ends with %j", (ratio, expected) => {
  const machine = twoEngines(ratio);
  const alone = work(createChoice([2], [2], 0, [0]), machine, { forMs: 4_000 }).choice;
  const both = changeAvailable(alone, [2, 2], [0, 1]);
  // Those that have come are not used before they have been measured.
  expect(usedCounts(both)).toEqual([2, 0]);
  const { choice, itemCount } = work(both, machine, { noise: 0.02 });
  expect(choice.inUse).toEqual(expected);
  expect(itemCount).toBeGreaterThan(0.97 * 300_000 * 100 * Math.max(1, ratio === 1.01 ? 1 : ratio));
});

it("takes the other engine at once where one has no workers left, and tries the first again when it is back", () => {
  const engines = [0, 1];
  const litert = createChoice([2, 2], [0, 2], 0, engines);
  const without = changeAvailable(litert, [2, 0], engines);
  expect(usedCounts(without)).toEqual([2, 0]);
  const back = changeAvailable(without, [2, 2], engines);
  expect(usedCounts(back)).toEqual([2, 0]);
  expect(work(back, twoEngines(2), { forMs: 20_000 }).choice.inUse).toEqual([0, 2]);
});
