import { expect, it } from "vitest";
import { NO_JOINT_RATES, noteJointWindow, type JointRates } from "../../../../src/core/choice/joint-rates.js";
import { seededRandom } from "../../../../src/core/random.js";

interface Stretch {
  readonly workerIds: readonly string[];
  readonly rate: number;
  readonly count?: number;
  readonly workClass?: string;
  /** Before it begins, ms. */
  readonly pauseMs?: number;
}

/** Windows of 400 ms, whose rates vary by ± `noise`. */
function watch(stretches: readonly Stretch[], noise = 0, seed = 1): JointRates {
  const random = seededRandom(seed);
  let [rates, atMs] = [NO_JOINT_RATES, 0];
  for (const { workerIds, rate, count = 6, workClass = "job", pauseMs = 0 } of stretches) {
    atMs += pauseMs;
    for (let window = 0; window < count; window++) {
      atMs += 400;
      const measured = rate * (1 + noise * (2 * random() - 1));
      rates = noteJointWindow(rates, { workerIds, rate: measured, workClass, atMs });
    }
  }
  return rates;
}

const alone: Stretch = { workerIds: ["wasm-1", "wasm-2"], rate: 0.11 };
const beside: Stretch = { workerIds: ["webgl-1", "wasm-1", "wasm-2"], rate: 0.067 };

it("says of a worker that joins what the total is without it and with it", () => {
  const found = watch([alone, beside]).effects.get("webgl-1")!;
  expect(found.verdict).toBe("costs");
  expect(found.rateWithout).toBeCloseTo(0.11, 9);
  expect(found.rateWith).toBeCloseTo(0.067, 9);
});

it("says the same of one that leaves, and that it brings something where it does", () => {
  expect(watch([beside, alone]).effects.get("webgl-1")).toEqual(watch([alone, beside]).effects.get("webgl-1"));
  const quick = { ...beside, rate: 0.4 };
  expect(watch([alone, quick]).effects.get("webgl-1")?.verdict).toBe("brings");
});

it("seldom says of a worker that changes nothing that it costs, however much the windows vary", () => {
  for (const noise of [0.02, 0.1, 0.2, 0.3]) {
    const verdicts = Array.from(
      { length: 1_000 },
      (_, seed) => watch([alone, { ...beside, rate: alone.rate }], noise, seed).effects.get("webgl-1")!.verdict,
    );
    expect(verdicts.filter((verdict) => verdict === "costs").length).toBeLessThan(10);
  }
});

it("notices a loss of two fifths where windows vary by 15 %", () => {
  const seeds = Array.from({ length: 200 }, (_, seed) => seed);
  const found = seeds.filter((seed) => watch([alone, beside], 0.15, seed).effects.get("webgl-1")!.verdict === "costs");
  expect(found.length).toBeGreaterThan(195);
});

it("compares what is next to the change alone: a slowdown long before or after is not the worker's doing", () => {
  const slower = { ...alone, rate: 0.05 };
  const both = { ...beside, rate: 0.05 };
  expect(watch([alone, slower, both]).effects.get("webgl-1")!.verdict).toBe("unclear");
  const slowedLater = { ...beside, rate: 0.01 };
  expect(watch([alone, { ...beside, rate: 0.11 }, slowedLater]).effects.get("webgl-1")!.verdict).toBe("unclear");
});

it("says nothing where it can't know", () => {
  const nothing = (stretches: readonly Stretch[]) => expect([...watch(stretches).effects]).toEqual([]);
  nothing([beside]);
  nothing([{ ...alone, count: 2 }, beside]);
  nothing([alone, { ...beside, count: 2 }]);
  nothing([alone, { ...beside, workClass: "other items" }]);
  nothing([alone, { ...beside, pauseMs: 120_000 }]);
  // Two at once.
  nothing([{ workerIds: ["wasm-1"], rate: 0.06 }, beside]);
  nothing([alone, { workerIds: ["wasm-1", "webgl-1"], rate: 0.05 }]);
});
