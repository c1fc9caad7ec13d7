// One of several workers is wrong by 1 % from a random shard on: with `verify`, the result is right all the same.
import { expect } from "vitest";
import { seededRandom } from "../../src/core/random.js";
import type { BackendName } from "../../src/pool/worker-entries.js";
import { added } from "../fixtures/adding-sharder.js";
import { startCheckedLayers } from "../fixtures/checked-layers.js";
import { startChecked } from "../fixtures/checked-sharder.js";
import { batch, negated } from "../fixtures/negating-sharder.js";

/** A worker has up to two attempts under way that another one may overtake. */
const MOST_UNUSED = 2;

/** One seeded case, by batch. Throws where the result is wrong, or where the wrong worker, or another, is quarantined or not. */
export async function verifyCase(seed: number): Promise<void> {
  const random = seededRandom(seed);
  const upTo = (count: number): number => Math.floor(random() * count);
  const pick = <T>(list: readonly T[]): T => list[upTo(list.length)]!;
  const backends = Array.from({ length: 1 + upTo(3) }, () => pick(["wasm", "wasm", "cpu", "webgpu", "webgl"] as const));
  const [wrong, from] = [upTo(backends.length), 1 + upTo(12)];
  const backups = ["wasm"] as const;
  let liedCount = 0;
  const { sharder, faults, names } = await startChecked({
    backends: [...backends, ...backups],
    options: { verify: pick([0.1, 0.1, 0.3, 1]), quantumMs: 20 },
    lie: ({ index, runCount }) => {
      if (index !== wrong || runCount < from) return undefined;
      liedCount++;
      return { factor: random() < 0.5 ? 1.01 : 0.99 };
    },
  });
  const [count, first] = [60 + upTo(200), 1 + upTo(100)];
  expect({ seed, ...(await sharder.predict(batch(count, first))) }).toEqual({ seed, y: negated(count, first) });
  const ids = [...new Set(faults.filter(({ cause }) => cause === "wrong-output").map(({ workerId }) => workerId))];
  expectConvicted(seed, ids, names[wrong], liedCount);
  if (ids.length > 0) expect({ seed, state: sharder.workers[wrong]!.state }).toEqual({ seed, state: "quarantined" });
  await sharder.dispose();
}

/**
 * Nobody but the worker that lied is quarantined. One whose few lies nobody used, since another worker was quicker with the same items, may
 * get away with them.
 */
function expectConvicted(
  seed: number,
  ids: readonly (string | undefined)[],
  liar: string | undefined,
  liedCount: number,
): void {
  if (ids.length === 0 && liedCount <= MOST_UNUSED) return;
  expect({ seed, ids }).toEqual({ seed, ids: liedCount === 0 ? [] : [liar] });
}

/** The same by layers. A stage whose worker is wrong moves to another one. */
export async function verifyLayersCase(seed: number): Promise<void> {
  const random = seededRandom(seed);
  const upTo = (count: number): number => Math.floor(random() * count);
  const workerCount = 2 + upTo(2);
  const backends = Array.from({ length: workerCount }, () => (random() < 0.3 ? "webgpu" : "wasm") as BackendName);
  const [wrong, from, layerCount] = [upTo(workerCount), 1 + upTo(6), workerCount + upTo(4)];
  let liedCount = 0;
  const { sharder, faults, names } = await startCheckedLayers({
    layerCount,
    backends: [...backends, "wasm"],
    options: { verify: random() < 0.5 ? 0.1 : 0.4, quantumMs: 20 },
    lie: ({ index, callCount }) => {
      if (index !== wrong || callCount < from) return undefined;
      liedCount++;
      return { factor: 1.01 };
    },
  });
  const [count, first] = [20 + upTo(60), 1 + upTo(100)];
  const outputs = Object.values(await sharder.predict(batch(count, first)));
  expect({ seed, outputs }).toEqual({ seed, outputs: [added(count, layerCount, first)] });
  const ids = [...new Set(faults.filter(({ cause }) => cause === "wrong-output").map(({ workerId }) => workerId))];
  expectConvicted(seed, ids, names[wrong], liedCount);
  await sharder.dispose();
}
