/** A result that is not final yet. */
export interface LedgerEntry {
  readonly entryId: number;
  /** It has to be checked itself, since it was chosen or looks wrong: that a later one is right would not do. */
  readonly isDue: boolean;
  /** Whose result it is: entries of one owner may have to be settled while others go on. */
  readonly ownerId: number;
  /** Bytes that wait with it. */
  readonly byteCount: number;
}

/**
 * The results of one worker that wait for a check, in the order in which they were computed. Immutable.
 *
 * Invariant: an entry leaves as right only if it was computed before a result that agreed with another worker's, or is that result.
 */
export interface Ledger {
  readonly entries: readonly LedgerEntry[];
  readonly byteCount: number;
  /** The entry that is being checked. */
  readonly checkedId: number | undefined;
}

/** How much may wait before a check is due whatever the schedule says. */
export interface LedgerWindow {
  readonly maxEntryCount: number;
  readonly maxByteCount: number;
}

export const EMPTY_LEDGER: Ledger = { entries: [], byteCount: 0, checkedId: undefined };

export function addEntry(ledger: Ledger, entry: LedgerEntry): Ledger {
  return { ...ledger, entries: [...ledger.entries, entry], byteCount: ledger.byteCount + entry.byteCount };
}

/**
 * The entry to check now; `undefined` if none is due or a check is under way. The oldest that is due comes first. Otherwise, if the
 * window is full or somebody waits, the newest entry is checked, which settles all before it.
 *
 * @param idleOwners the owners for whom the worker has nothing else to do, so that waiting would gain nothing.
 */
export function nextCheck(
  ledger: Ledger,
  { idleOwners, window }: { idleOwners: ReadonlySet<number>; window: LedgerWindow },
): LedgerEntry | undefined {
  const { entries, byteCount, checkedId } = ledger;
  const newest = entries.at(-1);
  if (checkedId !== undefined || newest === undefined) return undefined;
  const due = entries.find(({ isDue }) => isDue);
  if (due !== undefined) return due;
  const isFull = entries.length >= window.maxEntryCount || byteCount >= window.maxByteCount;
  const isWaitedFor = entries.some(({ ownerId }) => idleOwners.has(ownerId));
  return isFull || isWaitedFor ? newest : undefined;
}

export function beginLedgerCheck(ledger: Ledger, entryId: number): Ledger {
  return { ...ledger, checkedId: entryId };
}

/** The check that was under way has ended. */
export function endLedgerCheck(ledger: Ledger): Ledger {
  return { ...ledger, checkedId: undefined };
}

/**
 * The checked result agreed: it is final, and so is what was computed before it, apart from what is due itself.
 * @returns the ids of the entries that are final, in order.
 */
export function agree(ledger: Ledger, entryId: number): { ledger: Ledger; finalIds: readonly number[] } {
  const at = ledger.entries.findIndex((entry) => entry.entryId === entryId);
  const final = ledger.entries.filter((entry, index) => entry.entryId === entryId || (index < at && !entry.isDue));
  const finalIds = final.map((entry) => entry.entryId);
  return { ledger: removeEntries(ledger, new Set(finalIds)), finalIds };
}

/** Entries whose owner no longer waits for them, or that are computed again. */
export function removeEntries(ledger: Ledger, entryIds: ReadonlySet<number>): Ledger {
  const entries = ledger.entries.filter(({ entryId }) => !entryIds.has(entryId));
  return { ...ledger, entries, byteCount: entries.reduce((total, entry) => total + entry.byteCount, 0) };
}
