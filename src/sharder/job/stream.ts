import { ShardError, type ItemError } from "../../core/errors.js";
import { abortError, throwIfAborted } from "../../protocol/abort.js";
import { toOutputValue } from "../../protocol/outputs.js";
import { orShardError, unforeseen } from "../../protocol/raw-errors.js";
import type { Outputs } from "../../protocol/tensors.js";
import type { Inputs, PreparedInputs } from "../inputs/prepare-inputs.js";
import type { JobJournal } from "../journal/job-journal.js";
import type { StreamJournalOptions } from "../journal/journal-options.js";
import { TeeSink } from "../journal/tee-sink.js";
import { requireKnownKeys } from "../known-keys.js";
import { checkPriority, checkSignal } from "./predict-options.js";
import type { OnItemError } from "../options.js";
import type { FinishedShard } from "./shard-sink.js";
import { SourceFailure, type JobOptions, type ShardingJob } from "./sharding-job.js";
import { WaitingShards } from "./waiting-shards.js";

export interface StreamOptions {
  /** "input" (default): shards in the order of their items. "completion": in the order in which they finish. */
  readonly order?: "input" | "completion";
  readonly signal?: AbortSignal | undefined;
  /** As in `PredictOptions`. */
  readonly priority?: number;
  /**
   * As in `PredictOptions`. On resuming the source is pulled from its beginning again, and has to yield the same batches; they are compared,
   * and what differs is computed. Recorded shards are yielded as they were, by the worker that computed them.
   */
  readonly journal?: StreamJournalOptions | undefined;
  /**
   * What happens about items that failed wherever they were tried. "throw": they are left out, and the stream rejects at its end, with an
   * error whose `itemErrors` names them. "report": shards come for them, too, with `itemErrors`. Default: the sharder's `onItemError`.
   */
  readonly onItemError?: OnItemError | undefined;
}

/** Outputs of items `firstItem … firstItem + itemCount - 1`, counted over the whole stream. */
export interface StreamShard {
  readonly firstItem: number;
  readonly itemCount: number;
  readonly workerId: string;
  readonly outputs: Outputs;
  /**
   * With `onItemError: "report"`, for a shard whose items failed wherever they were tried. Its rows are fillers (NaN, 0, ""); it has no
   * outputs if no item has shown their shapes yet.
   */
  readonly itemErrors?: readonly ItemError[];
}

export type Source = Iterable<Inputs> | AsyncIterable<Inputs>;

/** How many shards may wait for the consumer before the source is no longer pulled. */
const MAX_WAITING_SHARDS = 16;

/** What the sharder adds to a stream's own options. */
interface StreamDefaults {
  readonly onItemError?: OnItemError;
  readonly openJournal?: (() => Promise<JobJournal | undefined>) | undefined;
}

interface RunOptions {
  readonly order: "input" | "completion";
  readonly signal: AbortSignal | undefined;
  readonly priority: number;
  readonly onItemError: OnItemError;
}

/**
 * Run a job over a source, as a generator. It pulls the source when the workers want more and the consumer keeps up, and yields each
 * shard once. Ending the generator early cancels the job and closes the source.
 *
 * @throws ShardError as `predict`; whatever the source throws, unchanged.
 */
export async function* streamShards(
  createJob: (options: JobOptions) => ShardingJob,
  source: Source,
  prepare: (inputs: Inputs) => PreparedInputs,
  options: StreamOptions,
  { onItemError: byDefault, openJournal }: StreamDefaults = {},
): AsyncGenerator<StreamShard, void, undefined> {
  const { order = "input", signal, priority = 0, onItemError = byDefault ?? "throw" } = checkStreamOptions(options);
  throwIfAborted(signal);
  const journal = await openJournal?.();
  try {
    yield* runStream(createJob, source, prepare, { order, signal, priority, onItemError }, journal);
    if (journal !== undefined) await journal.finish();
  } finally {
    if (journal !== undefined) await journal.close();
  }
}

async function* runStream(
  createJob: (options: JobOptions) => ShardingJob,
  source: Source,
  prepare: (inputs: Inputs) => PreparedInputs,
  { order, signal, priority, onItemError }: RunOptions,
  journal: JobJournal | undefined,
): AsyncGenerator<StreamShard, void, undefined> {
  // Created here and not earlier, so that a generator that is never iterated leaves nothing behind.
  const bell = new Bell();
  const waiting = new WaitingShards(order, bell, onItemError);
  const ring = (): void => bell.ring();
  const sink = journal === undefined ? waiting : new TeeSink(journal, waiting);
  const job = createJob({ sink, priority, onItemError, onProgress: ring, onWantsMore: ring });
  const supply = new Supply(job, prepare, bell, journal && { journal, waiting });
  const end = new JobEnd(job, bell);
  const onAbort = (): void => job.fail(abortError(signal!));
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    throwIfAborted(signal);
    supply.open(source);
    for (;;) {
      const rung = bell.next();
      // Checked even when every shard is done and waits for the consumer.
      throwIfAborted(signal);
      end.throwIfFailed();
      if (job.wantsItems && waiting.count < MAX_WAITING_SHARDS && journal?.isBehind !== true) supply.pull();
      const shard = waiting.take();
      if (shard !== undefined) yield toStreamShard("outputs" in shard ? shard : await journal!.read(shard));
      else if (end.isDone) return;
      else await rung;
    }
  } finally {
    signal?.removeEventListener("abort", onAbort);
    job.fail(new ShardError("aborted", "The stream was ended by its consumer."));
    supply.close();
  }
}

/** Wakes the generator when something has happened. */
class Bell {
  #ring: () => void = () => {};

  /** Resolves with the next ring. */
  next(): Promise<void> {
    return new Promise((resolve) => (this.#ring = resolve));
  }

  ring(): void {
    this.#ring();
  }
}

/** What an earlier run has recorded, and where it goes. */
interface Resumed {
  readonly journal: JobJournal;
  readonly waiting: WaitingShards;
}

/** Feeds the job from the source, one pull at a time. */
class Supply {
  readonly #job: ShardingJob;
  readonly #prepare: (inputs: Inputs) => PreparedInputs;
  readonly #bell: Bell;
  readonly #resumed: Resumed | undefined;
  #iterator: AsyncIterator<Inputs> | Iterator<Inputs> | undefined;
  #isExhausted = false;
  #isPulling = false;

  constructor(job: ShardingJob, prepare: (inputs: Inputs) => PreparedInputs, bell: Bell, resumed?: Resumed) {
    this.#job = job;
    this.#resumed = resumed;
    this.#prepare = prepare;
    this.#bell = bell;
  }

  /** @throws ShardError "invalid-input" if it is not iterable; whatever the source throws. */
  open(source: Source): void {
    this.#iterator = iterate(source);
  }

  /** Pull once, unless a pull is under way or the source has ended. */
  pull(): void {
    if (!this.#isPulling && !this.#isExhausted && this.#iterator !== undefined) void this.#pull(this.#iterator);
  }

  async #pull(from: AsyncIterator<Inputs> | Iterator<Inputs>): Promise<void> {
    this.#isPulling = true;
    try {
      const next = checkStep(await nextOf(from));
      if (next.done === true) {
        this.#isExhausted = true;
        this.#job.endSource();
      } else {
        const prepared = this.#prepare(next.value);
        if (this.#resumed === undefined) this.#job.addItems(prepared);
        else await this.#addToJournal(prepared, this.#resumed);
      }
    } catch (thrown) {
      this.#job.fail(thrown);
    }
    this.#isPulling = false;
    this.#bell.ring();
  }

  async #addToJournal(prepared: PreparedInputs, { journal, waiting }: Resumed): Promise<void> {
    const recorded = await journal.enter(prepared);
    this.#job.addItems(prepared, recorded);
    waiting.addRecorded(recorded);
  }

  /** Close the source. The consumer neither waits for this nor sees its errors. */
  close(): void {
    if (this.#iterator !== undefined && !this.#isExhausted) void closeQuietly(this.#iterator);
  }
}

/** @throws SourceFailure with whatever the source throws. */
async function nextOf(iterator: AsyncIterator<Inputs> | Iterator<Inputs>): Promise<unknown> {
  try {
    return await iterator.next();
  } catch (thrown) {
    throw new SourceFailure(thrown);
  }
}

async function closeQuietly(iterator: AsyncIterator<Inputs> | Iterator<Inputs>): Promise<void> {
  try {
    await iterator.return?.();
  } catch {
    // The stream is over, so its consumer no longer sees errors of the source.
  }
}

/** Whether and how the job has ended. */
class JobEnd {
  #outcome: "open" | "done" | { readonly error: unknown } = "open";

  constructor({ done }: ShardingJob, bell: Bell) {
    const settle = (outcome: "done" | { readonly error: unknown }): void => {
      this.#outcome = outcome;
      bell.ring();
    };
    done.then(
      () => settle("done"),
      (error: unknown) => settle({ error }),
    );
  }

  get isDone(): boolean {
    return this.#outcome === "done";
  }

  /** @throws the error that the job failed with. */
  throwIfFailed(): void {
    if (typeof this.#outcome !== "object") return;
    const { error } = this.#outcome;
    throw error instanceof SourceFailure ? error.thrown : unforeseen(error);
  }
}

function isIterator(value: unknown): value is AsyncIterator<Inputs> | Iterator<Inputs> {
  return typeof value === "object" && value !== null && "next" in value && typeof value.next === "function";
}

/** What an iterator gives may be anything. @throws ShardError "invalid-input" */
function checkStep(step: unknown): IteratorResult<Inputs> {
  if (typeof step === "object" && step !== null) return step as IteratorResult<Inputs>;
  throw new ShardError(
    "invalid-input",
    `Expected the source's iterator to give { done, value }, received ${String(step).slice(0, 40)}: use a generator.`,
  );
}

function toStreamShard({ firstItem, itemCount, workerId, outputs, itemErrors }: FinishedShard): StreamShard {
  const values = Object.entries(outputs).map(([name, output]) => [
    name,
    output.kind === "call" ? output.tensor : toOutputValue(output),
  ]);
  const shard = { firstItem, itemCount, workerId, outputs: Object.fromEntries(values) as Outputs };
  return itemErrors === undefined ? shard : { ...shard, itemErrors };
}

function checkOnItemError(onItemError: unknown): void {
  if (onItemError === "throw" || onItemError === "report") return;
  throw new ShardError(
    "invalid-options",
    `Expected "onItemError" to be "throw" or "report", received ${JSON.stringify(onItemError)}: leave it out for what the sharder does.`,
  );
}

const OPTION_NAMES: Readonly<Record<keyof StreamOptions, true>> = {
  order: true,
  signal: true,
  priority: true,
  journal: true,
  onItemError: true,
};

/** @throws ShardError "invalid-options" */
export function checkStreamOptions(options: StreamOptions): StreamOptions {
  return orShardError("invalid-options", "options that can be read", "pass plain values", () => checkAll(options));
}

function checkAll(options: StreamOptions): StreamOptions {
  if (typeof options !== "object" || options === null) {
    throw new ShardError(
      "invalid-options",
      `Expected { order, signal, priority }, received ${options === null ? "null" : typeof options}: correct or leave them out.`,
    );
  }
  requireKnownKeys("stream", options, OPTION_NAMES);
  const { order = "input", signal, priority, onItemError = "throw" } = options;
  checkPriority(priority);
  checkOnItemError(onItemError);
  checkSignal(signal);
  if (order === "input" || order === "completion") return options;
  throw new ShardError(
    "invalid-options",
    `Expected "order" to be "input" or "completion", received "${String(order).slice(0, 40)}": leave it out for "input".`,
  );
}

/** Also a Proxy of one. */
function isTypedArray(value: object): boolean {
  return Object.prototype.isPrototypeOf.call(Object.getPrototypeOf(Uint8Array.prototype) as object, value);
}

function iterate(source: Source): AsyncIterator<Inputs> | Iterator<Inputs> {
  const begin = orShardError("invalid-input", "a source that can be read", "pass an array or a generator", () => {
    // Numbers are no inputs; a Proxy of a typed array can't even be iterated.
    if (typeof source !== "object" || source === null || isTypedArray(source)) return undefined;
    if (Symbol.asyncIterator in source) return source[Symbol.asyncIterator];
    return Symbol.iterator in source ? source[Symbol.iterator] : undefined;
  });
  if (typeof begin === "function") {
    const iterator: unknown = Reflect.apply(begin, source, []);
    if (isIterator(iterator)) return iterator;
    throw new ShardError(
      "invalid-input",
      `Expected the source's iterator to have a method next, received ${iterator === null ? "null" : typeof iterator}: pass an array, a generator or a stream.`,
    );
  }
  throw new ShardError(
    "invalid-input",
    `Expected an iterable or async iterable of inputs, received ${typeof source}: pass an array, a generator or a stream.`,
  );
}
