import { ShardError, type ItemError } from "../../core/errors.js";
import { abortError, throwIfAborted } from "../../protocol/abort.js";
import { toOutputValue } from "../../protocol/outputs.js";
import { unforeseen } from "../../protocol/raw-errors.js";
import type { Outputs } from "../../protocol/tensors.js";
import type { Inputs, PreparedInputs } from "../inputs/prepare-inputs.js";
import type { JobJournal } from "../journal/job-journal.js";
import { TeeSink } from "../journal/tee-sink.js";
import type { OnItemError } from "../options.js";
import type { FinishedShard } from "./shard-sink.js";
import { SourceFailure, type JobOptions, type ShardingJob } from "./sharding-job.js";
import { SourceReader, type Source } from "./source.js";
import { checkStreamOptions, type StreamOptions } from "./stream-options.js";
import { WaitingShards } from "./waiting-shards.js";

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
  #reader: SourceReader | undefined;
  #isPulling = false;

  constructor(job: ShardingJob, prepare: (inputs: Inputs) => PreparedInputs, bell: Bell, resumed?: Resumed) {
    this.#job = job;
    this.#resumed = resumed;
    this.#prepare = prepare;
    this.#bell = bell;
  }

  /** @throws as `SourceReader` */
  open(source: Source): void {
    this.#reader = new SourceReader(source);
  }

  /** Pull once, unless a pull is under way or the source has ended. */
  pull(): void {
    if (!this.#isPulling && this.#reader?.isExhausted === false) void this.#pull(this.#reader);
  }

  async #pull(from: SourceReader): Promise<void> {
    this.#isPulling = true;
    try {
      const next = await from.next();
      if (next === undefined) {
        this.#job.endSource();
      } else {
        const prepared = this.#prepare(next.inputs);
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

  close(): void {
    this.#reader?.close();
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

function toStreamShard({ firstItem, itemCount, workerId, outputs, itemErrors }: FinishedShard): StreamShard {
  const values = Object.entries(outputs).map(([name, output]) => [
    name,
    output.kind === "call" ? output.tensor : toOutputValue(output),
  ]);
  const shard = { firstItem, itemCount, workerId, outputs: Object.fromEntries(values) as Outputs };
  return itemErrors === undefined ? shard : { ...shard, itemErrors };
}
