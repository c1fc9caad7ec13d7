// The facade, its jobs and streams against scripted workers behind real message channels; no TF.js.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Tensor } from "../../../src/protocol/tensors.js";
import type { Inputs } from "../../../src/sharder/inputs/prepare-inputs.js";
import type { StreamShard } from "../../../src/sharder/job/stream.js";
import { rejected } from "../../fixtures/caught.js";
import { batch, negate, negated, start, tensorOf, turns } from "../../fixtures/negating-sharder.js";
import { counting } from "../../fixtures/tensors.js";

async function collect(stream: AsyncIterable<StreamShard>): Promise<StreamShard[]> {
  const shards: StreamShard[] = [];
  for await (const shard of stream) shards.push(shard);
  return shards;
}

describe("predict", () => {
  it("returns every item once, in order, for any batch and number of workers", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 3 }), async (count, workerCount) => {
        const { sharder } = await start(negate, workerCount);
        expect(await sharder.predict(batch(count))).toEqual({ y: negated(count) });
        const done = await Promise.all([sharder.predict(batch(count, 5)), sharder.predict({ x: batch(1, 9) })]);
        expect(done).toEqual([{ y: negated(count, 5) }, { y: negated(1, 9) }]);
        await sharder.dispose();
      }),
      { numRuns: 25 },
    );
  });

  it("does not change the caller's buffers, including pooled ones and views", async () => {
    const { sharder } = await start(negate);
    const pool = new Float32Array(100).map((_, i) => i);
    const inputs: Tensor = { dtype: "float32", shape: [20, 2], data: pool.subarray(10, 50) };
    await sharder.predict(inputs);
    expect([pool.length, inputs.data[0], pool[99]]).toEqual([100, 10, 99]);
  });

  it("continues when a worker dies, with no item lost and none twice", async () => {
    const { sharder, workers } = await start(async (request, worker) => {
      if (worker === workers[0] && worker.runCount > 1) {
        worker.crash("out of memory");
        return new Promise(() => {});
      }
      return negate(request, worker);
    });
    const faults: string[] = [];
    sharder.addEventListener("fault", ({ detail }) => faults.push(detail.code));
    expect(await sharder.predict(batch(200))).toEqual({ y: negated(200) });
    expect(sharder.workers.map(({ state }) => state)).toEqual(["dead", "ready"]);
    expect([workers[0]!.isTerminated, faults]).toEqual([true, ["worker-lost"]]);
  });

  it("rejects if all workers are gone, before or during the job", async () => {
    const { sharder } = await start(async (_, worker) => {
      worker.crash("gone");
      return new Promise(() => {});
    });
    await rejected("no-workers", sharder.predict(batch(10)), "gone", "addWorker");
    await rejected("no-workers", sharder.predict(batch(10)));
    const none = await start(negate, 0);
    await rejected("no-workers", none.sharder.predict(batch(1)));
  });

  it("rejects with the model's error if items fail on every worker", async () => {
    const { sharder } = await start(async () => {
      throw new Error("no kernel for Neg");
    });
    const error = await rejected("model-failed", sharder.predict(batch(8)), "no kernel for Neg", "items");
    expect(error.workerId).toMatch(/^wasm-/);
  });

  it("can be aborted before and while it runs; the sharder keeps working", async () => {
    let answer = (): void => {};
    const { sharder } = await start(async (request, worker) => {
      await new Promise<void>((go) => (answer = go));
      return negate(request, worker);
    }, 1);
    const reason = new Error("why");
    expect((await rejected("aborted", sharder.predict(batch(1), { signal: AbortSignal.abort(reason) }))).cause).toBe(
      reason,
    );
    const controller = new AbortController();
    const running = sharder.predict(batch(50), { signal: controller.signal });
    await turns(5);
    controller.abort(reason);
    expect((await rejected("aborted", running)).cause).toBe(reason);
    const next = sharder.predict(batch(1, 3));
    const timer = setInterval(() => answer(), 1);
    expect(await next).toEqual({ y: negated(1, 3) });
    clearInterval(timer);
  });

  it("rejects when the sharder is disposed of, as do all later calls", async () => {
    const { sharder } = await start(() => new Promise(() => {}));
    const running = sharder.predict(batch(5));
    running.catch(() => {});
    await turns(5);
    await sharder.dispose();
    await rejected("disposed", running);
    await rejected("disposed", sharder.predict(batch(1)));
    await rejected("disposed", sharder.addWorker({ backend: "wasm" }));
    expect(() => sharder.pause()).toThrow("dispose");
    await sharder.dispose();
  });

  it("shows what each worker was given and has not answered", async () => {
    const answers: (() => void)[] = [];
    const { sharder } = await start(async (request, worker) => {
      await new Promise<void>((answer) => answers.push(answer));
      return negate(request, worker);
    });
    const ended: number[] = [];
    sharder.addEventListener("attempt", ({ detail }) => ended.push(detail.attemptId));
    const startMs = performance.now();
    const running = sharder.predict(batch(4));
    await turns(5);
    const open = sharder.workers.flatMap(({ underWay }) => underWay);
    expect(open.map(({ firstItem, itemCount }) => [firstItem, itemCount]).sort(([a], [b]) => a! - b!)).toEqual([
      [0, 1],
      [1, 1],
      [2, 1],
      [3, 1],
    ]);
    expect(new Set(open.map(({ jobId }) => jobId)).size).toBe(1);
    for (const { sentAtMs } of open) expect(sentAtMs).toBeGreaterThanOrEqual(startMs);
    const timer = setInterval(() => answers.splice(0).forEach((answer) => answer()), 1);
    await running;
    clearInterval(timer);
    expect(sharder.workers.flatMap(({ underWay }) => underWay)).toEqual([]);
    expect(new Set(ended)).toEqual(new Set(open.map(({ attemptId }) => attemptId)));
  });

  it("refuses invalid calls before anything is sent", async () => {
    const { sharder, workers } = await start(negate);
    await rejected("invalid-input", sharder.predict(counting("float32", [2, 3])), "[-1,2]");
    await rejected("invalid-input", sharder.predict(null as never));
    expect(workers.map(({ runCount }) => runCount)).toEqual([0, 0]);
  });
});

describe("stream", () => {
  it("in the order of the input is contiguous from 0, with every item correct, whatever the source yields", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 12 }),
        fc.boolean(),
        async (sizes, isAsync) => {
          const { sharder } = await start(negate);
          const total = sizes.reduce((sum, size) => sum + size, 0);
          const list = sizes.map((size, i) =>
            batch(
              size,
              sizes.slice(0, i).reduce((sum, each) => sum + each, 0),
            ),
          );
          const shards = await collect(sharder.stream(isAsync ? toAsync(list) : list));
          let next = 0;
          for (const { firstItem, itemCount, outputs } of shards) {
            expect(firstItem).toBe(next);
            expect(outputs).toEqual({ y: negated(itemCount, firstItem) });
            next += itemCount;
          }
          expect(next).toBe(total);
          await sharder.dispose();
        },
      ),
      { numRuns: 40 },
    );
  });

  it("in the order of completion is not held up by a slow shard", async () => {
    let release = (): void => {};
    const { sharder } = await start(async (request, worker) => {
      if ((tensorOf(request.inputs.x!).data as Float32Array)[0] === 0) await new Promise<void>((go) => (release = go));
      return negate(request, worker);
    });
    const seen: number[] = [];
    for await (const { firstItem, itemCount, outputs } of sharder.stream(
      [batch(1), batch(1, 1), batch(1, 2), batch(1, 3)],
      { order: "completion" },
    )) {
      expect(outputs).toEqual({ y: negated(itemCount, firstItem) });
      for (let i = 0; i < itemCount; i++) seen.push(firstItem + i);
      if (seen.length > 0 && !seen.includes(0)) release();
    }
    expect(seen.at(0)).not.toBe(0);
    expect(seen.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3]);
  });

  it("pulls its source no faster than the results are consumed", async () => {
    const { sharder } = await start(negate);
    let pulled = 0;
    const stream = sharder.stream(
      (function* () {
        for (;;) yield batch(4, 4 * pulled++);
      })(),
    );
    await stream.next();
    await turns(300);
    const whileWaiting = pulled;
    expect(whileWaiting).toBeLessThan(64);
    await turns(300);
    expect(pulled).toBe(whileWaiting);
    for (let i = 0; i < 50; i++) await stream.next();
    await turns(300);
    expect(pulled).toBeGreaterThan(whileWaiting);
    await stream.return();
  });

  it("that is ended early closes the source once and cancels the rest", async () => {
    const { sharder } = await start(negate);
    let closed = 0;
    const source = (async function* (): AsyncGenerator<Inputs> {
      try {
        for (let i = 0; ; i++) yield batch(1, i);
      } finally {
        closed++;
      }
    })();
    for await (const shard of sharder.stream(source)) {
      expect(shard.firstItem).toBe(0);
      break;
    }
    await turns();
    expect(closed).toBe(1);
    expect(await sharder.predict(batch(1))).toEqual({ y: negated(1) });
  });

  it("throws what the source throws, unchanged, and ignores a source that fails while it is closed", async () => {
    const { sharder } = await start(negate);
    const thrown = new TypeError("camera unplugged");
    const failing = (function* () {
      yield batch(1);
      throw thrown;
    })();
    await expect(collect(sharder.stream(failing))).rejects.toBe(thrown);
    for (const close of [
      () => {
        throw thrown;
      },
      () => Promise.reject(thrown),
    ]) {
      const source = { [Symbol.iterator]: () => ({ next: () => ({ done: false, value: batch(1) }), return: close }) };
      for await (const shard of sharder.stream(source as unknown as Iterable<Inputs>)) {
        expect(shard.firstItem).toBe(0);
        break;
      }
    }
  });

  it("refuses an invalid source, order or input, and leaves no job behind", async () => {
    const { sharder, workers } = await start(negate);
    for (const source of [undefined, null, 5, "text", {}, batch(1)]) {
      await rejected("invalid-input", collect(sharder.stream(source as never)), "iterable");
    }
    await rejected("invalid-options", collect(sharder.stream([batch(1)], { order: "random" as never })), '"random"');
    await rejected("aborted", collect(sharder.stream([batch(1)], { signal: AbortSignal.abort() })));
    await rejected("aborted", collect(sharder.stream([], { signal: AbortSignal.abort() })));
    await rejected("invalid-input", collect(sharder.stream([batch(2), counting("float32", [1, 3])])), "[-1,2]");
    await rejected("invalid-input", collect(sharder.stream([null as never])));
    // A job that was left behind would use the new worker.
    await turns();
    const before = workers.reduce((sum, { runCount }) => sum + runCount, 0);
    await sharder.addWorker({ backend: "wasm" });
    await turns();
    expect(workers.reduce((sum, { runCount }) => sum + runCount, 0)).toBe(before);
  });

  it("can be aborted while it waits for the source, for a worker or for the consumer", async () => {
    const { sharder } = await start(negate);
    const endless = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) };
    const sources: [AsyncIterable<Inputs> | Iterable<Inputs>, boolean][] = [
      [endless, false],
      [[batch(1), batch(1)], true],
    ];
    for (const [source, consumes] of sources) {
      const controller = new AbortController();
      const stream = sharder.stream(source, { signal: controller.signal });
      if (consumes) await stream.next();
      const next = consumes ? undefined : stream.next();
      next?.catch(() => {});
      await turns(5);
      controller.abort();
      await rejected("aborted", next ?? stream.next());
      expect(await stream.next()).toEqual({ done: true, value: undefined });
    }
    const hung = await start(() => new Promise(() => {}));
    const controller = new AbortController();
    const waiting = collect(hung.sharder.stream([batch(3)], { signal: controller.signal }));
    waiting.catch(() => {});
    await turns(5);
    controller.abort();
    await rejected("aborted", waiting);
  });

  it("reports that there are no workers", async () => {
    const { sharder } = await start(negate, 0);
    await rejected("no-workers", collect(sharder.stream([batch(1)])));
  });

  it("from an empty source is empty, with and without workers", async () => {
    for (const count of [0, 2]) expect(await collect((await start(negate, count)).sharder.stream([]))).toEqual([]);
  });
});

async function* toAsync<T>(list: readonly T[]): AsyncGenerator<T> {
  for (const each of list) {
    await new Promise((done) => setImmediate(done));
    yield each;
  }
}

describe("pause, resume, workers that come and go", () => {
  it("a paused sharder starts nothing, later jobs included", async () => {
    const { sharder, workers } = await start(negate);
    sharder.pause();
    const done = sharder.predict(batch(5));
    await turns();
    expect(workers.map(({ runCount }) => runCount)).toEqual([0, 0]);
    sharder.resume();
    expect(await done).toEqual({ y: negated(5) });
  });

  it("a worker that is removed finishes its shard; its successor joins the running job", async () => {
    let release = (): void => {};
    const gate = new Promise<void>((go) => (release = go));
    const { sharder, workers } = await start(async (request, worker) => {
      if (worker === workers[0]) await gate;
      return negate(request, worker);
    }, 1);
    const done = sharder.predict(batch(100));
    await turns(5);
    const removed = sharder.removeWorker(sharder.workers[0]!.id);
    const added = sharder.addWorker({ backend: "cpu" });
    await turns();
    release();
    await removed;
    expect(await done).toEqual({ y: negated(100) });
    expect(sharder.workers.map(({ id, state }) => [id, state])).toEqual([[await added, "ready"]]);
    await rejected("unknown-worker", sharder.removeWorker("wasm-999"), '"wasm-999"');
  });
});
