import { ShardError } from "../core/errors.js";
import type { PoolWorker } from "../pool/pool-worker.js";
import { findLiveWorker } from "../pool/live-workers.js";
import { messageFaultsOf, type MessageDirection } from "./message-faults.js";

/**
 * Every function takes a worker's id, as in `sharder.workers`; ids are unique on the page. A fault is that of the worker's present
 * incarnation: one that is started in its place is whole. All throw ShardError "unknown-worker" for an id that no live worker has, and
 * "invalid-options" for a value out of bounds. Those that return a promise resolve once the worker has taken the fault.
 */

/**
 * Make all work of a worker take `factor` times as long, from its next shard on.
 * @param factor ≥ 1; 1 ends the slowdown.
 */
export async function slow(id: string, factor: number): Promise<void> {
  requireNumber(
    "factor",
    factor,
    factor >= 1 && factor < Infinity,
    "of 1 or more: 4 makes shards take four times as long",
  );
  await requireWorker(id).inject({ kind: "slow", factor });
}

/** End a worker as if it had crashed: its calls reject at once, and its work goes to the others. */
export function kill(id: string): void {
  const message = `Expected worker "${id}" to keep running, but it was killed on purpose: its work goes to the others.`;
  requireWorker(id).kill(new ShardError("worker-lost", message, { workerId: id }));
}

/**
 * Block a worker's thread when its next shard begins.
 * @param ms how long, > 0. Default Infinity: until the worker is ended.
 */
export async function hang(id: string, ms = Infinity): Promise<void> {
  requireNumber("time", ms, ms > 0, "above 0 ms, or Infinity");
  await requireWorker(id).inject({ kind: "hang", ms });
}

/**
 * Make a worker's next shards throw, as a model does that fails.
 * @param count how many, whole. Default 1; 0 ends it.
 */
export async function fail(id: string, count = 1): Promise<void> {
  requireNumber("count", count, Number.isSafeInteger(count) && count >= 0, "of shards, whole and 0 or more");
  await requireWorker(id).inject({ kind: "fail", count });
}

/** Make a worker's next shard run out of memory. */
export async function exhaust(id: string): Promise<void> {
  await requireWorker(id).inject({ kind: "exhaust" });
}

/**
 * Make a worker's outputs wrong in silence: floats are multiplied by `1 + relative`, integers are raised by 1, booleans negated.
 * @param relative finite; 0 leaves floats as they are.
 * @param fromShard the first wrong shard, counted from this call; 1, the default, is the next, and so is 0.
 */
export async function corrupt(id: string, relative: number, fromShard = 1): Promise<void> {
  requireNumber("relative change", relative, Number.isFinite(relative), "that is finite: 0.01 is 1 %");
  requireNumber(
    "shard",
    fromShard,
    Number.isSafeInteger(fromShard) && fromShard >= 0,
    "to begin with, whole and 0 or more",
  );
  await requireWorker(id).inject({ kind: "corrupt", relative, fromShard: Math.max(1, fromShard) });
}

/**
 * Take a worker's GPU away by the platform's own means: `GPUDevice.destroy` on WebGPU, `WEBGL_lose_context` on WebGL.
 * @throws ShardError also "invalid-options" if the worker has no GPU.
 */
export async function loseDevice(id: string): Promise<void> {
  await requireWorker(id).inject({ kind: "lose-device" });
}

/**
 * As `loseDevice`, for WebGL workers alone.
 * @throws ShardError also "invalid-options" if the worker is of another backend.
 */
export async function loseContext(id: string): Promise<void> {
  const { backend } = requireWorker(id).spec;
  if (backend !== "webgl") {
    throw new ShardError(
      "invalid-options",
      `Expected a webgl worker, received "${id}" on ${backend}: use loseDevice for WebGPU.`,
      { workerId: id },
    );
  }
  await loseDevice(id);
}

/**
 * Lose one message of the next shard that a worker is sent: "out", its request, so that the worker never hears of it; "in", its answer.
 * Workers lose no messages by themselves; it is what a defect in their code would look like.
 */
export function dropMessage(id: string, direction: MessageDirection): void {
  if (direction !== "in" && direction !== "out") {
    throw new ShardError("invalid-options", `Expected the direction "in" or "out", received ${String(direction)}.`);
  }
  messageFaultsOf(requireWorker(id)).drop(direction);
}

/**
 * Deliver all messages to and from a worker late, from the next call on.
 * @param ms ≥ 0, for each direction; 0 ends the delay.
 */
export function delayMessages(id: string, ms: number): void {
  requireNumber("delay", ms, ms >= 0 && ms < Infinity, "of 0 ms or more");
  messageFaultsOf(requireWorker(id)).delay(ms);
}

function requireNumber(what: string, received: number, isValid: boolean, bounds: string): void {
  if (isValid) return;
  throw new ShardError("invalid-options", `Expected a ${what} ${bounds}, received ${received}.`);
}

function requireWorker(id: string): PoolWorker {
  const worker = findLiveWorker(id);
  if (worker !== undefined) return worker;
  throw new ShardError("unknown-worker", `Expected the id of a live worker, received "${id}": see sharder.workers.`);
}
