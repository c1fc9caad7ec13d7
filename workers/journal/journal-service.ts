import { ShardError } from "../../src/core/errors.js";
import {
  journalLock,
  type JournalInfo,
  type NewRecord,
  type OpenedJournal,
  type OpenRequest,
} from "../../src/protocol/journal-api.js";
import { describeJournal } from "./describe-journal.js";
import { limitBytes, orderEvictions } from "./evict.js";
import type { JournalFolder, StoredFile } from "./journal-file.js";
import { OpenJournal } from "./open-journal.js";

interface Entry {
  readonly file: string;
  readonly journal: OpenJournal;
  readonly maxBytes: number;
  /** Why a record could not be written. Nothing is written after it: later records may mean something else without it. */
  lostBy?: unknown;
}

/** How often a journal that is written to all the time is looked at: until its header could be read, or a few times. */
const MAX_TRIES = 100;
const MIN_TRIES = 5;

/** The journals of this origin, as the worker offers them. */
export class JournalService {
  readonly #open = new Map<number, Entry>();
  readonly #openFolder: () => Promise<JournalFolder>;
  #folder: Promise<JournalFolder> | undefined;
  /** Bytes of the files that this worker has not open, as last counted. */
  #otherBytes = 0;
  /** Records are written in the order in which they came, also where one of them has to wait for room. */
  #lastAppend: Promise<void> = Promise.resolve();

  /** @param openFolder called when the folder is first needed, and again if that has failed. */
  constructor(openFolder: () => Promise<JournalFolder>) {
    this.#openFolder = openFolder;
  }

  async open({ journalId, file, header, maxBytes }: OpenRequest): Promise<OpenedJournal> {
    const folder = await this.#useFolder();
    const handle = await folder.openFile(file);
    let journal: OpenJournal;
    try {
      journal = new OpenJournal(handle, header, crypto.getRandomValues(new Uint32Array(1))[0]!);
    } catch (thrown) {
      handle.close();
      throw thrown;
    }
    const quota = await quotaBytes();
    this.#open.set(journalId, { file, journal, maxBytes: limitBytes(maxBytes, quota) });
    try {
      await this.#countOthers();
    } catch (thrown) {
      await this.close(journalId);
      throw thrown;
    }
    const { salt: _, ...stored } = journal.header;
    const { state, damage, contents } = journal.found;
    return { journalId, state, damage, header: stored, shards: contents.shards, chunks: contents.chunks };
  }

  append(journalId: number, records: readonly NewRecord[]): Promise<void> {
    const appended = this.#lastAppend.then(async () => {
      const entry = this.#require(journalId);
      if (entry.lostBy !== undefined) throw entry.lostBy;
      try {
        await this.#append(entry, records);
      } catch (thrown) {
        entry.lostBy = thrown;
        throw thrown;
      }
    });
    this.#lastAppend = appended.catch(() => {});
    return appended;
  }

  async #append({ journal, maxBytes }: Entry, records: readonly NewRecord[]): Promise<void> {
    const neededBytes = OpenJournal.recordBytes(records);
    const missingBytes = (): number => this.#otherBytes + this.#openBytes() + neededBytes - maxBytes;
    if (missingBytes() > 0) await this.#evict(missingBytes());
    if (missingBytes() > 0) throw tooLarge(journal.header.name, maxBytes);
    try {
      journal.append(records);
    } catch (thrown) {
      if (!(thrown instanceof DOMException && thrown.name === "QuotaExceededError")) throw thrown;
      // Other parts of the page take up the quota, too.
      if (!(await this.#evict(neededBytes))) throw thrown;
      journal.append(records);
    }
  }

  read(journalId: number, shardId: number): ArrayBuffer {
    return this.#require(journalId).journal.readPayload(shardId);
  }

  async close(journalId: number): Promise<void> {
    await this.#lastAppend;
    const entry = this.#open.get(journalId);
    this.#open.delete(journalId);
    entry?.journal.close();
  }

  async list(): Promise<JournalInfo[]> {
    const folder = await this.#useFolder();
    const files = await folder.readAll();
    const held = await heldLocks();
    const found = await Promise.all(files.map((file) => describeNow(folder, file, held.has(journalLock(file.name)))));
    return found.flatMap((info) => info ?? []).toSorted((a, b) => b.changedAt.getTime() - a.changedAt.getTime());
  }

  async remove(file: string): Promise<boolean> {
    return (await this.#useFolder()).remove(file);
  }

  async export(file: string): Promise<Blob | undefined> {
    return (await (await this.#useFolder()).read(file))?.copy();
  }

  /** Remove journals that nobody uses until these bytes are free. @returns whether they are. */
  async #evict(neededBytes: number): Promise<boolean> {
    const folder = await this.#useFolder();
    const own = new Set([...this.#open.values()].map(({ file }) => file));
    const others = (await folder.readAll()).filter(({ name }) => !own.has(name));
    const candidates = others.flatMap((file) => {
      const isFinished = describeJournal(file).state !== "unfinished";
      // Somebody writes to it.
      if (file.isOutdated) return [];
      return { name: file.name, byteLength: file.getSize(), isFinished, changedAtMs: file.changedAtMs };
    });
    let freedBytes = 0;
    for (const { name, byteLength } of orderEvictions(candidates)) {
      if (freedBytes >= neededBytes) break;
      if (await removeUnlessUsed(folder, name)) freedBytes += byteLength;
    }
    await this.#countOthers();
    return freedBytes >= neededBytes;
  }

  async #countOthers(): Promise<void> {
    const own = new Set([...this.#open.values()].map(({ file }) => file));
    const files = await (await this.#useFolder()).readAll();
    this.#otherBytes = files.reduce((total, file) => total + (own.has(file.name) ? 0 : file.getSize()), 0);
  }

  #openBytes(): number {
    return [...this.#open.values()].reduce((total, { journal }) => total + journal.byteLength, 0);
  }

  #require(journalId: number): Entry {
    const entry = this.#open.get(journalId);
    if (entry !== undefined) return entry;
    throw new ShardError(
      "storage-unavailable",
      `Expected an open journal, received number ${journalId}, whose worker was lost: run the job again to go on from what is recorded.`,
    );
  }

  #useFolder(): Promise<JournalFolder> {
    this.#folder ??= this.#openFolder();
    // The next call tries again.
    this.#folder.catch(() => (this.#folder = undefined));
    return this.#folder;
  }
}

/** @returns whether it was removed. A page that uses a journal holds its lock. */
async function removeUnlessUsed(folder: JournalFolder, file: string): Promise<boolean> {
  const remove = (): Promise<boolean> => folder.remove(file).catch(() => false);
  const locks = globalThis.navigator?.locks as LockManager | undefined;
  if (locks === undefined) return remove();
  return locks.request(journalLock(file), { ifAvailable: true }, async (lock) => lock !== null && (await remove()));
}

/**
 * Describe a journal that may be written to at the same time.
 * @returns what could be read of it; `undefined` if it was deleted meanwhile.
 */
async function describeNow(
  folder: JournalFolder,
  file: StoredFile,
  isInUse: boolean,
): Promise<JournalInfo | undefined> {
  let most = describeJournal(file, isInUse);
  let last: StoredFile | undefined = file;
  for (let tryCount = 1; last.isOutdated && tryCount < (most.state === "damaged" ? MAX_TRIES : MIN_TRIES); tryCount++) {
    last = await folder.read(file.name);
    if (last === undefined) return undefined;
    const info = describeJournal(last, isInUse);
    if (most.state === "damaged" || info.doneItemCount > most.doneItemCount || !last.isOutdated) most = info;
  }
  return most;
}

/** The names of the Web Locks that are held now. */
async function heldLocks(): Promise<ReadonlySet<string | undefined>> {
  const locks = globalThis.navigator?.locks as LockManager | undefined;
  return new Set((await locks?.query())?.held?.map(({ name }) => name));
}

/** `undefined` where the browser does not say. */
async function quotaBytes(): Promise<number | undefined> {
  try {
    return (await navigator.storage.estimate()).quota;
  } catch {
    return undefined;
  }
}

function tooLarge(name: string, maxBytes: number): ShardError {
  return new ShardError(
    "storage-unavailable",
    `Expected journal "${name}" and those that are in use to fit into ${maxBytes} bytes, received more: raise maxBytes, or delete journals with deleteJournal().`,
  );
}
