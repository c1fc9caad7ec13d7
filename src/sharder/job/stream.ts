import { ShardError } from "../../core/errors.js";
import { abortError, throwIfAborted } from "../../protocol/abort.js";
import { toOutputValue } from "../../protocol/outputs.js";
import type { Outputs } from "../../protocol/tensors.js";
import type { JobShard, ShardingJob } from "./sharding-job.js";
import type { Inputs, PreparedInputs } from "../inputs/prepare-inputs.js";

export interface StreamOptions {
  /** "input" (default): shards in the order of their items. "completion": as they are done. */
  readonly order?: "input" | "completion";
  readonly signal?: AbortSignal | undefined;
}

/** Outputs of items `firstItem … firstItem + itemCount - 1`, counted over the whole stream. */
export interface StreamShard {
  readonly firstItem: number;
  readonly itemCount: number;
  readonly workerId: string;
  readonly outputs: Outputs;
}

export type Source = Iterable<Inputs> | AsyncIterable<Inputs>;

/** Shards that may wait for the consumer before the source is left alone. */
const MAX_WAITING_SHARDS = 16;

/**
 * Run a job over a source, as a generator: pulls the source when the workers want more and the consumer
 * keeps up, yields each shard once. Ending the generator early cancels the job and closes the source.
 *
 * @throws ShardError as `predict`; whatever the source throws, unchanged.
 */
export async function* streamShards(
  createJob: () => ShardingJob,
  source: Source,
  prepare: (inputs: Inputs) => PreparedInputs,
  { order = "input", signal }: StreamOptions,
): AsyncGenerator<StreamShard, void, undefined> {
  checkOrder(order);
  throwIfAborted(signal);
  // Not before: a generator that nobody iterates leaves nothing behind.
  const job = createJob();
  const waiting = new Map<number, JobShard>();
  let nextItem = 0;
  let isDone = false;
  let wake: () => void = () => {};
  const woken = (): Promise<void> => new Promise((resolve) => (wake = resolve));

  job.onShard = (shard) => {
    waiting.set(shard.firstItem, shard);
    wake();
  };
  job.onProgress = () => wake();
  const onAbort = (): void => job.fail(abortError(signal!));
  signal?.addEventListener("abort", onAbort, { once: true });
  let failure: { error: unknown } | undefined;
  job.done.then(
    () => {
      isDone = true;
      wake();
    },
    (error: unknown) => {
      failure = { error };
      wake();
    },
  );

  let iterator: AsyncIterator<Inputs> | Iterator<Inputs> | undefined;
  let isExhausted = false;
  let isPulling = false;
  const pull = async (from: AsyncIterator<Inputs> | Iterator<Inputs>): Promise<void> => {
    isPulling = true;
    try {
      const next = await from.next();
      if (next.done) {
        isExhausted = true;
        job.endSource();
      } else {
        job.addItems(prepare(next.value));
      }
    } catch (thrown) {
      job.fail(thrown);
    }
    isPulling = false;
    wake();
  };
  const takeNext = (): JobShard | undefined => {
    const shard = order === "input" ? waiting.get(nextItem) : waiting.values().next().value;
    if (shard !== undefined) {
      waiting.delete(shard.firstItem);
      nextItem = shard.firstItem + shard.itemCount;
    }
    return shard;
  };

  try {
    iterator = iterate(source);
    for (;;) {
      const slept = woken();
      // Also when every shard is done and waits for the consumer.
      throwIfAborted(signal);
      if (failure !== undefined) throw (failure as { error: unknown }).error;
      if (!isPulling && !isExhausted && job.wantsItems && waiting.size < MAX_WAITING_SHARDS) void pull(iterator);
      const shard = takeNext();
      if (shard !== undefined) {
        const { firstItem, itemCount, workerId } = shard;
        const outputs = Object.fromEntries(
          Object.entries(shard.outputs).map(([name, output]) => [name, toOutputValue(output)]),
        );
        yield { firstItem, itemCount, workerId, outputs };
      } else if (isDone) {
        return;
      } else {
        await slept;
      }
    }
  } finally {
    signal?.removeEventListener("abort", onAbort);
    job.fail(new ShardError("aborted", "The stream was ended by its consumer."));
    if (iterator !== undefined && !isExhausted) void close(iterator);
  }
}

/** What the source does when it is closed is no concern of the consumer's. */
async function close(iterator: AsyncIterator<Inputs> | Iterator<Inputs>): Promise<void> {
  try {
    await iterator.return?.();
  } catch {
    // It was told; nobody waits for it.
  }
}

function checkOrder(order: unknown): void {
  if (order === "input" || order === "completion") return;
  throw new ShardError(
    "invalid-options",
    `Expected "order" to be "input" or "completion", received ${JSON.stringify(order)}: leave it out for "input".`,
  );
}

function iterate(source: Source): AsyncIterator<Inputs> | Iterator<Inputs> {
  if (typeof source === "object" && source !== null) {
    if (Symbol.asyncIterator in source) return source[Symbol.asyncIterator]();
    if (Symbol.iterator in source) return source[Symbol.iterator]();
  }
  throw new ShardError(
    "invalid-input",
    `Expected an iterable or async iterable of inputs, received ${typeof source}: pass an array, a generator or a stream.`,
  );
}
