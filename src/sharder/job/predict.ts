import { abortError, throwIfAborted } from "../../protocol/abort.js";
import type { Outputs } from "../../protocol/tensors.js";
import type { PreparedInputs } from "../inputs/prepare-inputs.js";
import type { JobJournal } from "../journal/job-journal.js";
import { TeeSink } from "../journal/tee-sink.js";
import { Gather } from "./gather.js";
import type { JobOptions, ShardingJob } from "./sharding-job.js";

/** The options of one call of `predict`. */
interface BatchOptions extends Omit<JobOptions, "sink"> {
  readonly signal: AbortSignal | undefined;
}

/**
 * Run one batch as a job, and gather its results.
 *
 * @param openJournal opens the journal that finished shards are recorded in, if there is to be one.
 * @throws ShardError as `Sharder.predict`; the job has ended then.
 */
export async function predictBatch(
  createJob: (options: JobOptions) => ShardingJob,
  prepared: PreparedInputs,
  { signal, ...options }: BatchOptions,
  openJournal: (() => Promise<JobJournal | undefined>) | undefined,
): Promise<Outputs> {
  const gather = new Gather(prepared.itemCount);
  const journal = openJournal && (await openJournal());
  let job: ShardingJob | undefined;
  const onAbort = (): void => job?.fail(abortError(signal!));
  try {
    const done = journal && (await journal.giveBack(prepared, gather));
    throwIfAborted(signal);
    job = createJob({ ...options, sink: journal ? new TeeSink(journal, gather) : gather });
    signal?.addEventListener("abort", onAbort, { once: true });
    job.addItems(prepared, done);
    job.endSource();
    await job.done;
    if (journal !== undefined) await journal.finish();
    return gather.result();
  } catch (thrown) {
    job?.fail(thrown);
    throw thrown;
  } finally {
    signal?.removeEventListener("abort", onAbort);
    if (journal !== undefined) await journal.close();
  }
}
