import { ShardError } from "../../core/errors.js";
import { abortError } from "../../protocol/abort.js";
import { journalLock } from "../../protocol/journal-api.js";
import type { JournalOptions } from "./journal-options.js";

/** How long a job that would rather run without a journal waits for it, ms: the job that ends now may be about to release it. */
const PATIENCE_MS = 1_000;

interface LockRequest extends Pick<JournalOptions, "name" | "ifBusy"> {
  /** The journal's file. */
  readonly file: string;
  readonly signal: AbortSignal;
  /** Called if another tab or job uses the journal, and this one waits. */
  readonly onWaiting: () => void;
}

/**
 * Take a journal for one job, by a Web Lock: among all tabs of the origin, one job at a time uses a journal. The browser releases the lock
 * of a tab that has crashed.
 *
 * @returns releases it. Where there are no locks, the exclusive access to the file has to do.
 * @throws ShardError "journal-busy" if it is in use and the job does not want to wait; "aborted"
 */
export async function lockJournal({ name, file, ifBusy, signal, onWaiting }: LockRequest): Promise<() => void> {
  if ((globalThis.navigator?.locks as LockManager | undefined) === undefined) return () => {};
  const lock = journalLock(file);
  const release = await request(lock, { ifAvailable: true });
  if (release !== undefined) return release;
  // Before anybody listens: the inputs were hashed meanwhile.
  if (signal.aborted) throw abortError(signal);
  if (ifBusy === "fail") throw busy(name);
  const waiting = new AbortController();
  const giveUp = (): void => waiting.abort();
  signal.addEventListener("abort", giveUp, { once: true });
  const patience = ifBusy === "ignore" ? setTimeout(giveUp, PATIENCE_MS) : undefined;
  if (ifBusy !== "ignore") onWaiting();
  try {
    return (await request(lock, { signal: waiting.signal })) ?? (() => {});
  } catch (thrown) {
    if (signal.aborted) throw abortError(signal);
    throw waiting.signal.aborted ? busy(name) : thrown;
  } finally {
    clearTimeout(patience);
    signal.removeEventListener("abort", giveUp);
  }
}

function busy(name: string): ShardError {
  return new ShardError(
    "journal-busy",
    `Expected journal ${JSON.stringify(name)} to be free, but another job or another tab uses it: wait for its end, or choose another name.`,
  );
}

/** @returns releases the lock; `undefined` if it is not available. */
function request(lock: string, options: LockOptions): Promise<(() => void) | undefined> {
  return new Promise((resolve, reject) => {
    navigator.locks
      .request(lock, options, (granted) => {
        if (granted === null) return resolve(undefined);
        return new Promise<void>((release) => resolve(release));
      })
      .catch(reject);
  });
}
