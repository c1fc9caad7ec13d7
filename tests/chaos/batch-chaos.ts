// Whatever happens to the workers of a split by batch, whenever: each job settles, and each item comes once and right.
import { expect } from "vitest";
import { seededRandom } from "../../src/core/random.js";
import type { ShardOutput } from "../../src/protocol/outputs.js";
import type { Tensor } from "../../src/protocol/tensors.js";
import { batch, negate, negated, start, turns } from "../fixtures/negating-sharder.js";
import type { Run } from "../fixtures/scripted-workers.js";
import { ChaosRun } from "./chaos-run.js";

/** One seeded case. Throws where an item was lost, came twice or came wrong, or where something never settled. */
export async function runBatchCase(seed: number): Promise<string[]> {
  const random = seededRandom(seed);
  const upTo = (count: number): number => Math.floor(random() * count);
  const restarts = random() < 0.6;
  const failureRate = random() < 0.4 ? 0.03 : 0;
  const rowlessRate = random() < 0.3 ? 0.05 : 0;
  let isOver = false;
  const run: Run = async (request, worker) => {
    await turns(upTo(4));
    if (!isOver && random() < 0.02) {
      worker.crash(`seed ${seed}`);
      return new Promise(() => {});
    }
    // A GPU short of memory fails a batch that its items alone survive.
    if (!isOver && request.itemCount > 1 && random() < failureRate) throw new Error("a passing failure");
    const outputs = await negate(request, worker);
    const isRowless = !isOver && request.mode === "batched" && request.itemCount > 1 && random() < rowlessRate;
    return isRowless ? { y: withoutRows(outputs.y!) } : outputs;
  };
  const { sharder, workers } = await start(run, 1 + upTo(4), {
    restartDelayMs: ({ restarts: count }) => (restarts && count < 3 ? upTo(4) : undefined),
  });
  const live = () => workers.filter(({ isTerminated }) => !isTerminated);
  // A listener that ends workers in the middle of whatever is reported.
  const killRate = random() < 0.3 ? 0.01 : 0;
  const killSometimes = (): void => {
    if (!isOver && random() < killRate) live()[upTo(live().length)]?.crash(`seed ${seed}, by a listener`);
  };
  sharder.addEventListener("attempt", killSometimes);
  sharder.addEventListener("worker", killSometimes);
  const work = async (signal: AbortSignal): Promise<string> => {
    const [count, first] = [1 + upTo(150), upTo(1000)];
    const options = { signal, priority: upTo(3) - 1 };
    if (random() < 0.5) {
      expect(await sharder.predict(batch(count, first), options)).toEqual({ y: negated(count, first) });
      return "done";
    }
    const order = random() < 0.5 ? "input" : "completion";
    const times = new Map<number, number>();
    const source = (function* () {
      for (let item = 0; item < count; item++) yield batch(1, first + item);
    })();
    for await (const { firstItem, itemCount, outputs } of sharder.stream(source, { ...options, order })) {
      expect(outputs).toEqual({ y: negated(itemCount, first + firstItem) });
      for (let item = firstItem; item < firstItem + itemCount; item++) times.set(item, (times.get(item) ?? 0) + 1);
    }
    expect([times.size, ...new Set(times.values())]).toEqual([count, 1]);
    return "done";
  };
  const chaos = new ChaosRun({ seed, sharder, upTo, work });
  const outcomes = await chaos.act({
    job: chaos.startJob,
    crash: () => live()[upTo(live().length)]?.crash(`seed ${seed}`),
    garble: () => live()[upTo(live().length)]?.channel.garble(),
    add: () => chaos.call(sharder.addWorker({ backend: "wasm" })),
    remove: () => {
      const { workers: present } = sharder;
      const worker = present[upTo(present.length)];
      if (worker !== undefined) chaos.call(sharder.removeWorker(worker.id));
    },
    pause: chaos.pause,
    abort: chaos.abort,
  });
  // What is left serves the next job.
  isOver = true;
  sharder.resume();
  await sharder.addWorker({ backend: "wasm" });
  expect(await sharder.predict(batch(9))).toEqual({ y: negated(9) });
  await sharder.dispose();
  expect({ seed, live: live().length }).toEqual({ seed, live: 0 });
  return outcomes;
}

/** What a job of such a case may end with. */
export const BATCH_OUTCOMES = ["done", "aborted", "no-workers", "model-failed"];

function withoutRows(output: ShardOutput): ShardOutput {
  if (output.kind !== "dense") throw new Error("expected rows");
  const { shape, data } = output.tensor as Tensor & { data: Float32Array };
  return { kind: "dense", tensor: { dtype: "float32", shape: [1, shape[0]! * shape[1]!], data }, itemShape: [1] };
}
