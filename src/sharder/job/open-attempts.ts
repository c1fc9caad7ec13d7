import type { ItemRange } from "../../core/dispatch/types.js";
import { overlapItemCount } from "../../core/overlap.js";
import type { AttemptDetail, AttemptKind } from "../events.js";
import type { ShardUnderWay } from "../worker-snapshot.js";
import { TriedItems } from "./tried-items.js";

/** An attempt that has been sent and has not ended. */
export interface OpenAttempt {
  readonly workerId: string;
  readonly predictedMs: number | undefined;
}

/** Which items, and which stage, an attempt runs. */
export type AttemptScope = ItemRange & Pick<AttemptDetail, "stage">;

interface Sent<A> {
  readonly attempt: A;
  readonly kind: AttemptKind;
  readonly sentAtMs: number;
}

/** The attempts of one job that have been sent and have not ended. Each one ends once, and whatever comes of it later finds it closed. */
export class OpenAttempts<A extends OpenAttempt> {
  readonly #jobId: number;
  readonly #scopeOf: (attempt: A) => AttemptScope;
  readonly #sent = new Map<number, Sent<A>>();
  readonly #tried = new TriedItems();

  constructor(jobId: number, scopeOf: (attempt: A) => AttemptScope) {
    this.#jobId = jobId;
    this.#scopeOf = scopeOf;
  }

  /** An attempt is sent now. */
  open(attemptId: number, attempt: A): void {
    this.#sent.set(attemptId, { attempt, kind: this.#kindOf(attempt), sentAtMs: performance.now() });
  }

  #kindOf(attempt: A): AttemptKind {
    const { stage = 0, ...range } = this.#scopeOf(attempt);
    for (const { attempt: other } of this.#sent.values()) {
      const { stage: otherStage = 0, ...otherRange } = this.#scopeOf(other);
      if (otherStage === stage && overlapItemCount(otherRange, range) > 0) return "backup";
    }
    return this.#tried.has(range, stage) ? "retry" : "first";
  }

  isOpen(attemptId: number): boolean {
    return this.#sent.has(attemptId);
  }

  get(attemptId: number): A | undefined {
    return this.#sent.get(attemptId)?.attempt;
  }

  /** In the order of sending. Attempts may be closed meanwhile. */
  *[Symbol.iterator](): Generator<readonly [attemptId: number, attempt: A]> {
    for (const [attemptId, { attempt }] of this.#sent) yield [attemptId, attempt];
  }

  /**
   * An attempt has ended.
   * @param serviceMs as in `AttemptDetail`.
   * @returns what to report about it; `undefined` if it had ended before.
   */
  close(attemptId: number, outcome: AttemptDetail["outcome"], serviceMs?: number): AttemptDetail | undefined {
    const found = this.#sent.get(attemptId);
    if (found === undefined) return undefined;
    this.#sent.delete(attemptId);
    const { attempt, kind, sentAtMs } = found;
    const { workerId, predictedMs } = attempt;
    const latencyMs = performance.now() - sentAtMs;
    const timing = { outcome, latencyMs, serviceMs, predictedMs };
    const scope = this.#scopeOf(attempt);
    const { stage = 0, ...range } = scope;
    if (outcome === "completed") this.#tried.delete(range, stage);
    else if (outcome !== "cancelled") this.#tried.add(range, stage);
    return { jobId: this.#jobId, attemptId, workerId, kind, ...scope, ...timing };
  }

  /** The job is over: nothing is reported about the attempts that are left. */
  clear(): void {
    this.#sent.clear();
  }

  /** These items were computed wrongly: whoever runs them next, in any stage, retries them. */
  revoked(items: ItemRange): void {
    this.#tried.add(items, Infinity);
  }

  /** These items are done, or were given up. */
  finished(items: ItemRange): void {
    this.#tried.delete(items, Infinity);
  }

  isAnyOn(workerId: string): boolean {
    for (const { attempt } of this.#sent.values()) if (attempt.workerId === workerId) return true;
    return false;
  }

  /** What a worker was given and has not answered, in the order of sending. */
  underWayOn(workerId: string): readonly ShardUnderWay[] {
    return [...this.#sent].flatMap(([attemptId, { attempt, sentAtMs }]) =>
      attempt.workerId === workerId ? { jobId: this.#jobId, attemptId, ...this.#scopeOf(attempt), sentAtMs } : [],
    );
  }
}
