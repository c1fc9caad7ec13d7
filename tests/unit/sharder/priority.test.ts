// Which of several jobs runs first, on real queues in front of a real engine.
import { expect, it } from "vitest";
import type { ModelArtifacts } from "../../../src/model/artifacts.js";
import { rejected } from "../../fixtures/caught.js";
import { cpuEngine, openEngine, startEngine } from "../../fixtures/engine-sharder.js";
import { batch, turns } from "../../fixtures/negating-sharder.js";
import { dims, graph, node, placeholder, signed } from "../model/graph-json.js";

const model = {
  modelTopology: graph([placeholder("x", dims(-1, 2)), node("y", "Neg", ["x"], { T: { type: "DT_FLOAT" } })]),
  signature: { inputs: { x: signed("x:0", dims(-1, 2)) }, outputs: { y: signed("y:0", dims(-1, 2)) } },
  weightSpecs: [],
  weightData: new ArrayBuffer(0),
};

/**
 * The attempts in the order in which the engine ran them, each as the hundred in which its items are numbered.
 * @param msPerItem what an item takes at least.
 */
async function setUp(artifacts: ModelArtifacts = model, msPerItem = 0) {
  const ran: number[] = [];
  let release = (): void => {};
  let held: Promise<void> | undefined;
  const openWorker = openEngine(() => {
    const engine = cpuEngine();
    return {
      ...engine,
      load: async (wire) => {
        const loaded = await engine.load(wire);
        return {
          ...loaded,
          run: async (inputs) => {
            ran.push(Math.floor(Number(inputs.x!.data[0]) / 100));
            await held;
            if (msPerItem) await new Promise((done) => setTimeout(done, msPerItem * inputs.x!.shape[0]!));
            return loaded.run(inputs);
          },
        };
      },
    };
  });
  const sharder = await startEngine(artifacts, { quantumMs: 1 }, openWorker);
  const hold = (): void => {
    held = new Promise((resolve) => (release = resolve));
  };
  return { sharder, ran, hold, release: () => (held = release() as undefined) };
}

it("a job of higher priority gets the next shard, and does not interrupt the one that runs", async () => {
  const { sharder, ran, hold, release } = await setUp();
  hold();
  const low = sharder.predict(batch(20, 100));
  await turns();
  expect(ran).toEqual([1]);
  const high = sharder.predict(batch(4, 200), { priority: 1 });
  await turns();
  release();
  await high;
  // The shard that was running, then the whole urgent job, with at most a shard of the other job between two of its own.
  expect(ran[1]).toBe(2);
  const lastHigh = ran.lastIndexOf(2);
  expect(ran.slice(0, lastHigh + 1).filter((job) => job === 1).length).toBeLessThanOrEqual(2);
  await low;
  expect(new Set(ran)).toEqual(new Set([1, 2]));
});

it("jobs of the same priority take turns in the order of arrival", async () => {
  const { sharder, ran, hold, release } = await setUp();
  hold();
  const first = sharder.predict(batch(20, 100), { priority: 3 });
  await turns();
  const second = sharder.predict(batch(4, 200), { priority: 3 });
  await turns();
  release();
  await Promise.all([first, second]);
  expect(ran.slice(0, 4)).toEqual([1, 1, 2, 2]);
});

it("a stream has a priority, too; an invalid one is refused", async () => {
  const { sharder, ran, hold, release } = await setUp();
  hold();
  const low = sharder.predict(batch(20, 100));
  await turns();
  const stream = sharder.stream([batch(1, 200)], { priority: 1 });
  const shard = stream.next();
  await turns();
  release();
  expect((await shard).value).toMatchObject({ firstItem: 0, itemCount: 1 });
  expect(ran.slice(0, 2)).toEqual([1, 2]);
  await low;
  await rejected("invalid-options", sharder.predict(batch(1), { priority: NaN }), '"priority"', "NaN");
  await rejected("invalid-options", sharder.predict(batch(1), { priority: "high" as never }), '"priority"', "string");
  await rejected("invalid-options", sharder.stream([], { priority: Infinity }).next(), '"priority"', "Infinity");
});

it("a job that has to try a batch out first need not wait for jobs of lower priority", async () => {
  // The graph says nothing of what it does with a batch, so every width of the items is tried out.
  const sizes = [node("shape", "Shape", ["x"]), node("sizes", "Maximum", ["shape", "shape"])];
  const nodes = [placeholder("x", dims(-1, -1)), ...sizes, node("y", "Reshape", ["x", "sizes"])];
  const undeclared = { ...model, modelTopology: graph(nodes) };
  // However fast the machine, the job below is far from its end when the other one comes.
  const { sharder } = await setUp({ ...undeclared, signature: undefined }, 1);
  await sharder.predict(batch(4, 100));
  const ended: string[] = [];
  const low = sharder.predict(batch(400, 100), { priority: 1 }).then(() => ended.push("low"));
  await turns(5);
  const wide = { dtype: "float32", shape: [4, 3], data: new Float32Array(12).fill(200) } as const;
  const high = sharder.predict(wide, { priority: 5 }).then(() => ended.push("high"));
  await Promise.all([low, high]);
  expect(ended).toEqual(["high", "low"]);
});
