// Which of several jobs goes first, on real queues in front of a real engine.
import { expect, it } from "vitest";
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

/** Attempts by the hundred in which their items are numbered, in the order in which the engine ran them. */
async function setUp() {
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
            return loaded.run(inputs);
          },
        };
      },
    };
  });
  const sharder = await startEngine(model, { quantumMs: 1 }, openWorker);
  const hold = (): void => {
    held = new Promise((resolve) => (release = resolve));
  };
  return { sharder, ran, hold, release: () => (held = release() as undefined) };
}

it("a job of higher priority takes the next shard, and leaves what runs alone", async () => {
  const { sharder, ran, hold, release } = await setUp();
  hold();
  const low = sharder.predict(batch(20, 100));
  await turns();
  expect(ran).toEqual([1]);
  const high = sharder.predict(batch(4, 200), { priority: 1 });
  await turns();
  release();
  await high;
  // The shard that ran, then all of the urgent job; of the other no more than slipped in between two of its shards.
  expect(ran[1]).toBe(2);
  const lastHigh = ran.lastIndexOf(2);
  expect(ran.slice(0, lastHigh + 1).filter((job) => job === 1).length).toBeLessThanOrEqual(2);
  await low;
  expect(new Set(ran)).toEqual(new Set([1, 2]));
});

it("jobs of the same priority take turns as they come", async () => {
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

it("a stream has a priority, too; what is none is refused", async () => {
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
