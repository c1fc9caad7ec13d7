import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ratesOf, ratioTo, spreadOf, whyNoGain, type SpeedResult } from "../../../../src/ui/speed/speed-result.js";
import { keepSpeed, readSpeed } from "../../../../src/ui/speed/speed-store.js";
import {
  countKinds,
  formatRatio,
  speedFigures,
  speedNote,
  speedRows,
  speedSummary,
} from "../../../../src/ui/speed/speed-text.js";

const subject = (median: number, device = "wasm") => ({
  device,
  rates: { min: median, median, max: median },
  runCount: 3,
});
const result: SpeedResult = {
  measuredAt: "2026-03-01T12:00:00.000Z",
  modelName: "m",
  itemCount: 12,
  itemShape: "96 × 96 × 3",
  coreCount: 4,
  workers: ["wasm", "webgpu", "wasm"],
  all: subject(19),
  one: subject(10),
  plain: { ...subject(6), itemsPerCall: 8 },
};

describe("speeds", () => {
  it("are medians", () => {
    expect(ratesOf([3, 1, 2])).toEqual({ min: 1, median: 2, max: 3 });
    expect(ratesOf([4, 1, 2, 3]).median).toBe(2.5);
    expect(spreadOf({ min: 1, median: 2, max: 3 })).toBe(1);
    expect(ratioTo(result.all, result.one)).toBe(1.9);
    expect(ratioTo(result.all, undefined)).toBeUndefined();
  });

  it("are shown in large, with where and when", () => {
    expect(speedFigures(result)).toEqual([
      ["1.9\u00a0×", "one worker"],
      ["3.2\u00a0×", "plain TF.js"],
    ]);
    expect([formatRatio(9.96), formatRatio(23.4), formatRatio(0.5)]).toEqual(["10\u00a0×", "23\u00a0×", "0.5\u00a0×"]);
    const note = speedNote(result, ["wasm", "wasm", "webgpu"]);
    expect(note).toBe("Measured on this machine on 1 March 2026, with 2 wasm and 1 webgpu workers.");
    expect(speedNote(result, ["wasm"])).toContain("Now there is 1 wasm worker: measure again.");
    expect(speedNote(result, result.workers, "64 × 64 × 3")).toContain(
      "Its items were 96 × 96 × 3, and now they are 64 × 64 × 3: measure again.",
    );
    expect(speedNote(result, result.workers, result.itemShape)).not.toContain("measure again");
    expect(speedRows(result)[2]).toEqual(["Plain TF.js", "wasm, 8\u00a0items per call", "6.00", "6.00 to 6.00", "3"]);
    expect(countKinds(["wasm"])).toBe("1 wasm worker");
  });

  it("say so plainly where nothing was gained, and why", () => {
    const none = (change: Partial<SpeedResult>) => whyNoGain({ ...result, all: subject(10), ...change });
    expect(whyNoGain(result)).toBeUndefined();
    expect(none({ workers: ["wasm"] })).toMatch(/Only one worker/);
    expect(none({ coreCount: 1 })).toMatch(/one core/);
    expect(none({ itemCount: 5 })).toMatch(/too few items/);
    expect(none({ one: subject(10, "webgpu · A") })).toMatch(/GPU alone/);
    expect(none({ workers: ["wasm", "wasm"] })).toMatch(/4 cores/);
    expect(speedNote({ ...result, all: subject(10) }, result.workers)).toContain("no gain over one worker");
    expect(speedSummary(result, result.workers)).toBe("How it was measured");
    expect(speedSummary(result, ["wasm"])).toBe("What these figures don’t say");
    expect(speedSummary({ ...result, all: subject(10) }, result.workers)).toBe("Why there is no gain");
    const failed = { ...result, plain: undefined, plainProblem: "It can’t open it." };
    expect(speedNote(failed, result.workers)).toContain("Plain TF.js could not run this model: It can’t open it.");
  });
});

describe("the memory", () => {
  let kept: string | null;
  beforeEach(() => {
    kept = null;
    vi.stubGlobal("localStorage", { getItem: () => kept, setItem: (_: string, value: string) => (kept = value) });
  });
  afterEach(() => vi.unstubAllGlobals());

  it("keeps the latest result of each model, up to a dozen", () => {
    keepSpeed("a", result);
    keepSpeed("a", { ...result, itemCount: 13 });
    expect(readSpeed("a")?.itemCount).toBe(13);
    for (let i = 0; i < 12; i++) keepSpeed(`other ${i}`, result);
    expect([readSpeed("a"), readSpeed("other 0")]).toEqual([undefined, result]);
  });

  it("has results for items of one shape apart from those of another", () => {
    keepSpeed("a", result);
    keepSpeed("a", { ...result, itemShape: "64 × 64 × 3", all: subject(40) });
    expect(readSpeed("a", "96 × 96 × 3")).toEqual(result);
    expect(readSpeed("a", "64 × 64 × 3")?.all.rates.median).toBe(40);
    expect(readSpeed("a", "32 × 32 × 3")).toBeUndefined();
    expect(readSpeed("a")?.itemShape).toBe("64 × 64 × 3");
  });

  it.each(["", "{", "{}", "[1]", `[{"key":"a","result":{"measuredAt":1}}]`, `[{"key":"a","result":null}]`])(
    "reads nothing from %j, which somebody else wrote",
    (text) => {
      kept = text;
      expect(readSpeed("a")).toBeUndefined();
    },
  );

  it("does without where the browser allows none", () => {
    vi.stubGlobal("localStorage", undefined);
    expect(() => keepSpeed("a", result)).not.toThrow();
    expect(readSpeed("a")).toBeUndefined();
  });
});
