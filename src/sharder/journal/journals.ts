import { ShardError } from "../../core/errors.js";
import { JournalStore } from "../../pool/journal-store.js";
import type { WorkerLink } from "../../pool/worker-link.js";
import { abortError } from "../../protocol/abort.js";
import { messageOf } from "../../protocol/error-record.js";
import type { JournalApi, JournalHeader } from "../../protocol/journal-api.js";
import type { WireModel } from "../../protocol/model-on-wire.js";
import type { Emit, JournalDetail } from "../events.js";
import type { FaultReports } from "../fault-reports.js";
import type { PreparedInputs } from "../inputs/prepare-inputs.js";
import { digestOf, journalFileName } from "./digest.js";
import { digestInputs, digestModel } from "./fingerprint.js";
import { JobJournal } from "./job-journal.js";
import { lockJournal } from "./journal-lock.js";
import type { JournalOptions } from "./journal-options.js";
import { describeOpened } from "./journal-text.js";

export interface JournalsContext {
  readonly open: () => WorkerLink<JournalApi<Blob>>;
  readonly wire: WireModel;
  /** The sharder's options that change values. */
  readonly valueOptions: unknown;
  /** The inference runtimes of its workers, each once. */
  readonly engines: () => readonly string[];
  readonly emit: Emit;
  readonly faults: FaultReports;
}

/** Opens the journals of one sharder's jobs. */
export class Journals {
  readonly #context: JournalsContext;
  readonly #store: JournalStore;
  /** Aborts when the sharder is disposed. */
  readonly #life = new AbortController();
  readonly #inUse = new Set<JobJournal>();
  #model: Promise<string> | undefined;

  constructor(context: JournalsContext) {
    this.#context = context;
    this.#store = new JournalStore(context.open);
  }

  /**
   * Open the journal of a call of `predict`. The inputs are hashed first.
   * @returns `undefined` if there is none to be had; events say so.
   * @throws ShardError "journal-busy", "invalid-options" if no worker has the engine that recorded it, "aborted"
   */
  openForPredict(
    options: JournalOptions,
    inputs: PreparedInputs,
    signal: AbortSignal | undefined,
  ): Promise<JobJournal | undefined> {
    return this.#openFor(options, signal, async () => ({
      kind: "predict",
      itemCount: inputs.itemCount,
      content: [await digestInputs(inputs), options.key ?? null],
    }));
  }

  /** As `openForPredict`, for a stream, whose source is what the caller's key says. */
  openForStream(options: JournalOptions, signal: AbortSignal | undefined): Promise<JobJournal | undefined> {
    return this.#openFor(options, signal, async () => ({ kind: "stream", itemCount: undefined, content: options.key }));
  }

  /** Jobs that wait for a journal reject with "disposed". Those that are in use are closed: what was recorded is kept. */
  async close(): Promise<void> {
    this.#life.abort();
    await Promise.all([...this.#inUse].map((journal) => journal.close()));
    this.#store.end();
  }

  async #openFor(
    options: JournalOptions,
    signal: AbortSignal | undefined,
    describe: () => Promise<Pick<JournalHeader, "kind" | "itemCount"> & { readonly content: unknown }>,
  ): Promise<JobJournal | undefined> {
    const ending = new AbortController();
    const end = (): void => ending.abort(signal?.reason);
    for (const each of [signal, this.#life.signal]) each?.addEventListener("abort", end, { once: true });
    let release = (): void => {};
    try {
      const { content, ...kind } = await describe();
      const fingerprint = await this.#fingerprint(kind.kind, content);
      release = await this.#lock(options, ending.signal);
      this.#throwIfEnded(ending.signal);
      const journal = await this.#open(options, { ...kind, fingerprint }, release);
      if (ending.signal.aborted) await journal.close();
      this.#throwIfEnded(ending.signal);
      return journal;
    } catch (thrown) {
      release();
      this.#throwIfEnded(ending.signal);
      const code = thrown instanceof ShardError ? thrown.code : undefined;
      if (code === "invalid-options" || (code === "journal-busy" && options.ifBusy !== "ignore")) throw thrown;
      this.#reportUnavailable(options.name, thrown);
      return undefined;
    } finally {
      for (const each of [signal, this.#life.signal]) each?.removeEventListener("abort", end);
    }
  }

  async #fingerprint(kind: string, content: unknown): Promise<string> {
    const { wire, valueOptions } = this.#context;
    this.#model ??= digestModel(wire, valueOptions);
    // The next job tries again.
    this.#model.catch(() => (this.#model = undefined));
    return digestOf([JSON.stringify([kind, await this.#model, content])]);
  }

  async #lock({ name, ifBusy }: JournalOptions, signal: AbortSignal): Promise<() => void> {
    const message = `Another job or tab uses the journal ${JSON.stringify(name)}: this job waits for its end.`;
    const onWaiting = (): void => this.#tell({ name, state: "waiting", itemCount: 0, message });
    return lockJournal({ name, file: await journalFileName(name), ifBusy, signal, onWaiting });
  }

  async #open(
    { name, maxBytes, keepResults = true }: JournalOptions,
    job: Pick<JournalHeader, "kind" | "itemCount" | "fingerprint">,
    release: () => void,
  ): Promise<JobJournal> {
    const engine = this.#context.engines().join("+") || "tfjs";
    const header: JournalHeader = { name, ...job, engine, createdAtMs: Date.now() };
    const file = await journalFileName(name);
    const opened = await this.#store.open({ file, header, maxBytes });
    const again = { file, header: opened.header, maxBytes };
    const journal: JobJournal = new JobJournal(this.#store, opened, {
      onLost: (error) => this.#reportUnavailable(name, error),
      onChanged: (firstItem) => {
        const message = `The source yields other items than the journal ${JSON.stringify(name)} was recorded from, from item ${firstItem} on: they are computed again.`;
        this.#tell({ name, state: "changed", itemCount: firstItem, message });
      },
      onClose: async (isFinished) => {
        // Deleted before somebody else may use it.
        if (isFinished && !keepResults) await this.#store.remove(file).catch(() => {});
        this.#inUse.delete(journal);
        release();
      },
      reopen: async () => (await this.#store.open(again)).journalId,
    });
    this.#inUse.add(journal);
    if (opened.header.engine !== engine) {
      await journal.close();
      throw otherEngine(name, opened.header.engine, engine);
    }
    this.#tell(describeOpened(opened, name));
    return journal;
  }

  #throwIfEnded(signal: AbortSignal): void {
    if (this.#life.signal.aborted) {
      throw new ShardError("disposed", "Expected a live sharder, received one after dispose(): create another.");
    }
    if (signal.aborted) throw abortError(signal);
  }

  #reportUnavailable(name: string, thrown: unknown): void {
    if (this.#life.signal.aborted) return;
    const message = `The job continues without its journal ${JSON.stringify(name)}: ${messageOf(thrown)}`;
    const code = thrown instanceof ShardError ? thrown.code : "storage-unavailable";
    // Nothing is wrong with a journal that is in use.
    if (code !== "journal-busy") {
      this.#context.faults.report({ cause: "storage", workerId: undefined, code, message, action: "gave-up" });
    }
    this.#tell({ name, state: "unavailable", itemCount: 0, message });
  }

  #tell(detail: JournalDetail): void {
    this.#context.emit("journal", detail);
  }
}

function otherEngine(name: string, recorded: string, present: string): ShardError {
  return new ShardError(
    "invalid-options",
    `Expected a worker of engine "${recorded}", which recorded the journal ${JSON.stringify(name)}, received workers of "${present}" only: list workers of that engine, or delete the journal with deleteJournal().`,
  );
}
