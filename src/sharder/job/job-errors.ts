import { ShardError } from "../../core/errors.js";
import { isLackOfRoom } from "../../protocol/allocation-failure.js";
import { messageOf } from "../../protocol/error-record.js";

/** No worker is left to run the job. @param cause why the last one was lost. */
export function noWorkers(cause: ShardError | undefined): ShardError {
  return new ShardError(
    "no-workers",
    `Expected at least one worker to run the job, received none${cause ? ` (the last error: ${cause.message})` : ""}: add one with addWorker({ backend: "wasm" }).`,
    { cause },
  );
}

/** No worker's backend has the kernels for a layer. */
export function cannotRunLayer(
  { name, op }: { readonly name: string; readonly op: string },
  workers: readonly { readonly spec: { readonly backend: string } }[],
): ShardError {
  const backends = [...new Set(workers.map(({ spec }) => spec.backend))].join(", ");
  return new ShardError(
    "model-unsupported",
    `Expected a worker that can run layer "${name.slice(0, 80)}" (${op}), received workers on ${backends} only: add a worker with another backend, such as addWorker({ backend: "cpu" }).`,
  );
}

/** Copying or posting a shard failed on the page, so another worker would not help. */
export function notSent(cause: unknown): ShardError {
  if (isLackOfRoom(cause)) {
    return new ShardError(
      "out-of-memory",
      `Expected room for a copy of the shard, received none (${messageOf(cause)}): lower quantumMs or use stream().`,
      { cause },
    );
  }
  if (cause instanceof TypeError && /detached/i.test(cause.message)) {
    return new ShardError(
      "invalid-input",
      `Expected the input's buffer to stay attached until the promise settles, received a detached one: transfer it afterwards, or pass a copy.`,
      { cause },
    );
  }
  return new ShardError("internal", `The shard could not be sent: ${String(cause)}. Please report this.`, { cause });
}

/** Why items are given up: a missed deadline is theirs only if no option allows them more time. Other errors stay as they are. */
export function missedAgain(error: ShardError): ShardError {
  if (error.code !== "worker-timeout") return error;
  return new ShardError(
    error.code,
    `${error.message} Another worker has missed its deadline with these items, too: raise firstRunDeadlineMs if one of them takes that long.`,
    { workerId: error.workerId, cause: error },
  );
}
