// Whatever happens to the workers of a split by batch, whenever: each job settles, and each item comes once and right.
import { expect } from "vitest";
import { ShardError } from "../../src/core/errors.js";
import { seededRandom } from "../../src/core/random.js";
import type { ShardOutput } from "../../src/protocol/outputs.js";
import type { Tensor } from "../../src/protocol/tensors.js";
import { batch, negate, negated, start, turns } from "../fixtures/negating-sharder.js";
import type { Run } from "../fixtures/scripted-workers.js";

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
  const steps: string[] = [];
  const pending: Promise<unknown>[] = [];
  const controllers: AbortController[] = [];
  const jobs: Promise<string>[] = [];
  const startJob = (): void => {
    const [count, first] = [1 + upTo(150), upTo(1000)];
    const controller = new AbortController();
    controllers.push(controller);
    const options = { signal: controller.signal, priority: upTo(3) - 1 };
    const work = async (): Promise<string> => {
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
    jobs.push(
      work().catch((error: unknown) => {
        // A result that is wrong ends the test.
        if (error instanceof ShardError) return error.code;
        throw error;
      }),
    );
  };
  const actions: Record<string, () => void> = {
    job: startJob,
    crash: () => live()[upTo(live().length)]?.crash(`seed ${seed}`),
    garble: () => live()[upTo(live().length)]?.channel.garble(),
    add: () => void pending.push(sharder.addWorker({ backend: "wasm" }).catch(() => {})),
    remove: () => {
      const { workers: present } = sharder;
      const worker = present[upTo(present.length)];
      if (worker !== undefined) pending.push(sharder.removeWorker(worker.id).catch(() => {}));
    },
    pause: () => {
      sharder.pause();
      pending.push(turns(upTo(60)).then(() => sharder.resume()));
    },
    abort: () => controllers[upTo(controllers.length)]?.abort(),
  };
  const names = Object.keys(actions);
  startJob();
  for (let step = 0; step < 14; step++) {
    const name = names[upTo(names.length)]!;
    steps.push(name);
    actions[name]!();
    await turns(upTo(40));
  }
  const settled = async <T>(what: string, all: Promise<T[]>): Promise<T[]> => {
    const late = new Promise((resolve) => setTimeout(resolve, 8_000)).then(() => {
      const states = sharder.workers.map(({ id, state }) => `${id} ${state}`);
      throw new Error(`seed ${seed}: ${what} not settled after ${steps.join(" ")}; ${states.join(", ")}`);
    });
    return Promise.race([all, late]);
  };
  const outcomes = await settled("jobs", Promise.all(jobs));
  await settled("calls", Promise.all(pending));
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
