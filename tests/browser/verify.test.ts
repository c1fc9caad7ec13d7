// Real workers that give wrong numbers in silence, through the fault port.
import { afterAll, beforeAll, expect, it } from "vitest";
import { openHarness, type OpenPage } from "../harness/launch.js";

let opened: OpenPage;
beforeAll(async () => {
  opened = await openHarness();
});
afterAll(async () => {
  await opened.close();
});

it.each([
  { what: "WASM with verify", workers: ["wasm", "wasm"], verify: 0.1, split: "batch", count: 300, fromShard: 4 },
  {
    what: "WebGL without verify, from its second shard on",
    workers: ["webgl", "wasm"],
    verify: 0,
    split: "batch",
    count: 40,
    fromShard: 2,
  },
  {
    what: "WebGPU beside WebGL alone",
    workers: ["webgpu", "webgl"],
    verify: 0,
    split: "batch",
    count: 40,
    fromShard: 2,
  },
  {
    what: "WASM with verify, by layers",
    workers: ["wasm", "wasm"],
    verify: 0.2,
    split: "layers",
    count: 200,
    fromShard: 3,
  },
] as const)("$what: a worker that is wrong by 1 % is quarantined, and the result is right", async (given) => {
  const result = await opened.page.evaluate(async ({ workers, verify, split, count, fromShard }) => {
    const { createSharder, randomNet, float32, runWhole, difference, corrupt } = harness;
    const model = randomNet({ seed: 1, size: 16, depth: 3, width: 8 });
    const items = float32([count, 16, 16, 3]);
    const [whole] = await runWhole("wasm", model, [items]);
    const specs = workers.map((backend) => ({ backend }));
    const sharder = await createSharder({ model, workers: specs, verify, split, policy: "equal", quantumMs: 20 });
    const wrong = sharder.workers[0]!.id;
    await corrupt(wrong, 0.01, fromShard);
    const found: string[] = [];
    sharder.addEventListener("fault", ({ detail }) => {
      if (detail.cause === "wrong-output" && detail.recoverMs === undefined) found.push(detail.workerId ?? "");
    });
    const { features } = await sharder.predict(items);
    const { verification } = sharder;
    const isRightOne = found.length === 1 && found[0] === wrong;
    const state = sharder.workers[0]!.state;
    await sharder.dispose();
    if (features === undefined || features.dtype === "ragged") throw new Error("expected one tensor");
    return { gap: difference(features, whole!), isRightOne, state, verification };
  }, given);
  expect(result.gap).toBeLessThanOrEqual(1e-4);
  expect(result).toMatchObject({ isRightOne: true, state: "quarantined" });
  expect(result.verification.wrongCount).toBe(1);
});

it("GPUs that are right stay, and what checking them costs is little", async () => {
  const result = await opened.page.evaluate(async () => {
    const { createSharder, randomNet, float32 } = harness;
    const sharder = await createSharder({
      model: randomNet({ seed: 1, size: 16, depth: 3, width: 8 }),
      workers: [{ backend: "webgl" }, { backend: "webgpu" }],
      quantumMs: 50,
    });
    const causes: string[] = [];
    sharder.addEventListener("fault", ({ detail }) => causes.push(detail.cause));
    await sharder.predict(float32([40, 16, 16, 3]));
    const { checkedItemCount, workers } = sharder.verification;
    // One may still be on a shard that another has finished first.
    const states = sharder.workers.map(({ state }) => (state === "busy" ? "ready" : state));
    await sharder.dispose();
    return { causes, states, checkedItemCount, verified: Object.values(workers) };
  });
  expect(result).toMatchObject({ causes: [], states: ["ready", "ready"], verified: ["verified", "verified"] });
  expect(result.checkedItemCount).toBeLessThan(40);
});
