import { ShardError } from "../../src/core/errors.js";
import type { WorkerNotice } from "../../src/protocol/link.js";
import { tensorsOf } from "../../src/protocol/outputs.js";
import { buffersOf as inputBuffersOf } from "../../src/protocol/run-inputs.js";
import { SpareBuffers } from "../../src/protocol/spare-buffers.js";
import { transferablesOf } from "../../src/protocol/tensors.js";
import type { RunRequest, RunResult, TraceRequest, TraceResult, WorkerApi } from "../../src/protocol/worker-api.js";
import { AttemptQueue, BEFORE_ALL } from "./attempt-queue.js";
import type { CallChoice } from "./call-choices.js";
import type { Engine } from "./engine.js";
import type { Offered } from "./expose.js";
import { HeldModels } from "./held-models.js";
import { Injection } from "./injection.js";
import { acknowledge, reply } from "./reply.js";
import { runItems } from "./run-items.js";
import { traceLayers } from "./trace-layers.js";

type State = "new" | "starting" | "ready" | "stopped";

/** Every runtime reports the failure of a model in its own way, and few throw a `ShardError`. */
const ofModel = { fallback: "model-failed" } as const;

/**
 * What a worker with this engine offers to the page: start once, load models or stages, run them, stop. Every method resolves
 * to a `Reply`, whatever the engine throws. It does not depend on a worker, so that tests can expose it on a port.
 *
 * @param notify called at any time after the start if the device is lost or fails outside a call.
 */
export function createWorkerApi(engine: Engine, notify: (notice: WorkerNotice) => void): Offered<WorkerApi> {
  const held = new HeldModels(engine);
  const queue = new AttemptQueue(() => engine.isIntact(), notify);
  const injection = new Injection(engine, queue);
  let state: State = "new";

  const requireReady = (): void => {
    if (state === "ready") return;
    throw new ShardError("internal", `Expected work between the start and the stop of a worker, but it is "${state}".`);
  };

  const run = async (request: RunRequest): Promise<RunResult> => {
    requireReady();
    let choice: CallChoice | undefined;
    const spare = new SpareBuffers();
    spare.give(request.spare ?? []);
    const { value: outputs, timing } = await queue.enqueue(request, (turn) =>
      injection.shard(() => {
        const { model, calls } = held.require(request.modelKey);
        choice = calls.of(request);
        return runItems(model, request, turn, choice, spare).finally(() => {
          if (model.onlyReadsInputs === true) spare.give(inputBuffersOf(request.inputs));
        });
      }),
    );
    return {
      outputs,
      timing,
      spare: request.spare && spare.all,
      heapBytes: engine.memory().heapBytes,
      callItemCount: choice?.measuredItemCount(),
    };
  };

  const trace = async (request: TraceRequest): Promise<TraceResult> => {
    requireReady();
    // The page can't place stages before it has the trace, so like a load, the trace runs before waiting attempts.
    const attempt = { attemptId: request.attemptId, priority: BEFORE_ALL };
    const { value } = await queue.enqueue(attempt, ({ checkpoint }) => traceLayers(engine, request, checkpoint));
    return value;
  };

  const stop = (): void => {
    const wasStarted = state === "starting" || state === "ready";
    state = "stopped";
    try {
      held.dropAll();
    } finally {
      if (wasStarted) engine.stop();
    }
  };

  return {
    start: (config) =>
      reply(
        async () => {
          if (state !== "new") throw new ShardError("internal", "Expected one start, received a second one.");
          state = "starting";
          const report = await engine.start(config, notify);
          if (!engine.isIntact()) throw lostAtStart();
          // It may have been stopped meanwhile.
          if (state === "starting") state = "ready";
          return report;
        },
        { fallback: "backend-unavailable" },
      ),
    load: (modelKey, model) =>
      acknowledge(() => {
        requireReady();
        return queue.change(() => held.load(modelKey, model));
      }, ofModel),
    unload: (modelKey) => acknowledge(() => queue.change(async () => held.drop(modelKey))),
    run: (request) => reply(() => run(request), { ...ofModel, transferables: buffersOf }),
    trace: (request) => reply(() => trace(request), ofModel),
    cancel: (attemptIds) => acknowledge(() => queue.cancel(attemptIds)),
    memory: () => reply(() => (requireReady(), engine.memory())),
    inject: (fault) => acknowledge(() => injection.add(fault)),
    stop: () => acknowledge(stop),
  };
}

/** A GPU may answer that a backend has started on it, and be gone. */
function lostAtStart(): ShardError {
  return new ShardError(
    "backend-unavailable",
    "Expected the GPU to compute after the start of its backend, but its device was lost meanwhile: start the worker again, or use another backend.",
  );
}

function buffersOf({ outputs, spare = [] }: RunResult): ArrayBuffer[] {
  return [...transferablesOf(Object.values(outputs).flatMap((output) => tensorsOf(output))), ...spare];
}
