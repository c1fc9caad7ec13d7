import type { ItemRange } from "../../core/dispatch/types.js";
import { ShardError, type ItemError } from "../../core/errors.js";
import { asSentence } from "../../protocol/error-record.js";

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

/** The same items failed on every worker that tried them. @param cause the last failure; its code is kept. */
export function itemsFailed(range: ItemRange | undefined, cause: ShardError | undefined): ShardError {
  const items =
    range === undefined ? "some items" : `items ${range.firstItem} to ${range.firstItem + range.itemCount - 1}`;
  return new ShardError(
    cause?.code ?? "model-failed",
    `Expected the model to run ${items}, but it failed on every worker that tried: ${asSentence(cause?.message ?? "no reason was given")} Check these items against the model.`,
    { workerId: cause?.workerId, cause },
  );
}

/** The most items that a message names. */
const MOST_NAMED = 10;

/** All other items are done. @param failures at least one. */
export function someItemsFailed(failures: readonly ItemError[]): ShardError {
  const itemErrors = failures.toSorted((a, b) => a.item - b.item);
  const names = itemErrors.slice(0, MOST_NAMED).map(({ item }) => item);
  const rest = itemErrors.length - names.length;
  const { error } = itemErrors[0]!;
  return new ShardError(
    error.code,
    `Expected the model to run every item, but it failed on ${itemErrors.length === 1 ? "item" : "items"} ${names.join(", ")}${rest > 0 ? ` and ${rest} more` : ""} wherever they were tried: ${asSentence(error.message)} Check these items, or set onItemError: "report" to get the others.`,
    { workerId: error.workerId, cause: error, itemErrors },
  );
}

/** Copying or posting a shard failed on the page, so another worker would not help. */
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
      `Expected the input's buffer to stay attached until the promise settles, received a detached one: transfer it afterwards, or pass a copy.`,
      { cause },
    );
  }
  return new ShardError("internal", `The shard could not be sent: ${String(cause)}. Please report this.`, { cause });
}
