// By layers: the worker whose stage gives wrong numbers is found out, and nothing that passed it leaves.
import { describe, expect, it } from "vitest";
import type { FaultDetail } from "../../../../src/sharder/events.js";
import { added } from "../../../fixtures/adding-sharder.js";
import { startCheckedLayers } from "../../../fixtures/checked-layers.js";
import { batch } from "../../../fixtures/negating-sharder.js";

const wrongOnes = (faults: readonly FaultDetail[]) =>
  faults.filter(({ action, recoverMs }) => action === "quarantined" && recoverMs === undefined);

describe("a stage that is wrong by 1 % from some call on", () => {
  it("is found out with verify, whichever it is", async () => {
    for (let seed = 0; seed < 2; seed++) {
      const [wrong, from] = [1 + seed, 1 + 4 * seed];
      const { sharder, faults, names } = await startCheckedLayers({
        layerCount: 6,
        backends: ["wasm", "wasm", "wasm"],
        options: { verify: 0.2, quantumMs: 20 },
        lie: ({ index, callCount }) => (index === wrong && callCount >= from ? { factor: 1.01 } : undefined),
      });
      expect({ seed, out: Object.values(await sharder.predict(batch(30, 1))) }).toEqual({
        seed,
        out: [added(30, 6, 1)],
      });
      expect({ seed, ids: wrongOnes(faults).map(({ workerId }) => workerId) }).toEqual({ seed, ids: [names[wrong]] });
      expect(sharder.workers[wrong]!.state).toBe("quarantined");
      await sharder.dispose();
    }
  });

  it("is found out without verify if it is a GPU's, and the others are not checked", async () => {
    const { sharder, faults, names } = await startCheckedLayers({
      layerCount: 4,
      backends: ["webgpu", "wasm"],
      lie: ({ index, callCount }) => (index === 0 && callCount > 3 ? { factor: 1.01 } : undefined),
    });
    expect(Object.values(await sharder.predict(batch(40, 1)))).toEqual([added(40, 4, 1)]);
    expect(wrongOnes(faults).map(({ workerId }) => workerId)).toEqual([names[0]]);
    expect(sharder.verification.workers[names[1]!]).toBe("unchecked");
  });

  it("in a stream costs no item, and none comes twice", async () => {
    const { sharder, faults } = await startCheckedLayers({
      layerCount: 4,
      backends: ["webgpu", "wasm"],
      lie: ({ index, callCount }) => (index === 0 && callCount > 1 ? { factor: 1.01 } : undefined),
    });
    const source = Array.from({ length: 40 }, (_, item) => batch(1, 1 + item));
    let next = 0;
    for await (const { firstItem, itemCount, outputs } of sharder.stream(source)) {
      expect(firstItem).toBe(next);
      expect(Object.values(outputs)).toEqual([added(itemCount, 4, 1 + firstItem)]);
      next += itemCount;
    }
    expect(next).toBe(40);
    expect(wrongOnes(faults)).toHaveLength(1);
  });
});

it("a stage that is right costs no worker, and its results come while the pipeline runs", async () => {
  const { sharder, faults, names } = await startCheckedLayers({
    layerCount: 4,
    backends: ["webgpu", "wasm"],
    options: { verify: 0.2 },
  });
  const done: number[] = [];
  const onProgress = ({ completedItemCount }: { completedItemCount: number }): void =>
    void done.push(completedItemCount);
  expect(Object.values(await sharder.predict(batch(80, 1), { onProgress }))).toEqual([added(80, 4, 1)]);
  expect(faults).toEqual([]);
  expect(new Set(done).size).toBeGreaterThan(3);
  expect(sharder.verification.workers).toEqual({ [names[0]!]: "verified", [names[1]!]: "verified" });
  expect(sharder.workers).toHaveLength(2);
});

it("the spare that checks stages holds no more weights than a worker may", async () => {
  const maxWorkerBytes = 24;
  const { sharder, faults, workers } = await startCheckedLayers({
    layerCount: 6,
    backends: ["wasm", "wasm", "wasm"],
    options: { verify: 1, quantumMs: 20, maxWorkerBytes },
  });
  expect(Object.values(await sharder.predict(batch(12, 1)))).toEqual([added(12, 6, 1)]);
  expect(faults).toEqual([]);
  const spares = workers.slice(3);
  expect(spares.length).toBeGreaterThan(0);
  for (const { mostBytes } of workers) expect(mostBytes).toBeLessThanOrEqual(maxWorkerBytes);
  expect(Object.values(sharder.verification.workers)).toEqual(["verified", "verified", "verified"]);
});
