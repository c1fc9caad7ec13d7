import { ShardError } from "../core/errors.js";
import type { JournalApi, JournalInfo, NewRecord, OpenedJournal, OpenRequest } from "../protocol/journal-api.js";
import { handOver, WorkerCalls } from "./worker-calls.js";
import type { WorkerLink } from "./worker-link.js";

/** Starting includes the download of the script; opening reads a journal of some gigabytes once. */
const OPEN_DEADLINE_MS = 120_000;
const CALL_DEADLINE_MS = 60_000;

/** The page's side of the journals' worker, which starts with the first call. */
export class JournalStore {
  readonly #open: () => WorkerLink<JournalApi<Blob>>;
  #calls: WorkerCalls<JournalApi<Blob>> | undefined;
  #isEnded = false;
  /** Not counted anew in a worker that replaces one that was lost, which must not take one journal for another. */
  #openedCount = 0;

  constructor(open: () => WorkerLink<JournalApi<Blob>>) {
    this.#open = open;
  }

  /** @throws ShardError "storage-unavailable", "backend-unavailable", "worker-timeout" */
  async open(request: Omit<OpenRequest, "journalId">): Promise<OpenedJournal> {
    const journalId = ++this.#openedCount;
    return this.#use().call("open a journal", OPEN_DEADLINE_MS, (api) => api.open({ ...request, journalId }));
  }

  /** The payloads are transferred. @throws ShardError "storage-unavailable" where there is no room; "worker-timeout" */
  async append(journalId: number, records: readonly NewRecord[]): Promise<undefined> {
    const payloads = records.map(({ payload }) => payload);
    const sent = handOver(records, payloads);
    return this.#use().call("write records", CALL_DEADLINE_MS, (api) => api.append(journalId, sent));
  }

  async read(journalId: number, shardId: number): Promise<ArrayBuffer> {
    return this.#use().call("read a record", CALL_DEADLINE_MS, (api) => api.read(journalId, shardId));
  }

  async close(journalId: number): Promise<undefined> {
    return this.#use().call("close a journal", CALL_DEADLINE_MS, (api) => api.close(journalId));
  }

  async list(): Promise<readonly JournalInfo[]> {
    return this.#use().call("list the journals", OPEN_DEADLINE_MS, (api) => api.list());
  }

  async remove(file: string): Promise<boolean> {
    return this.#use().call("delete a journal", CALL_DEADLINE_MS, (api) => api.remove(file));
  }

  async export(file: string): Promise<Blob | undefined> {
    return this.#use().call("export a journal", OPEN_DEADLINE_MS, (api) => api.export(file));
  }

  /** End the worker. What it has written stays. Later calls reject. */
  end(): void {
    this.#isEnded = true;
    this.#calls?.end(ended());
    this.#calls = undefined;
  }

  #use(): WorkerCalls<JournalApi<Blob>> {
    if (this.#isEnded) throw ended();
    this.#calls ??= new WorkerCalls(this.#open(), {
      name: "journal",
      lostTo: (reason) =>
        new ShardError(
          "storage-unavailable",
          `Expected the worker that keeps journals to run, but it was lost (${reason}): check that the page may load all scripts of the build.`,
        ),
      onEnd: () => (this.#calls = undefined),
    });
    return this.#calls;
  }
}

function ended(): ShardError {
  return new ShardError("disposed", "The store of journals was closed.");
}
