import { ShardError } from "../core/errors.js";

export function removed(workerId: string): ShardError {
  const message = `Expected worker "${workerId}" to be in the pool, but it was removed.`;
  return new ShardError("worker-lost", message, { workerId });
}

export function replaced(workerId: string): ShardError {
  const message = `Expected worker "${workerId}" to stay, but a fresh one takes its place.`;
  return new ShardError("worker-lost", message, { workerId });
}

export function wasClosed(): ShardError {
  return new ShardError("disposed", "Expected live workers, received a request after they were stopped.");
}

/** A worker has ended by itself. @param reason in words for people. */
export function lostTo(workerId: string, backend: string, isStarting: boolean, reason: string): ShardError {
  return new ShardError(
    isStarting ? "backend-unavailable" : "worker-lost",
    `Expected worker "${workerId}" (${backend}) to keep running, but it was lost (${reason}): its work goes to the others; add another worker if it was the last one.`,
    { workerId },
  );
}
