/**
 * What every worker with an engine does, with any engine and any connection to the page. No test runner is needed, so the
 * same cases run in Node and inside a page.
 */
import type { Reply } from "../../src/protocol/error-record.js";
import { tensorsOf } from "../../src/protocol/outputs.js";
import { isShared } from "../../src/protocol/share-tensor.js";
import type { CallHint, RunInput, WorkerApi } from "../../src/protocol/worker-api.js";
import { check, checkDuration, checkEqual, checkRefused, valueOf } from "./check.js";
import type { MakePlusOne } from "./plus-one.js";
import {
  KEY,
  X,
  SIDE,
  floats,
  items,
  side,
  request,
  twoItems,
  twoMore,
  checkTwoMore,
  checkOutput,
  singly,
  occupy,
  withModel,
} from "./requests.js";

export interface OpenedWorker {
  /** The worker's API as the page calls it. */
  readonly api: WorkerApi;
  /** Makes models in the format that its engine runs. */
  readonly plusOne: MakePlusOne;
  /** Must be called once, even if the case fails. */
  close(): void;
}

/** The worker that a case needs: "new" has not been started and is used by no other case; "started" may be shared. */
export type WorkerState = "new" | "started";

export interface WorkerApiCase {
  readonly title: string;
  readonly state: WorkerState;
  /** Resolves if the worker behaves as expected. @throws Error saying what it did */
  readonly run: (worker: OpenedWorker) => Promise<void>;
}

const start = { workerId: "contract" };

/** What the engine holds. What its backend has reserved may grow by itself, and is left out. */
async function tensorsIn(api: WorkerApi): Promise<{ tensorCount: number; byteCount: number }> {
  const { tensorCount, byteCount } = valueOf(await api.memory());
  return { tensorCount, byteCount };
}

const starting: readonly WorkerApiCase[] = [
  {
    title: "reports whether it holds the lock that reveals when it ends",
    state: "new",
    async run({ api }) {
      const name = `contract/${Math.random()}`;
      const isHeld = valueOf(await api.attach(name));
      const locks = globalThis.navigator?.locks as LockManager | undefined;
      const held = (await locks?.query())?.held ?? [];
      checkEqual(
        isHeld,
        held.some((lock) => lock.name === name),
        "an answer of",
      );
      check(locks === undefined || isHeld, "no lock, though there are some");
    },
  },
  {
    title: "starts once, and reports its device and kernels",
    state: "new",
    async run({ api, plusOne }) {
      const { device, kernels, wantsPowersOfTwo, isSoftware } = valueOf(await api.start(start));
      check(/\S/.test(device), `a device named "${device}"`);
      check(Array.isArray(kernels) && kernels.every((name) => typeof name === "string"), "kernels that are no names");
      checkEqual([typeof wantsPowersOfTwo, typeof isSoftware], ["boolean", "boolean"], "types");
      checkRefused(await api.start(start), "internal");
      // The worker still works after the refusal.
      valueOf(await api.load(KEY, plusOne(X)));
      checkTwoMore(await api.run(twoItems()));
    },
  },
  {
    title: "refuses work before it is started",
    state: "new",
    async run({ api, plusOne }) {
      checkRefused(await api.load(KEY, plusOne(X)), "internal");
      checkRefused(await api.run(twoItems()), "internal");
      checkRefused(await api.memory(), "internal");
      const trace = { attemptId: "early", layers: [plusOne(X)], inputs: { x: floats([1, 2], [1, 2]) }, runCount: 1 };
      checkRefused(await api.trace(trace), "internal");
      valueOf(await api.start(start));
    },
  },
  {
    title: "stops, and refuses work from then on",
    state: "new",
    async run({ api, plusOne }) {
      valueOf(await api.start(start));
      valueOf(await api.load(KEY, plusOne(X)));
      checkTwoMore(await api.run(twoItems()));
      valueOf(await api.stop());
      checkRefused(await api.run(twoItems()), "internal");
      checkRefused(await api.load(KEY, plusOne(X)), "internal");
      valueOf(await api.stop());
    },
  },
];

const running: readonly WorkerApiCase[] = [
  {
    title: "refuses work for a model that is not loaded",
    state: "started",
    async run({ api, plusOne }) {
      checkRefused(await api.run(twoItems({ modelKey: "nobody" })), "internal");
      valueOf(await api.unload("nobody"));
      valueOf(await api.load(KEY, plusOne(X)));
      valueOf(await api.unload(KEY));
      checkRefused(await api.run(twoItems()), "internal");
    },
  },
  {
    title: "holds several models, and replaces a model of the same key",
    state: "started",
    async run({ api, plusOne }) {
      valueOf(await api.load(KEY, plusOne(X)));
      valueOf(await api.load("other", plusOne(X, SIDE)));
      const three = floats([3], [7, 8, 9]);
      const both = twoItems({ modelKey: "other" });
      const { outputs } = valueOf(await api.run({ ...both, inputs: { ...both.inputs, side: side(three) } }));
      checkEqual(Object.keys(outputs).sort(), ["y", "z"], "outputs");
      checkTwoMore(await api.run(twoItems()));
      valueOf(await api.load("other", plusOne(X)));
      checkTwoMore(await api.run(twoItems({ modelKey: "other" })));
      valueOf(await api.unload("other"));
      checkTwoMore(await api.run(twoItems()));
      valueOf(await api.unload(KEY));
    },
  },
  {
    title: "computes the same result in one call and item by item",
    state: "started",
    run: withModel(async (api) => {
      checkTwoMore(await api.run(twoItems()));
      checkTwoMore(await api.run(twoItems({ mode: "item-by-item" })));
      checkTwoMore(await api.run(twoItems()));
    }),
  },
  {
    title: "computes the same result in several calls, and in calls of a size that is known from elsewhere",
    state: "started",
    run: withModel(async (api, plusOne) => {
      const run = async (itemCount: number, calls?: CallHint) => {
        const numbers = Float32Array.from({ length: 2 * itemCount }, (_, index) => index / 7);
        const x: RunInput = { kind: "dense", tensor: floats([itemCount, 2], numbers), itemShape: [1, 2] };
        return valueOf(await api.run(request(itemCount, { x }, { calls })));
      };
      const { outputs } = await run(200);
      for (let shard = 0; shard < 5; shard++) {
        checkOutput((await run(200, {})).outputs.y, outputs.y);
      }
      valueOf(await api.load(KEY, plusOne(X)));
      const inCalls = await run(10, { firstItemCount: 32 });
      checkEqual(inCalls.callItemCount, 32, "calls of");
      checkEqual((await run(200)).callItemCount, undefined, "calls of");
    }),
  },
  {
    title: "passes side inputs to every call",
    state: "started",
    run: withModel(
      async (api) => {
        const inputs = () => ({ x: items([1, 2], [3, 4]), side: side(floats([3], [7, 8, 9])) });
        const batched = valueOf(await api.run(request(2, inputs())));
        checkOutput(batched.outputs.y, twoMore);
        check(batched.outputs.z?.kind === "dense", "a side output that is not dense");
        checkEqual(batched.outputs.z.tensor.shape, [3], "a shape of");
        const single = valueOf(await api.run(request(2, inputs(), { mode: "item-by-item" })));
        checkOutput(single.outputs.y, twoMore);
        const data = [8, 9, 10, 8, 9, 10];
        checkOutput(single.outputs.z, {
          kind: "dense",
          tensor: { dtype: "float32", shape: [2, 3], data },
          itemShape: [3],
        });
      },
      [X, SIDE],
    ),
  },
  {
    title: "accepts and returns items of different shapes",
    state: "started",
    run: withModel(async (api) => {
      const ragged: RunInput = { kind: "ragged", items: [floats([1, 2], [1, 2]), floats([2, 2], [3, 4, 5, 6])] };
      const { y } = valueOf(await api.run(request(2, { x: ragged }, { mode: "item-by-item" }))).outputs;
      check(y?.kind === "ragged", "an output that is not ragged");
      checkEqual(
        y.items.map(({ shape, data }) => [shape, data]),
        [
          [
            [1, 2],
            [2, 3],
          ],
          [
            [2, 2],
            [4, 5, 6, 7],
          ],
        ],
      );
    }),
  },
  {
    title: "returns forwarded outputs in shared memory if there is any, and reads such inputs without changing them",
    state: "started",
    run: withModel(async (api) => {
      for (const mode of ["batched", "item-by-item"] as const) {
        const { y } = valueOf(await api.run(twoItems({ mode, forwardedNames: ["y"] }))).outputs;
        check(y?.kind === "dense", "an output that is not dense");
        checkEqual(tensorsOf(y).map(isShared), [typeof SharedArrayBuffer !== "undefined"], "shared");
        checkOutput(y, twoMore);
        for (let again = 0; again < 2; again++) {
          const next = valueOf(await api.run(request(2, { x: structuredClone(y) }, { mode }))).outputs;
          check(next.y?.kind === "dense" && !isShared(next.y.tensor), "shared memory that nobody asked for");
          checkEqual(next.y.tensor.data, [3, 4, 5, 6], "numbers");
        }
        checkOutput(y, twoMore);
      }
    }),
  },
  {
    title: "answers a failed run with an error, and keeps working",
    state: "started",
    run: withModel(async (api) => {
      const memory = await tensorsIn(api);
      for (const mode of ["batched", "item-by-item"] as const) {
        checkRefused(await api.run(request(2, {}, { mode })), "model-failed", "internal");
        checkTwoMore(await api.run(twoItems({ mode })));
      }
      checkEqual(await tensorsIn(api), memory, "memory");
    }),
  },
  {
    title: "uses no more memory after many runs, and releases the memory of an unloaded model",
    state: "started",
    async run({ api, plusOne }) {
      const before = await tensorsIn(api);
      valueOf(await api.load(KEY, plusOne(X)));
      checkTwoMore(await api.run(twoItems()));
      const loaded = await tensorsIn(api);
      for (let run = 0; run < 5; run++) checkTwoMore(await api.run(twoItems({ mode: "item-by-item" })));
      checkEqual(await tensorsIn(api), loaded, "memory");
      valueOf(await api.load(KEY, plusOne(X)));
      checkEqual(await tensorsIn(api), loaded, "memory");
      valueOf(await api.unload(KEY));
      checkEqual(await tensorsIn(api), before, "memory");
    },
  },
];

const queueing: readonly WorkerApiCase[] = [
  {
    title: "cancels waiting attempts and running ones that go item by item, and no others",
    state: "started",
    run: withModel(async (api) => {
      const busy = await occupy(api);
      const [queued, last] = [twoItems(), twoItems()];
      const [cancelled, kept] = [api.run(queued), api.run(last)];
      valueOf(await api.cancel([queued.attemptId, "nobody", busy.attemptId]));
      checkRefused(await cancelled, "aborted");
      checkRefused(await busy.reply, "aborted");
      checkTwoMore(await kept);
      // A cancel that came too late has no later effect.
      valueOf(await api.cancel([last.attemptId]));
      checkTwoMore(await api.run({ ...twoItems(), attemptId: last.attemptId }));
    }),
  },
  {
    title: "runs attempts of higher priority first, and loads before all waiting attempts",
    state: "started",
    run: withModel(async (api, plusOne) => {
      const ended: string[] = [];
      const note = async (name: string, reply: Promise<Reply<unknown>>): Promise<void> => {
        valueOf(await reply);
        ended.push(name);
      };
      const busy = await occupy(api);
      const waiting = [
        note("a", api.run(twoItems())),
        note("b", api.run(twoItems())),
        note("c", api.run(twoItems({ priority: 5 }))),
        note("d", api.run(twoItems({ priority: -1 }))),
        note("e", api.run(twoItems({ priority: 5 }))),
        note("load", api.load("other", plusOne(X))),
      ];
      valueOf(await api.cancel([busy.attemptId]));
      checkRefused(await busy.reply, "aborted");
      await Promise.all(waiting);
      checkEqual(ended, ["load", "c", "e", "a", "b", "d"], "an order of");
      valueOf(await api.unload("other"));
    }),
  },
  {
    title: "runs slower once it is slowed down",
    state: "started",
    run: withModel(async (api) => {
      const ranMs = async () => valueOf(await api.run(singly(20))).timing.ranMs;
      const quickMs: number[] = [];
      for (let run = 0; run < 4; run++) quickMs.push(await ranMs());
      valueOf(await api.inject({ kind: "slow", factor: 20 }));
      const slowMs = await ranMs();
      valueOf(await api.inject({ kind: "slow", factor: 1 }));
      check(slowMs > 3 * Math.min(...quickMs), `${slowMs} ms after ${quickMs.join(", ")}`);
    }),
  },
  {
    title: "fails, runs out of memory and gives wrong outputs where that is injected, and is whole again afterwards",
    state: "new",
    async run({ api, plusOne }) {
      valueOf(await api.start(start));
      valueOf(await api.load(KEY, plusOne(X)));
      valueOf(await api.inject({ kind: "fail", count: 2 }));
      checkRefused(await api.run(twoItems()), "model-failed");
      checkRefused(await api.run(twoItems()), "model-failed");
      checkTwoMore(await api.run(twoItems()));
      valueOf(await api.inject({ kind: "exhaust" }));
      checkRefused(await api.run(twoItems()), "out-of-memory");
      checkTwoMore(await api.run(twoItems()));
      valueOf(await api.inject({ kind: "corrupt", relative: 0.5, fromShard: 2 }));
      checkTwoMore(await api.run(twoItems()));
      const { y } = valueOf(await api.run(twoItems())).outputs;
      check(y?.kind === "dense", "an output that is not dense");
      checkEqual([...y.tensor.data], [3, 4.5, 6, 7.5], "wrong outputs of");
      valueOf(await api.inject({ kind: "corrupt", relative: 0, fromShard: 1 }));
      checkTwoMore(await api.run(twoItems()));
    },
  },
  {
    title: "blocks its thread when the next shard begins, where that is injected",
    state: "new",
    async run({ api, plusOne }) {
      valueOf(await api.start(start));
      valueOf(await api.load(KEY, plusOne(X)));
      valueOf(await api.inject({ kind: "hang", ms: 60 }));
      const { timing } = valueOf(await api.run(twoItems()));
      check(timing.ranMs >= 60, `${timing.ranMs} ms`);
      checkTwoMore(await api.run(twoItems()));
    },
  },
  {
    title: "traces layer by layer, up to the first layer that fails",
    state: "started",
    async run({ api, plusOne }) {
      const before = await tensorsIn(api);
      const layers = [plusOne({ ...X, output: "h" }), plusOne({ ...X, input: "h" })];
      const inputs = { x: floats([1, 2], [1, 2]) };
      const traced = valueOf(await api.trace({ attemptId: "contract/trace", layers, inputs, runCount: 2 }));
      const float = { shape: [1, 2], dtype: "float32" };
      checkEqual(
        traced.layers.map(({ outputs }) => outputs),
        [{ h: float }, { y: float }],
        "layers",
      );
      for (const { ms } of traced.layers) checkDuration(ms, "a layer");
      checkEqual(traced.failure, undefined, "a failure");
      if (traced.transferMs !== undefined) {
        checkDuration(traced.transferMs.perTransfer, "a transfer");
        checkDuration(traced.transferMs.perByte, "a byte");
      }
      const broken = [layers[0]!, plusOne({ ...X, input: "nowhere" }), layers[1]!];
      const partial = valueOf(await api.trace({ attemptId: "contract/broken", layers: broken, inputs, runCount: 1 }));
      checkEqual(partial.layers.length, 1, "traced layers,");
      check(partial.failure?.includes("nowhere") === true, `a reason of "${partial.failure}"`);
      checkEqual(await tensorsIn(api), before, "memory");
    },
  },
];

export const workerApiContract: readonly WorkerApiCase[] = [...starting, ...running, ...queueing];
