import type { ItemRange } from "../../core/dispatch/types.js";
import { ShardError } from "../../core/errors.js";
import { asSentence } from "../../protocol/error-record.js";

/** Nobody is left to run the job. @param cause what the last one was lost to. */
export function noWorkers(cause: ShardError | undefined): ShardError {
  return new ShardError(
    "no-workers",
    `Expected at least one worker to run the job, received none that is left${cause ? ` (last: ${cause.message})` : ""}: add one with addWorker({ backend: "wasm" }).`,
    { cause },
  );
}

/** @param layer for which no worker's backend has the kernels. */
export function cannotRunLayer(
  { name, op }: { readonly name: string; readonly op: string },
  workers: readonly { readonly spec: { readonly backend: string } }[],
): ShardError {
  const backends = [...new Set(workers.map(({ spec }) => spec.backend))].join(", ");
  return new ShardError(
    "model-unsupported",
    `Expected a worker that can run layer "${name.slice(0, 80)}" (${op}), received workers on ${backends} alone: add a worker with another backend, such as addWorker({ backend: "cpu" }).`,
  );
}

/** The same items failed wherever they were tried. @param cause the last failure, whose code is kept. */
export function itemsFailed(range: ItemRange | undefined, cause: ShardError | undefined): ShardError {
  const items =
    range === undefined ? "some items" : `items ${range.firstItem} to ${range.firstItem + range.itemCount - 1}`;
  return new ShardError(
    cause?.code ?? "model-failed",
    `Expected the model to run ${items}, it failed wherever it was tried: ${asSentence(cause?.message ?? "no reason was given")} Check these items against the model.`,
    { workerId: cause?.workerId, cause },
  );
}

/** Cutting or posting a shard failed on the page's side: another worker would not help. */
export function notSent(cause: unknown): ShardError {
  if (cause instanceof RangeError) {
    return new ShardError(
      "out-of-memory",
      `Expected room for a copy of the shard, received none (${cause.message}): lower quantumMs or use stream().`,
      { cause },
    );
  }
  if (cause instanceof TypeError && /detached/i.test(cause.message)) {
    return new ShardError(
      "invalid-input",
      `Expected the input's buffer to stay where it is until the promise settles, received a detached one: transfer it afterwards, or pass a copy.`,
      { cause },
    );
  }
  return new ShardError("internal", `The shard could not be sent: ${String(cause)}. Please report this.`, { cause });
}
