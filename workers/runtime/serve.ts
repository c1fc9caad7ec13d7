import { memory } from "@tensorflow/tfjs-core";
import { expose, transfer } from "comlink";
import { ShardError } from "../../src/core/errors.js";
import { toErrorRecord } from "../../src/protocol/error-record.js";
import { tensorsOf } from "../../src/protocol/outputs.js";
import { transferablesOf } from "../../src/protocol/tensors.js";
import type { WorkerApi, WorkerNotice } from "../../src/protocol/worker-api.js";
import type { BackendDriver } from "../backends/driver.js";
import { AttemptQueue } from "./attempt-queue.js";
import { loadModel, type LoadedModel } from "./load-model.js";
import { createShardRunner } from "./run-shard.js";

/** Offer this worker's engine to the page: start once, run shards, stop. */
export function serve(driver: BackendDriver): void {
  let model: LoadedModel | undefined;
  let queue: AttemptQueue | undefined;
  let slowdown = 1;

  const notify = (notice: WorkerNotice): void => self.postMessage(notice);

  const api: WorkerApi = {
    async start(config) {
      try {
        const report = await driver.start({ powerPreference: config.powerPreference ?? "high-performance" }, notify);
        model = await loadModel(config.model);
        queue = new AttemptQueue(createShardRunner(config.model, model, driver.readBackAliases), () =>
          driver.isIntact(),
        );
        queue.slow(slowdown);
        return { ok: true, value: report };
      } catch (thrown) {
        return { ok: false, error: toErrorRecord(thrown, "backend-unavailable") };
      }
    },

    async run(request) {
      if (queue === undefined) {
        const error = new ShardError("internal", "Expected a started worker, received a shard before start.");
        return { ok: false, error: toErrorRecord(error, "internal") };
      }
      const reply = await queue.enqueue(request);
      if (!reply.ok) return reply;
      return transfer(reply, transferablesOf(Object.values(reply.value.outputs).flatMap(tensorsOf)));
    },

    cancel(attemptIds) {
      queue?.cancel(attemptIds);
    },

    memory() {
      const { numTensors, numBytes } = memory();
      return { tensorCount: numTensors, byteCount: numBytes };
    },

    slow(factor) {
      slowdown = factor;
      queue?.slow(factor);
    },

    async stop() {
      try {
        model?.dispose();
      } finally {
        driver.stop();
      }
    },
  };
  expose(api);
}
