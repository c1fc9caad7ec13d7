import type { ShardErrorCode } from "../core/errors.js";
import type { WorkerState } from "../pool/worker-slot.js";

/** One execution of a shard has ended. */
export interface AttemptDetail {
  readonly jobId: number;
  readonly attemptId: number;
  readonly workerId: string;
  /** Split by layers: the stage that it ran; left out where the worker holds the whole model. */
  readonly stage?: number;
  readonly firstItem: number;
  readonly itemCount: number;
  readonly outcome: "completed" | "failed" | "lost" | "cancelled";
  /** From dispatch to the gathered result, ms. */
  readonly latencyMs: number;
  /** On the worker, from its previous completion to this one, ms; only where it completed. */
  readonly serviceMs: number | undefined;
  readonly predictedMs: number | undefined;
}

/**
 * The planned shares have moved: fractions of the remaining items by worker id, summing to 1. Split by layers: other stages run now, and
 * the fractions are of the model's work.
 */
export interface RebalanceDetail {
  /** `undefined` where stages have moved: they serve every job. */
  readonly jobId: number | undefined;
  readonly before: Readonly<Record<string, number>>;
  readonly after: Readonly<Record<string, number>>;
  readonly itemsPerSecond: Readonly<Record<string, number | undefined>>;
}

/** Something went wrong with a worker; the job goes on while another can take over. */
export interface FaultDetail {
  readonly workerId: string | undefined;
  readonly code: ShardErrorCode;
  readonly message: string;
}

export interface WorkerDetail {
  readonly workerId: string;
  readonly state: WorkerState;
}

export interface JobProgress {
  readonly jobId: number;
  readonly completedItemCount: number;
  /** `undefined` while a stream's source goes on. */
  readonly totalItemCount: number | undefined;
  /** 0…1; 0 while the total is unknown. */
  readonly fraction: number;
  /** Sum over the workers at their current throughput; `undefined` before the first measurement. */
  readonly itemsPerSecond: number | undefined;
  /** Predicted ms to the end; `undefined` before the first measurement and while the total is unknown. */
  readonly remainingMs: number | undefined;
}

export interface SharderEventMap {
  readonly attempt: CustomEvent<AttemptDetail>;
  readonly rebalance: CustomEvent<RebalanceDetail>;
  readonly fault: CustomEvent<FaultDetail>;
  readonly worker: CustomEvent<WorkerDetail>;
  readonly progress: CustomEvent<JobProgress>;
}

/** Sends one event; the type fixes the detail. */
export type Emit = <K extends keyof SharderEventMap>(type: K, detail: SharderEventMap[K]["detail"]) => void;

interface ListensTyped extends Pick<EventTarget, "dispatchEvent"> {
  addEventListener<K extends keyof SharderEventMap>(
    type: K,
    listener: (event: SharderEventMap[K]) => void,
    options?: AddEventListenerOptions | boolean,
  ): void;
  removeEventListener<K extends keyof SharderEventMap>(
    type: K,
    listener: (event: SharderEventMap[K]) => void,
    options?: EventListenerOptions | boolean,
  ): void;
}

/** `EventTarget`, whose listeners know the detail of each event. The platform's types can't be narrowed by overriding. */
export const ShardingEventTarget = EventTarget as unknown as new () => ListensTyped;
