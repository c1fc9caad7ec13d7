import { getKernelsForBackend, memory } from "@tensorflow/tfjs-core";
import { expose, transfer } from "comlink";
import { ShardError } from "../../src/core/errors.js";
import { toErrorRecord, type Reply } from "../../src/protocol/error-record.js";
import type { WireModel } from "../../src/protocol/model-on-wire.js";
import { tensorsOf } from "../../src/protocol/outputs.js";
import { transferablesOf } from "../../src/protocol/tensors.js";
import type { ModelKey, WorkerApi, WorkerNotice } from "../../src/protocol/worker-api.js";
import type { BackendDriver } from "../engines/tfjs/driver.js";
import { AttemptQueue, type AttemptWork, type Attempt } from "./attempt-queue.js";
import { holdLifeline } from "./lifeline.js";
import { loadModel, type LoadedModel } from "../engines/tfjs/load-model.js";
import { createShardRunner, type ShardRunner } from "./run-shard.js";
import { runStage } from "./run-stage.js";
import { traceLayers } from "./trace-layers.js";

interface HeldModel {
  readonly wire: WireModel;
  readonly model: LoadedModel;
  readonly runner: ShardRunner;
}

/** Offer this worker's engine to the page: start once, load models or stages, run them, stop. */
export function serve(driver: BackendDriver): void {
  const held = new Map<ModelKey, HeldModel>();
  const queue = new AttemptQueue(() => driver.isIntact());
  let isStarted = false;
  let changeCount = 0;

  const notify = (notice: WorkerNotice): void => self.postMessage(notice);

  const require = (modelKey: ModelKey): HeldModel => {
    const found = held.get(modelKey);
    if (found !== undefined) return found;
    throw new ShardError("internal", `Expected a worker that holds "${modelKey}", received work before it was loaded.`);
  };

  /** In turn with the attempts, so that nothing is loaded or dropped under a running one. */
  const inTurn = async (change: () => Promise<void>): Promise<Reply<undefined>> => {
    const attempt = { attemptId: `change/${changeCount++}`, sentAtEpochMs: performance.timeOrigin + performance.now() };
    const reply = await queue.enqueue(attempt, change);
    return reply.ok ? { ok: true, value: undefined } : reply;
  };

  const run = async <T, R>(
    attempt: Attempt,
    work: AttemptWork<T>,
    answer: (value: T, serviceMs: number) => { result: R; transferables: Transferable[] },
  ): Promise<Reply<R>> => {
    const reply = await queue.enqueue(attempt, work);
    if (!reply.ok) return reply;
    const { result, transferables } = answer(reply.value.value, reply.value.serviceMs);
    // Comlink hands over only what is listed for the very object that is returned.
    return transfer<Reply<R>>({ ok: true, value: result }, transferables);
  };

  const api: WorkerApi = {
    async start(config) {
      try {
        if (isStarted) throw new ShardError("internal", "Expected one start, received another.");
        isStarted = true;
        const holdsLifeline = await holdLifeline(config.lifeline);
        const report = await driver.start({ powerPreference: config.powerPreference ?? "high-performance" }, notify);
        const kernels = getKernelsForBackend(report.backend).map(({ kernelName }) => kernelName);
        return { ok: true, value: { ...report, kernels, holdsLifeline } };
      } catch (thrown) {
        return { ok: false, error: toErrorRecord(thrown, "backend-unavailable") };
      }
    },

    load: (modelKey, wire) =>
      inTurn(async () => {
        held.get(modelKey)?.model.dispose();
        held.delete(modelKey);
        const model = await loadModel(wire);
        held.set(modelKey, { wire, model, runner: createShardRunner(wire, model, driver.readBackAliases) });
      }),

    unload: (modelKey) =>
      inTurn(async () => {
        held.get(modelKey)?.model.dispose();
        held.delete(modelKey);
      }),

    run: (request) =>
      run(
        request,
        (isCancelled, pause) => require(request.modelKey).runner.run(request, isCancelled, pause),
        (outputs, serviceMs) => ({
          result: { outputs, serviceMs },
          transferables: transferablesOf(Object.values(outputs).flatMap(tensorsOf)),
        }),
      ),

    runStage: (request) =>
      run(
        request,
        async (isCancelled, pause) => {
          const { wire, model } = require(request.modelKey);
          return runStage(wire, model, request, driver.readBackAliases, isCancelled, pause);
        },
        (calls, serviceMs) => ({
          result: { calls, serviceMs },
          transferables: transferablesOf(calls.flatMap((outputs) => Object.values(outputs))),
        }),
      ),

    trace: (request) =>
      run(
        request,
        (isCancelled, pause) => traceLayers(request, isCancelled, pause),
        (result) => ({ result, transferables: [] }),
      ),

    cancel(attemptIds) {
      queue.cancel(attemptIds);
    },

    memory() {
      const { numTensors, numBytes } = memory();
      return { tensorCount: numTensors, byteCount: numBytes };
    },

    slow(factor) {
      queue.slow(factor);
    },

    async stop() {
      try {
        for (const { model } of held.values()) model.dispose();
      } finally {
        driver.stop();
      }
    },
  };
  expose(api);
}
