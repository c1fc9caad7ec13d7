import type { Sharder, SharderEventMap, ShardError } from "../index.js";
import type { JobKind } from "./element-options.js";

/** A job has come to its end. */
export interface DoneDetail {
  readonly job: JobKind;
  /** Tiles of a picture, or items of a model's batch. */
  readonly itemCount: number;
  /** Without the pauses, ms. */
  readonly durationMs: number;
}

/** A model could not be loaded, or a job has failed. */
export interface ErrorDetail {
  readonly job: JobKind;
  readonly error: ShardError;
}

/**
 * The events of `<inference-sharder>`: those of its sharders, with the same details, and the end of each job. They are dispatched on the
 * element and don't bubble, since `progress` and `error` are names that a page may listen to for other reasons.
 */
export interface InferenceSharderEventMap extends SharderEventMap {
  readonly done: CustomEvent<DoneDetail>;
  readonly error: CustomEvent<ErrorDetail>;
}

const RELAYED = [
  "attempt",
  "rebalance",
  "fault",
  "worker",
  "job",
  "progress",
  "journal",
] as const satisfies readonly (keyof SharderEventMap)[];

/** Dispatch what the sharder reports on the element, too. @param signal ends it. */
export function relayEvents(sharder: Sharder, host: HTMLElement, signal: AbortSignal): void {
  for (const type of RELAYED) {
    sharder.addEventListener(type, ({ detail }) => host.dispatchEvent(new CustomEvent(type, { detail })), { signal });
  }
}

export function reportDone(host: HTMLElement, detail: DoneDetail): void {
  host.dispatchEvent(new CustomEvent("done", { detail }));
}

export function reportError(host: HTMLElement, detail: ErrorDetail): void {
  host.dispatchEvent(new CustomEvent("error", { detail }));
}
