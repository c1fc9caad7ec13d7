import { ShardError } from "../../core/errors.js";
import type { PoolWorker } from "../../pool/pool-worker.js";
import { copyTensor } from "../../protocol/rows.js";
import type { InputTensor, Tensor } from "../../protocol/tensors.js";
import type { ModelKey, RunInput } from "../../protocol/worker-api.js";

/** Long enough for a first run, in which shaders are compiled. */
const DEADLINE_MS = 120_000;

/** Before whatever waits: a job can't begin without it, and it takes two items at most. */
const URGENT = Number.MAX_VALUE;

let callCounter = 0;

/**
 * One call of a model or a stage that a worker holds, outside any job.
 * @param deadlineMs as in `PoolWorker.run`.
 * @throws ShardError as `PoolWorker.run`
 */
export async function callOnce(
  worker: PoolWorker,
  modelKey: ModelKey,
  inputs: Readonly<Record<string, InputTensor>>,
  deadlineMs: () => number = () => DEADLINE_MS,
): Promise<Record<string, Tensor>> {
  if (!worker.isUsable) {
    throw new ShardError("worker-lost", `Expected worker "${worker.id}" to be there for a call, but it has ended.`, {
      workerId: worker.id,
    });
  }
  await worker.requireListening();
  // Copied, because buffers are transferred. As side inputs, the tensors go with the only call unchanged.
  const sent = Object.entries(inputs).map(([name, tensor]): [string, RunInput] => [
    name,
    { kind: "side", tensor: copyTensor(tensor) },
  ]);
  const { outputs } = await worker.run(
    {
      attemptId: `once/${++callCounter}`,
      modelKey,
      priority: URGENT,
      itemCount: 1,
      mode: "batched",
      inputs: Object.fromEntries(sent),
      forwardedNames: [],
    },
    deadlineMs,
  );
  return Object.fromEntries(
    Object.entries(outputs).map(([name, output]) => {
      if (output.kind === "dense") return [name, output.tensor];
      throw new ShardError("internal", `Expected one tensor for "${name}" from one call, received one per item.`);
    }),
  );
}
