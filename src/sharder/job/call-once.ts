import { ShardError } from "../../core/errors.js";
import type { PoolWorker } from "../../pool/pool-worker.js";
import { copyTensor } from "../../protocol/rows.js";
import type { InputTensor, Tensor } from "../../protocol/tensors.js";
import type { ModelKey, RunInput } from "../../protocol/worker-api.js";

/** It may be the first run there: shaders are compiled. */
const DEADLINE_MS = 120_000;

let callCounter = 0;

/** One call of a model or a stage that a worker holds, outside any job. @throws ShardError as `PoolWorker.run` */
export async function callOnce(
  worker: PoolWorker,
  modelKey: ModelKey,
  inputs: Readonly<Record<string, InputTensor>>,
): Promise<Record<string, Tensor>> {
  // Buffers are handed over with the call. Whatever is the same for every call goes with the only one as it is.
  const sent = Object.entries(inputs).map(([name, tensor]): [string, RunInput] => [
    name,
    { kind: "side", tensor: copyTensor(tensor) },
  ]);
  const { outputs } = await worker.run(
    {
      attemptId: `once/${++callCounter}`,
      modelKey,
      priority: 0,
      itemCount: 1,
      mode: "batched",
      inputs: Object.fromEntries(sent),
      forwardedNames: [],
    },
    () => DEADLINE_MS,
  );
  return Object.fromEntries(
    Object.entries(outputs).map(([name, output]) => {
      if (output.kind === "dense") return [name, output.tensor];
      throw new ShardError("internal", `Expected one tensor for "${name}" from one call, received one per item.`);
    }),
  );
}
