import { JournalStore } from "../../pool/journal-store.js";
import { openJournals } from "../../pool/worker-entries.js";
import type { JournalInfo } from "../../protocol/journal-api.js";
import { journalFileName } from "./digest.js";
import { checkName } from "./journal-options.js";

/**
 * The journals of this origin, those that were changed last first.
 * @throws ShardError "storage-unavailable" where there is no origin-private file system: in insecure pages and some private windows.
 */
export function listJournals(): Promise<readonly JournalInfo[]> {
  return withStore((store) => store.list());
}

/**
 * What is known about one journal; `undefined` if there is none of this name.
 * @throws ShardError as `listJournals`
 */
export async function inspectJournal(name: string): Promise<JournalInfo | undefined> {
  checkName({ name });
  return (await listJournals()).find((journal) => journal.name === name);
}

/**
 * Delete a journal, so that the next job of this name starts over.
 * @returns whether there was one.
 * @throws ShardError "journal-busy" while a job uses it; as `listJournals`
 */
export async function deleteJournal(name: string): Promise<boolean> {
  const file = await journalFileName(checkName({ name }).name);
  return withStore((store) => store.remove(file));
}

/**
 * A copy of a journal's file as it is now, in the format that src/protocol/journal-api.ts describes; `undefined` if there is none.
 * @throws ShardError as `listJournals`
 */
export async function exportJournal(name: string): Promise<Blob | undefined> {
  const file = await journalFileName(checkName({ name }).name);
  return withStore((store) => store.export(file));
}

async function withStore<T>(use: (store: JournalStore) => Promise<T>): Promise<T> {
  const store = new JournalStore(openJournals);
  try {
    return await use(store);
  } finally {
    store.end();
  }
}
