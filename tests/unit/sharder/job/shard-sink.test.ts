// Sinks for finished items, and items that are finished before a job starts.
import { afterEach, describe, expect, it } from "vitest";
import { inspectModel } from "../../../../src/model/inspect-model.js";
import { WorkerPool } from "../../../../src/pool/worker-pool.js";
import { BatchSplit } from "../../../../src/sharder/batch/batch-split.js";
import { FaultReports } from "../../../../src/sharder/fault-reports.js";
import { prepareInputs } from "../../../../src/sharder/inputs/prepare-inputs.js";
import type { FinishedShard, ShardSink } from "../../../../src/sharder/job/shard-sink.js";
import { KnownModel } from "../../../../src/sharder/known-model.js";
import { NO_MEMORY } from "../../../../src/sharder/memory/model-memory.js";
import { Verifier } from "../../../../src/sharder/verify/verifier.js";
import { addingModel } from "../../../fixtures/adding-sharder.js";
import { openCpuWorker } from "../../../fixtures/engine-sharder.js";
import { batch as batchOf, turns } from "../../../fixtures/negating-sharder.js";

const pools: WorkerPool[] = [];
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
});

/** A job that is split by batch, with a model that adds 1, on two workers with the real engine. */
async function startJob(sink: ShardSink, workerCount = 2) {
  const model = new KnownModel(inspectModel(addingModel(1), true));
  const pool = new WorkerPool({ open: openCpuWorker });
  pools.push(pool);
  const { wire, batch } = model.inspected;
  const options = { quantumMs: 1 };
  const faults = new FaultReports(() => {});
  const split = new BatchSplit({
    wire,
    batch,
    onMode: () => {},
    isNamed: true,
    pool,
    gaps: model.gaps,
    emit: () => {},
    faults,
    verifier: new Verifier({ pool, faults, fraction: 0, isRandom: false }),
    memory: NO_MEMORY,
    options,
  });
  pool.admit = (worker) => split.admit(worker);
  for (let i = 0; i < workerCount; i++) await pool.enter(await pool.start({ backend: "cpu" }));
  const job = split.createJob({ sink, priority: 0 });
  const prepare = (count: number, first = 0) => prepareInputs(model.info, batchOf(count, first));
  return { job, prepare };
}

class Collector implements ShardSink {
  readonly items: number[] = [];
  accept({ firstItem, itemCount, outputs }: FinishedShard): void {
    const [output] = Object.values(outputs);
    if (output?.kind !== "dense") throw new Error("expected rows");
    for (let row = 0; row < itemCount; row++) {
      expect(output.tensor.data[2 * row]).toBe(firstItem + row + 1);
      this.items.push(firstItem + row);
    }
  }
}

describe("a sink", () => {
  it("gets every item once, and none of those that are finished already", async () => {
    const sink = new Collector();
    const { job, prepare } = await startJob(sink);
    job.addItems(prepare(30), [
      { firstItem: 0, itemCount: 4 },
      { firstItem: 10, itemCount: 7 },
    ]);
    job.addItems(prepare(10, 30), [{ firstItem: 39, itemCount: 1 }]);
    job.endSource();
    await job.done;
    const finished = [0, 1, 2, 3, 10, 11, 12, 13, 14, 15, 16, 39];
    const expected = Array.from({ length: 40 }, (_, item) => item).filter((item) => !finished.includes(item));
    expect(sink.items.toSorted((a, b) => a - b)).toEqual(expected);
  });

  it("may have every item already: then nothing runs, and no worker is needed", async () => {
    const sink = new Collector();
    const { job, prepare } = await startJob(sink, 1);
    job.addItems(prepare(5), [{ firstItem: 0, itemCount: 5 }]);
    job.endSource();
    await job.done;
    expect(sink.items).toEqual([]);
  });

  it("that takes its time delays the end of the job, and nothing else", async () => {
    const open: (() => void)[] = [];
    const { job, prepare } = await startJob({
      accept: () => new Promise<void>((resolve) => open.push(resolve)),
    });
    job.addItems(prepare(6));
    job.endSource();
    let isDone = false;
    void job.done.then(() => (isDone = true));
    await turns(200);
    expect(isDone).toBe(false);
    expect(open.length).toBeGreaterThan(1);
    for (const resolve of open.splice(0)) resolve();
    await job.done;
    expect(isDone).toBe(true);
  });

  it.each(["throws", "rejects"])("that %s ends the job with that error", async (how) => {
    const full = new Error("disk full");
    const { job, prepare } = await startJob({
      accept: () => {
        if (how === "throws") throw full;
        return Promise.reject(full);
      },
    });
    job.addItems(prepare(6));
    job.endSource();
    await expect(job.done).rejects.toBe(full);
  });
});
