import type { ItemRange } from "../../core/dispatch/types.js";
import { ShardError } from "../../core/errors.js";
import { seededRandom } from "../../core/random.js";
import { checksAnything } from "../../core/verify/check-schedule.js";
import type { PoolWorker } from "../../pool/pool-worker.js";
import type { WorkerSpec } from "../../pool/worker-entries.js";
import type { WorkerPool } from "../../pool/worker-pool.js";
import type { FaultReports } from "../fault-reports.js";
import { isExactWorker } from "../inputs/batch-probe.js";
import { checkResult, type CheckCost } from "./check-result.js";
import { CheckTimes } from "./check-times.js";
import type { CheckedResult } from "./checked-result.js";
import { Checkers } from "./checkers.js";
import { KnownOutputs } from "./known-outputs.js";
import { largestRow, nonFiniteRows } from "./look-over.js";
import { SpareWorkers } from "./spare-workers.js";
import type { CheckState, Verification } from "./verification.js";
import { Track, type CheckedJob, type TrackedResult } from "./track.js";

export interface VerifierContext {
  readonly pool: WorkerPool;
  readonly faults: FaultReports;
  /** Option `verify`. */
  readonly fraction: number | false;
  /** Two runs of the same items differ, so that nothing can be compared. */
  readonly isRandom: boolean;
  /** Exact workers that the model runs on, to be started where the pool has nobody who could check. Default: those of TF.js. */
  readonly spares?: readonly WorkerSpec[];
  /** Bytes of weights that a worker may hold. Default: no limit. */
  readonly memoryLimitBytes?: number | undefined;
}

/** A check without `verify` computes one row for each of these many that the result has, and at least 1. */
const ROWS_PER_CHECKED_ROW = 16;
const MAX_CHECKED_ROWS = 4;

/** More than this waits for checks: a stream should not pull its source. */
const BACKPRESSURE_BYTES = 256 * 2 ** 20;

/**
 * Has results computed again and compared (DESIGN §11). Results of workers that are checked wait until a later one, or they
 * themselves, agreed with another worker's. A worker that is proven wrong is quarantined, and what waits of it is computed again.
 * One per sharder.
 */
export class Verifier {
  readonly #context: VerifierContext;
  readonly #spares: SpareWorkers;
  readonly #spareSpecs: readonly WorkerSpec[];
  readonly #checkers: Checkers;
  #fraction: number | false;
  readonly #random = seededRandom(0x5eed);
  /** By worker, then by model and shape: what holds for one shape says little about the kernels of another. */
  readonly #tracks = new Map<PoolWorker, Map<string, Track>>();
  readonly #known = new Map<string, KnownOutputs>();
  readonly #states = new WeakMap<PoolWorker, CheckState>();
  readonly #convicted = new WeakSet<PoolWorker>();
  readonly #times = new CheckTimes();
  readonly #cost: CheckCost = { itemCount: 0, ms: 0 };
  #checkedShardCount = 0;
  #wrongCount = 0;
  #isClosed = false;

  constructor(context: VerifierContext) {
    this.#context = context;
    this.#fraction = context.fraction;
    this.#spares = new SpareWorkers(context.pool);
    this.#spareSpecs = context.spares ?? [{ backend: "wasm" }, { backend: "cpu" }];
    const { pool, memoryLimitBytes = Infinity } = context;
    this.#checkers = new Checkers(pool, this.#spares, this.#spareSpecs, memoryLimitBytes);
  }

  /** Which results are checked from now on, as option `verify` says. Those that wait already are settled as before. */
  set fraction(fraction: number | false) {
    this.#fraction = fraction;
  }

  get #isOff(): boolean {
    return this.#fraction === false || this.#context.isRandom;
  }

  get report(): Verification {
    const workers = this.#context.pool.slots.map(({ id, worker }): [string, CheckState] => [
      id,
      (worker && this.#states.get(worker)) ?? "unchecked",
    ]);
    return {
      checkedShardCount: this.#checkedShardCount,
      checkedItemCount: this.#cost.itemCount,
      checkMs: this.#cost.ms,
      wrongCount: this.#wrongCount,
      workers: Object.fromEntries(workers),
    };
  }

  /**
   * A job has a result. @returns the id under which it waits, until `job` is told that it is final or has to be computed again;
   * `undefined` if it is final now.
   */
  take(result: CheckedResult, job: CheckedJob): number | undefined {
    if (this.#isOff || this.#isClosed) return undefined;
    const { worker } = result;
    const known = this.#knownOf(result);
    const suspect = known.suspect(result, !isExactWorker(worker));
    const policy = { fraction: Number(this.#fraction), hasProbation: !isExactWorker(worker) };
    if (suspect === undefined && !checksAnything(policy)) return undefined;
    const tracks = this.#tracksOf(worker);
    // A track keeps its schedule, so that another fraction needs another one.
    const key = `${this.#fraction} ${keyOf(result)}`;
    const track = tracks.get(key) ?? new Track(policy, this.#random);
    tracks.set(key, track);
    return track.add(result, job, suspect);
  }

  #tracksOf(worker: PoolWorker): Map<string, Track> {
    const found = this.#tracks.get(worker);
    if (found !== undefined) return found;
    for (const other of this.#tracks.keys()) this.#prune(other);
    const tracks = new Map<string, Track>();
    this.#tracks.set(worker, tracks);
    return tracks;
  }

  /** The job ended, or no longer waits for these results. */
  forget(worker: PoolWorker, entryIds: ReadonlySet<number>): void {
    for (const track of this.#tracks.get(worker)?.values() ?? []) track.forget(entryIds);
    this.#prune(worker);
  }

  /** Check what is due of a worker, or what a job waits for. */
  look(worker: PoolWorker): void {
    for (const track of this.#tracks.get(worker)?.values() ?? []) {
      const next = track.next();
      if (next !== undefined) void this.#check(track, next);
    }
  }

  /** Whether so much waits for checks that a stream should not pull its source. */
  get isFull(): boolean {
    let total = 0;
    for (const tracks of this.#tracks.values()) for (const { byteCount } of tracks.values()) total += byteCount;
    return total > BACKPRESSURE_BYTES;
  }

  close(): void {
    this.#isClosed = true;
    this.#tracks.clear();
    this.#spares.close();
  }

  async #check(track: Track, tracked: TrackedResult): Promise<void> {
    const { result } = tracked;
    const known = this.#knownOf(result);
    const rows = this.#rowsToCheck(tracked);
    track.begin(tracked);
    const isWanted = (): boolean => !this.#isClosed && track.has(tracked);
    const overdueIds: number[] = [];
    const finding = await checkResult(result, rows, {
      checkers: this.#checkers,
      scales: known.scales,
      cost: this.#cost,
      times: this.#times,
      onOverdue: (checker) => overdueIds.push(this.#reportOverdue(checker, tracked)),
      isWanted,
    });
    track.end();
    for (const faultId of overdueIds) this.#context.faults.recovered(faultId);
    if (this.#isClosed) return;
    switch (finding.kind) {
      case "agreed":
        this.#checkedShardCount++;
        this.#states.set(result.worker, "verified");
        if (tracked.suspect !== undefined) known.confirm(result.outputs);
        track.agree(tracked);
        break;
      case "unverified":
        this.#giveUp(result.worker);
        track.release();
        break;
      case "unwanted":
        break;
      case "wrong":
        this.#checkedShardCount++;
        for (const worker of finding.workers) this.#convict(worker, finding.why);
        if (!finding.isResultWrong) track.agree(tracked);
        break;
    }
    this.#prune(result.worker);
    track.settleOwners();
    this.look(result.worker);
  }

  /** With `verify` all rows are computed again; without it, a few of those in which a difference would show best. */
  #rowsToCheck({ result, suspect }: TrackedResult): ItemRange {
    const { itemCount, hasRows, outputs } = result;
    const isWhole = !hasRows || (suspect === undefined && Number(this.#fraction) > 0);
    // A server may hold another model of the same interface: its first result is compared whole.
    const isNewServer = result.worker.spec.backend === "remote" && this.#states.get(result.worker) !== "verified";
    if (isWhole || isNewServer) return { firstItem: 0, itemCount };
    const output = outputs[suspect ?? ""] ?? Object.values(outputs)[0];
    const odd = output && suspect !== undefined ? nonFiniteRows(output) : undefined;
    if (odd !== undefined) return odd;
    const wanted = Math.max(1, Math.min(MAX_CHECKED_ROWS, Math.floor(itemCount / ROWS_PER_CHECKED_ROW)));
    const row = output === undefined ? 0 : largestRow(output);
    return { firstItem: Math.min(row, itemCount - wanted), itemCount: wanted };
  }

  #convict(worker: PoolWorker, why: string): void {
    if (this.#convicted.has(worker)) return;
    this.#convicted.add(worker);
    const { pool, faults } = this.#context;
    this.#wrongCount++;
    const tracks = [...(this.#tracks.get(worker)?.values() ?? [])];
    this.#tracks.delete(worker);
    const items = tracks.flatMap((track) => track.waitingItems);
    const error = new ShardError("worker-lost", why, { workerId: worker.id });
    const report = { cause: "wrong-output", code: error.code, message: why, action: "quarantined" } as const;
    const faultId = faults.report({ ...report, workerId: worker.id, items });
    // First the worker ends, so that what is computed again does not go to it.
    if (pool.get(worker.id) === worker) pool.quarantine(worker.id, error);
    else worker.kill(error);
    const redone = tracks.map((track) => track.revoke());
    void Promise.all(redone.flat()).then(() => faults.recovered(faultId));
  }

  #reportOverdue({ id }: PoolWorker, { job, entryId }: TrackedResult): number {
    const items = job.itemsOf(entryId);
    return this.#context.faults.report({
      cause: "overdue",
      workerId: id,
      code: "worker-timeout",
      message: `Expected worker "${id}" to check a result within 3 times its usual time and a second, received no answer yet: another one checks it, and it is ended if it does not answer in time.`,
      items: items === undefined ? [] : [items],
      action: "retried",
    });
  }

  #giveUp(worker: PoolWorker): void {
    if (this.#states.get(worker) === "unverified") return;
    const kinds = this.#spareSpecs.map(({ backend }) => `"${backend}"`).join(" or ");
    this.#states.set(worker, "unverified");
    this.#context.faults.report({
      cause: "unverified",
      workerId: worker.id,
      code: "no-workers",
      message: `Expected another worker to compute a few results of "${worker.id}" again, but none could: they are used unverified. ${kinds === "" ? "Open the model's file instead of naming the server as the model, with a worker on this machine" : `Add a ${kinds} worker`}, or pass verify: false.`,
      action: "gave-up",
    });
  }

  #knownOf(result: CheckedResult): KnownOutputs {
    const key = keyOf(result);
    const known = this.#known.get(key) ?? new KnownOutputs();
    this.#known.set(key, known);
    return known;
  }

  /** A worker that has ended is forgotten once nothing of it waits. */
  #prune(worker: PoolWorker): void {
    const tracks = this.#tracks.get(worker);
    if (worker.state !== "dead" || tracks === undefined) return;
    if ([...tracks.values()].every(({ isEmpty }) => isEmpty)) this.#tracks.delete(worker);
  }
}

function keyOf({ model, shapeClass }: CheckedResult): string {
  return `${model.key} ${shapeClass}`;
}
