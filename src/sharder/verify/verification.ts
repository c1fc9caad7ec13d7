/**
 * What checks have shown about a worker since it started: "verified": its results agreed; "unverified": nobody could compute them
 * again; "unchecked": none was due yet, or it isn't checked.
 */
export type CheckState = "verified" | "unverified" | "unchecked";

/** What checking results has shown and cost, as `sharder.verification` shows it. */
export interface Verification {
  /** Results of shards or stages that were computed again. */
  readonly checkedShardCount: number;
  /** Items that were computed again for that. */
  readonly checkedItemCount: number;
  /** What that took on the workers that did it, ms. */
  readonly checkMs: number;
  /** Checks that proved a worker wrong. */
  readonly wrongCount: number;
  /** By worker id, for the workers that are present. */
  readonly workers: Readonly<Record<string, CheckState>>;
}
