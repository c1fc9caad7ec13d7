import { ShardError } from "../core/errors.js";
import type { PoolWorker } from "../pool/pool-worker.js";
import { messageOf } from "../protocol/error-record.js";

/** The others get at least so long after the first workers that are enough, ms. */
const LEAST_GRACE_MS = 2_000;
/** The others get so many times as long as those took. */
const GRACE_FACTOR = 3;

/**
 * Wait for workers that come at the same time: for all of them, but not much longer than for those that are enough. The others may come
 * later. Those that fail are left out.
 *
 * @param isEnough whether work can begin with these.
 * @throws ShardError if none comes: the model's fault if there is one, otherwise "no-workers" with all the reasons.
 */
export async function enoughWorkers(
  coming: readonly Promise<PoolWorker>[],
  isEnough: (workers: readonly PoolWorker[]) => boolean,
): Promise<void> {
  const startedMs = performance.now();
  const come: PoolWorker[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const grace = new Promise<void>((resolve) => {
    for (const one of coming) {
      void one.then(
        (worker) => {
          come.push(worker);
          if (timer !== undefined || !isEnough(come)) return;
          timer = setTimeout(resolve, Math.max(LEAST_GRACE_MS, GRACE_FACTOR * (performance.now() - startedMs)));
        },
        () => {},
      );
    }
  });
  const all = Promise.allSettled(coming);
  await Promise.race([all, grace]);
  clearTimeout(timer);
  if (come.length > 0 || coming.length === 0) return;
  throw whyNone(await all);
}

function whyNone(results: readonly PromiseSettledResult<PoolWorker>[]): ShardError {
  const reasons = results.flatMap((result) => (result.status === "rejected" ? [result.reason as unknown] : []));
  // A model that no worker can load is the model's fault, not the workers'.
  const first = reasons[0];
  if (first instanceof ShardError && (first.code.startsWith("model-") || first.code === "disposed")) return first;
  const messages = new Set(
    reasons.map((reason) => (reason instanceof ShardError ? reason.message : messageOf(reason))),
  );
  return new ShardError(
    "no-workers",
    `Expected at least one of ${results.length} workers to start, received none: ${[...messages].join(" ")}`,
    { cause: first },
  );
}
