/** Files that may be removed to make room. */
export interface Evictable {
  readonly name: string;
  readonly byteLength: number;
  readonly isFinished: boolean;
  /** Milliseconds since 1970. */
  readonly changedAtMs: number;
}

/**
 * The order in which journals are removed where room is needed: finished ones before unfinished ones, and among each those first that were
 * not written to for longest.
 */
export function orderEvictions(files: readonly Evictable[]): readonly Evictable[] {
  return files.toSorted(
    (a, b) =>
      Number(b.isFinished) - Number(a.isFinished) || a.changedAtMs - b.changedAtMs || (a.name < b.name ? -1 : 1),
  );
}

const DEFAULT_MAX_BYTES = 2 * 1024 ** 3;
/** The rest stays for the page itself. */
const MAX_QUOTA_FRACTION = 0.5;

/** The most bytes of all journals: what the caller says, or 2 GiB, but no more than half of the quota. */
export function limitBytes(given: number | undefined, quotaBytes: number | undefined): number {
  return given ?? Math.min(DEFAULT_MAX_BYTES, (quotaBytes ?? Infinity) * MAX_QUOTA_FRACTION);
}
