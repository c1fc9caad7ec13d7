// Splitting by layers when workers come, go and fail at an awkward moment.
import { describe, expect, it } from "vitest";
import { openWebWorker } from "../../../../src/pool/open-web-worker.js";
import { added, startLayers } from "../../../fixtures/adding-sharder.js";
import { rejected } from "../../../fixtures/caught.js";
import { batch, turns } from "../../../fixtures/negating-sharder.js";
import { rowsOf } from "../../../fixtures/staged-workers.js";

/** Fail if a promise is still pending after many turns of the event loop. */
const soon = async <T>(promise: Promise<T>): Promise<T> => {
  const late = turns(500).then(() => Promise.reject(new Error("still not settled")));
  return Promise.race([promise, late]);
};

function gate() {
  let open: () => void = () => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open, opened };
}

describe("removing a worker", () => {
  it("from a paused sharder does not wait for the end of the pause", async () => {
    const { sharder } = await startLayers(6, { workerCount: 3 }, { cuts: [2, 4], quantumMs: 1 });
    const done = sharder.predict(batch(60), {
      onProgress: ({ completedItemCount }) => completedItemCount === 3 && sharder.pause(),
    });
    await turns(100);
    await soon(sharder.removeWorker(sharder.workers[1]!.id));
    expect(sharder.workers).toHaveLength(2);
    sharder.resume();
    expect(Object.values(await done)).toEqual([added(60, 6)]);
  });

  it("that is the last one keeps it for the running jobs, and for no others", async () => {
    const { sharder } = await startLayers(4, { workerCount: 1 }, { quantumMs: 1 });
    await sharder.predict(batch(2));
    const endless = sharder.stream(
      (function* () {
        for (;;) yield batch(1);
      })(),
    );
    await endless.next();
    const removed = sharder.removeWorker(sharder.workers[0]!.id);
    await turns(20);
    await rejected("no-workers", sharder.predict(batch(2)), "addWorker");
    expect((await endless.next()).value).toMatchObject({ itemCount: 1 });
    await endless.return();
    await soon(removed);
    expect(sharder.workers).toEqual([]);
  });
});

describe("the plan", () => {
  it("shows how many micro-batches wait for each stage", async () => {
    const { open, opened } = gate();
    let isBlocking = false;
    const { sharder, workers } = await startLayers(
      4,
      {
        before: async (call, worker) => {
          if (isBlocking && call.kind === "run" && worker === workers[1]) await opened;
        },
      },
      { cuts: [2], quantumMs: 1 },
    );
    const depths = (): number[] => {
      const { plan } = sharder;
      return plan.split === "layers" ? plan.stages.map(({ queueDepth }) => queueDepth) : [];
    };
    await sharder.predict(batch(4));
    expect(depths()).toEqual([0, 0]);
    isBlocking = true;
    const done = sharder.predict(batch(60));
    await turns(200);
    // The second stage is on one, and the first goes on until its queue is full.
    const open2 = sharder.workers[1]!.underWay.length;
    expect(depths()[1]).toBeGreaterThan(0);
    expect(depths()[1]).toBeGreaterThanOrEqual(open2 - 1);
    open();
    expect(Object.values(await done)).toEqual([added(60, 4)]);
    expect(depths()).toEqual([0, 0]);
  });
});

describe("trying a batch out", () => {
  it("keeps workers that are being removed until it is done", async () => {
    let removed: Promise<unknown> | undefined;
    let isThere: boolean | undefined;
    const { sharder, workers } = await startLayers(
      4,
      {
        workerCount: 4,
        before: async (call, worker) => {
          if (call.kind !== "run" || worker !== workers[0] || removed !== undefined) return;
          removed = Promise.all(workers.slice(0, 2).map(({ name }) => sharder.removeWorker(name)));
          await turns(60);
          isThere = !workers[1]!.isTerminated;
        },
      },
      { cuts: [2] },
    );
    expect(Object.values(await sharder.predict(batch(20)))).toEqual([added(20, 4)]);
    expect(isThere).toBe(true);
    await soon(removed!);
    expect(workers[1]!.isTerminated).toBe(true);
  });

  it("survives the loss of the next stage's worker", async () => {
    let isLost = false;
    const { sharder, workers } = await startLayers(
      4,
      {
        workerCount: 3,
        before: async (call, worker) => {
          if (call.kind !== "run" || isLost || worker !== workers[0]) return;
          isLost = true;
          workers[1]!.crash();
          await turns(5);
        },
      },
      { cuts: [2] },
    );
    expect(Object.values(await sharder.predict(batch(10)))).toEqual([added(10, 4)]);
    expect(isLost).toBe(true);
  });

  it("gives the right answer despite a re-cut meanwhile", async () => {
    let recut: Promise<void> | undefined;
    let mostRows = 0;
    const { sharder } = await startLayers(
      4,
      {
        before: async (call, worker) => {
          mostRows = Math.max(mostRows, rowsOf(call));
          if (call.kind !== "run" || recut !== undefined || worker === undefined) return;
          recut = sharder.recut([1]);
          await turns(30);
        },
      },
      { cuts: [2] },
    );
    expect(Object.values(await sharder.predict(batch(200)))).toEqual([added(200, 4)]);
    await recut;
    // More than the two items of the probe, so batches are run.
    expect(mostRows).toBeGreaterThan(2);
  });

  it("is repeated after a batch has failed once, since that may have been a passing failure", async () => {
    let isBad = false;
    let mostRows = 0;
    const { sharder } = await startLayers(4, {
      before: (call) => {
        mostRows = Math.max(mostRows, rowsOf(call));
        if (!isBad || rowsOf(call) < 2) return;
        isBad = false;
        throw new Error("out of memory for now");
      },
    });
    await sharder.predict(batch(100));
    isBad = true;
    expect(Object.values(await sharder.predict(batch(100)))).toEqual([added(100, 4)]);
    expect(isBad).toBe(false);
    mostRows = 0;
    expect(Object.values(await sharder.predict(batch(100)))).toEqual([added(100, 4)]);
    expect(mostRows).toBeGreaterThan(2);
  });
});

it("a job reports that no workers are left if all are lost while layers are measured", async () => {
  const { sharder, workers } = await startLayers(4, {
    before: (call) => {
      if (call.kind === "trace") for (const worker of workers) worker.crash();
    },
  });
  await rejected("no-workers", sharder.predict(batch(4)), "addWorker", "crashed");
});

it("a stage that is loaded for a job is unloaded again if the job ends meanwhile", async () => {
  const running = gate();
  const loading = gate();
  let armed: "runs" | "loads" | undefined;
  const { sharder, workers } = await startLayers(
    6,
    {
      workerCount: 3,
      before: async (call, worker) => {
        // Keep what is under way on the old stages there.
        if (call.kind === "run" && armed === "runs" && worker === workers[0]) await running.opened;
        if (call.kind === "load" && armed === "loads") await loading.opened;
      },
    },
    { cuts: [3], quantumMs: 1 },
  );
  await sharder.predict(batch(2));
  const controller = new AbortController();
  armed = "runs";
  const job = rejected("aborted", sharder.predict(batch(50), { signal: controller.signal }));
  await turns(20);
  const recut = sharder.recut([2, 4]);
  await turns(20);
  running.open();
  await recut;
  armed = "loads";
  workers[1]!.crash();
  await turns(20);
  controller.abort();
  await job;
  loading.open();
  await turns(50);
  armed = undefined;
  await sharder.predict(batch(2));
  await turns(50);
  const stageCount = sharder.plan.split === "layers" ? sharder.plan.stages.length : 0;
  const live = workers.filter(({ isTerminated }) => !isTerminated);
  expect(live.reduce((total, { held }) => total + held.size, 0)).toBe(stageCount);
});

it("no worker ever exceeds its limit, whatever is re-cut and lost while a job runs", async () => {
  const { sharder, workers } = await startLayers(
    6,
    { workerCount: 3, startsTogether: true },
    { maxWorkerBytes: 24, quantumMs: 1 },
  );
  const steps: (() => void)[] = [
    () => void sharder.recut([3]),
    () => void sharder.recut(),
    () => workers.find(({ name }) => name === sharder.workers[1]!.id)!.crash(),
    () => void sharder.addWorker({ backend: "cpu" }),
  ];
  let nextAt = 20;
  const outputs = await sharder.predict(batch(400), {
    onProgress: ({ completedItemCount }) => {
      if (completedItemCount < nextAt) return;
      nextAt += 80;
      steps.shift()?.();
    },
  });
  expect(Object.values(outputs)).toEqual([added(400, 6)]);
  expect(steps).toEqual([]);
  for (const { mostBytes } of workers.slice(0, 3)) {
    expect(mostBytes).toBeGreaterThan(0);
    expect(mostBytes).toBeLessThanOrEqual(24);
  }
});

describe("the planner's worker", () => {
  it("may be lost once", async () => {
    let isLost = false;
    const { sharder, planners } = await startLayers(4, {
      beforePlan: async (planner) => {
        if (isLost) return;
        isLost = true;
        planner.crash();
        await turns(5);
      },
    });
    expect(Object.values(await sharder.predict(batch(10)))).toEqual([added(10, 4)]);
    expect(planners.map(({ isTerminated }) => isTerminated)).toEqual([true, false]);
    await sharder.dispose();
    expect(planners.map(({ isTerminated }) => isTerminated)).toEqual([true, true]);
  });

  it("ends the job with the reason if it finds no plan, and is not asked again", async () => {
    let asked = 0;
    const { sharder } = await startLayers(4, { beforePlan: () => void asked++ }, { maxWorkerBytes: 4 });
    await rejected("model-unsupported", soon(sharder.predict(batch(1))));
    expect(asked).toBe(1);
  });

  it("fails the job with a ShardError if it can't start", async () => {
    const { sharder } = await startLayers(4, {
      openPlanner: () =>
        openWebWorker("the planner", () => {
          throw new DOMException("refused", "SecurityError");
        }),
    });
    await rejected("backend-unavailable", sharder.predict(batch(1)), "refused");
  });
});

it("a sharder that is paused measures, loads and runs nothing for a job that begins meanwhile", async () => {
  const calls: string[] = [];
  const { sharder } = await startLayers(4, { before: ({ kind }) => void calls.push(kind) });
  sharder.pause();
  const done = sharder.predict(batch(10));
  await turns(100);
  expect(calls).toEqual([]);
  sharder.resume();
  expect(Object.values(await done)).toEqual([added(10, 4)]);
  expect(new Set(calls)).toEqual(new Set(["trace", "load", "run"]));
});

it("a job waits for workers that are away, and so does one that begins meanwhile", async () => {
  const { sharder, workers } = await startLayers(4, { restartDelayMs: () => 2 }, { quantumMs: 1 });
  const first = sharder.predict(batch(60));
  await turns(20);
  for (const worker of [...workers]) worker.crash("gone");
  expect(sharder.workers.map(({ state }) => state)).toEqual(["restarting", "restarting"]);
  const second = sharder.predict(batch(10, 500));
  expect(Object.values(await first)).toEqual([added(60, 4)]);
  expect(Object.values(await second)).toEqual([added(10, 4, 500)]);
  expect(sharder.workers.map(({ restarts }) => restarts)).toEqual([1, 1]);
});
