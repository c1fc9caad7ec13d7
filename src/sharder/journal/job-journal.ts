import type { ItemRange } from "../../core/dispatch/types.js";
import { ShardError } from "../../core/errors.js";
import type { JournalStore } from "../../pool/journal-store.js";
import { messageOf } from "../../protocol/error-record.js";
import type { NewRecord, OpenedJournal, RecordedChunk, RecordedShard } from "../../protocol/journal-api.js";
import type { PreparedInputs } from "../inputs/prepare-inputs.js";
import type { FinishedShard, ShardSink } from "../job/shard-sink.js";
import { ChunkTable } from "./chunk-table.js";
import { fromHex } from "./digest.js";
import { digestInputs } from "./fingerprint.js";
import { decodeShard, encodeShard } from "./shard-payload.js";

/** Records that are being written take no more memory than this; beyond it a shard is not recorded, so that a resumed job repeats it. */
const MAX_PENDING_BYTES = 256 * 1024 * 1024;
/** From here on a stream does not pull its source. */
const BEHIND_BYTES = 32 * 1024 * 1024;

/** What a journal reports to its owner. */
export interface JobJournalListener {
  /** It can't be written any more; the job continues without. Called once. */
  onLost(error: ShardError): void;
  /** From this item on, the source yields other items than were recorded. */
  onChanged(firstItem: number): void;
  /** The job no longer uses it. @param isFinished the job has ended well. */
  onClose(isFinished: boolean): void | Promise<void>;
  /** Its worker was lost: open the file in another one. @returns the journal's new number. */
  reopen(): Promise<number>;
}

/** The journal of one job: gives back what earlier runs have recorded, and records what this one finishes. */
export class JobJournal implements ShardSink {
  readonly #store: JournalStore;
  #journalId: number;
  readonly #listener: JobJournalListener;
  readonly #kind: "predict" | "stream";
  readonly #recordedChunks: Map<number, RecordedChunk>;
  readonly #chunks = new ChunkTable();
  /** What was recorded for the chunks that have not come yet, by chunk. */
  readonly #recorded = new Map<number, RecordedShard[]>();
  /** First items of what has been given back. */
  readonly #givenBack = new Map<number, RecordedShard>();
  /** Records of chunks that have come since the last shard. */
  readonly #announced: NewRecord[] = [];
  #pendingBytes = 0;
  #isLost = false;
  #isClosed = false;

  constructor(store: JournalStore, { journalId, header, shards, chunks }: OpenedJournal, listener: JobJournalListener) {
    this.#store = store;
    this.#journalId = journalId;
    this.#listener = listener;
    this.#kind = header.kind;
    for (const shard of shards) {
      const beside = this.#recorded.get(shard.chunk);
      if (beside === undefined) this.#recorded.set(shard.chunk, [shard]);
      else beside.push(shard);
    }
    this.#recordedChunks = new Map(chunks.map((each) => [each.chunk, each]));
  }

  /** Whether more is waiting to be written than a stream should add to. */
  get isBehind(): boolean {
    return this.#pendingBytes > BEHIND_BYTES;
  }

  /**
   * The next items of the job. For a stream they are compared with those that were recorded: from the first batch on that differs, what
   * was recorded is void.
   * @returns what of them is recorded, ascending.
   */
  async enter(inputs: PreparedInputs): Promise<readonly RecordedShard[]> {
    const added = this.#chunks.add(inputs.itemCount);
    if (this.#kind === "stream") await this.#compare(added, inputs);
    const found = this.#recorded.get(added.chunk) ?? [];
    this.#recorded.delete(added.chunk);
    for (const shard of found) this.#givenBack.set(shard.firstItem, shard);
    return found;
  }

  async #compare(added: ItemRange & { readonly chunk: number }, inputs: PreparedInputs): Promise<void> {
    if (this.#isLost && this.#recorded.size === 0) return;
    const digest = await digestInputs(inputs);
    const { chunk, firstItem, itemCount } = added;
    const recorded = this.#recordedChunks.get(chunk);
    if (recorded?.digest === digest && recorded.firstItem === firstItem && recorded.itemCount === itemCount) return;
    if (recorded !== undefined) {
      this.#recorded.clear();
      this.#recordedChunks.clear();
      this.#listener.onChanged(firstItem);
    }
    // It is written with the next shard, since it is of no use without any.
    this.#announced.push({ kind: "chunk", firstItem, itemCount, chunk, payload: fromHex(digest).buffer });
  }

  /**
   * Give the recorded shards of the next items to a sink.
   * @returns the items that it has got.
   */
  async giveBack(inputs: PreparedInputs, sink: ShardSink): Promise<readonly ItemRange[]> {
    const done: ItemRange[] = [];
    for (const recorded of await this.enter(inputs)) {
      const shard = await this.#tryRead(recorded);
      if (shard === undefined) continue;
      await sink.accept(shard);
      done.push(recorded);
    }
    return done;
  }

  /** A recorded shard. @throws ShardError "storage-unavailable" if it can't be read any more. */
  async read({ id, firstItem, itemCount }: RecordedShard): Promise<FinishedShard> {
    return { firstItem, itemCount, ...decodeShard(await this.#readPayload(id)) };
  }

  async #readPayload(id: number): Promise<ArrayBuffer> {
    try {
      return await this.#store.read(this.#journalId, id);
    } catch (thrown) {
      if (this.#isClosed || !(thrown instanceof ShardError) || thrown.code === "disposed") throw thrown;
      // If its worker was lost, the file is as it was.
      await this.#store.close(this.#journalId).catch(() => {});
      this.#journalId = await this.#listener.reopen();
      return this.#store.read(this.#journalId, id);
    }
  }

  /** A recorded shard, unless it can't be read any more: then it has to be computed again. */
  async #tryRead(shard: RecordedShard): Promise<FinishedShard | undefined> {
    try {
      return await this.read(shard);
    } catch (thrown) {
      this.#givenBack.delete(shard.firstItem);
      if (!(thrown instanceof ShardError)) throw thrown;
      return undefined;
    }
  }

  /** Resolves once the shard is written, or can't be. The outputs are copied at once. A resumed job tries items that failed again. */
  accept(shard: FinishedShard): void | Promise<void> {
    // Items that failed are not recorded, so that they are tried again.
    if (shard.itemErrors !== undefined) return;
    this.#requireNew(shard);
    if (this.#isLost || this.#isClosed || this.#pendingBytes > MAX_PENDING_BYTES) return;
    try {
      return this.#append(this.#recordsOf(shard));
    } catch (thrown) {
      // No memory is left for a copy of the outputs.
      this.#lose(thrown);
    }
  }

  /**
   * A model takes the items of a job in one way. If it takes them in another than when they were recorded, rows would come twice.
   * @throws ShardError "storage-unavailable"
   */
  #requireNew({ firstItem, itemCount }: ItemRange): void {
    for (let item = firstItem; item < firstItem + itemCount && this.#givenBack.size > 0; item++) {
      if (!this.#givenBack.has(item)) continue;
      throw new ShardError(
        "storage-unavailable",
        `Expected the model to take its items as it did when they were recorded, but item ${item} has come again: delete the journal with deleteJournal() and run the job again.`,
      );
    }
  }

  /** @throws RangeError where no memory is left */
  #recordsOf(shard: FinishedShard): readonly NewRecord[] {
    const pieces = this.#kind === "predict" ? [{ chunk: 0, shard }] : this.#chunks.divide(shard);
    return pieces.map(({ chunk, shard: { firstItem, itemCount, ...rest } }) => {
      const payload = encodeShard({ firstItem, itemCount, ...rest });
      return { kind: "shard", firstItem, itemCount, chunk, payload } as const;
    });
  }

  /** Never rejects. */
  async #append(records: readonly NewRecord[]): Promise<void> {
    if (this.#isLost) return;
    const byteLength = records.reduce((total, { payload }) => total + payload.byteLength, 0);
    this.#pendingBytes += byteLength;
    try {
      await this.#store.append(this.#journalId, [...this.#announced.splice(0), ...records]);
    } catch (thrown) {
      this.#lose(thrown);
    } finally {
      this.#pendingBytes -= byteLength;
    }
  }

  #lose(thrown: unknown): void {
    if (this.#isLost || this.#isClosed) return;
    this.#isLost = true;
    this.#listener.onLost(
      thrown instanceof ShardError
        ? thrown
        : new ShardError("storage-unavailable", `The journal could not be written: ${messageOf(thrown)}`, {
            cause: thrown,
          }),
    );
  }

  /** The job has ended well, and every result has been passed on. */
  async finish(): Promise<void> {
    const { itemCount } = this.#chunks;
    await this.#append([{ kind: "finished", firstItem: 0, itemCount, chunk: 0, payload: new ArrayBuffer(0) }]);
    await this.#end(true);
  }

  /** Write what is left and release the journal. Never rejects. May be called twice. */
  close(): Promise<void> {
    return this.#end(false);
  }

  async #end(isFinished: boolean): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      await this.#store.close(this.#journalId);
    } catch {
      // The worker has ended, and the file with it.
    }
    await this.#listener.onClose(isFinished);
  }
}
