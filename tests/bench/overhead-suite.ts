import { echoNet } from "../fixtures/echo-net.js";
import { noiseBatch, type Batch } from "./bench-models.js";
import { interleave } from "./interleave.js";
import { log } from "./log.js";
import { medianRatio, mergeRatios, type Ratio, type Suite, type SuiteRequest, type Target } from "./report.js";
import { inputOf } from "./sharder-tensors.js";
import { median, timed } from "./statistics.js";
import { sharderSubject, tfjsLoopSubject } from "./subjects.js";

/** A model that returns its input, of one item a call: nearly all of its time is that of carrying it. */
interface Carried {
  readonly name: string;
  readonly itemShape: readonly number[];
  readonly itemCount: number;
  /** As in `SharderOptions`, for a case that measures shards; else it measures calls. */
  readonly quantumMs?: number;
}

/** With the shortest quantum, a shard has few items. */
const SHARDS: Carried = { name: "1 MB in, 1 MB out", itemShape: [512, 512], itemCount: 96, quantumMs: 1 };
const CALLS: Carried = { name: "64 bytes in, 64 bytes out", itemShape: [16], itemCount: 8192 };
/** Jobs of one item, of which the median counts. */
const SOLO_JOBS = 40;

/**
 * What sharding itself costs: a job of one WASM worker, less what TF.js takes in a loop of the same calls in a worker, by shard and by call.
 * TF.js's part, with its copies into the engine and out of it, is no overhead of ours.
 */
export async function runOverheadSuite({ runs, seconds, only }: SuiteRequest): Promise<Suite> {
  const cases = [SHARDS, CALLS].filter(({ name }) => only.length === 0 || only.some((part) => name.includes(part)));
  const measured = [];
  for (const each of cases) measured.push(await measure(each, runs, seconds / cases.length));
  return {
    suite: "overhead",
    rows: measured.flatMap(({ rows }) => rows),
    ratios: mergeRatios(measured.map(({ ratios }) => ratios)),
    notes: [
      "Overhead: the time of the job less that of TF.js's loop, ÷ shards or calls. Where worker and page work at once, only what delays the job shows.",
      "A job of one shard: `predict` of one item, from the call to its result, less the loop's time for an item. Nothing overlaps there.",
    ],
    errors: measured.flatMap(({ errors }) => errors),
  };
}

async function measure({ name, itemShape, itemCount, quantumMs }: Carried, runs: number, seconds: number) {
  const source = echoNet([1, ...itemShape]);
  const batch = noiseBatch(itemShape, itemCount);
  const sharder = await sharderSubject(
    "sharder 1 × wasm",
    source,
    batch,
    [{ backend: "wasm" }],
    quantumMs === undefined ? {} : { quantumMs },
  );
  const loop = await tfjsLoopSubject("tfjs loop in one worker (wasm)", source, batch, [1]);
  const shardCounts: number[] = [];
  let shardCount = 0;
  sharder.sharder.addEventListener("attempt", () => void shardCount++);
  const counted = {
    ...sharder,
    run: async () => {
      shardCount = 0;
      const outputs = await sharder.run();
      shardCounts.push(shardCount);
      return outputs;
    },
  };
  try {
    loop.prepare?.();
    const reference = await loop.run();
    const { rows, errors } = await interleave(name, itemCount, [counted, loop], reference, { runs, seconds });
    const [ours, tfjs] = rows.map(({ runItemsPerSecond }) =>
      runItemsPerSecond.map((rate) => (1000 * itemCount) / rate),
    );
    const extraMs = ours!.map((ms, round) => ms - tfjs![round]!);
    const counts = shardCounts.slice(-extraMs.length);
    const figure = (values: readonly number[], target?: Target): Record<string, Ratio> => ({
      [name]: medianRatio(values, target),
    });
    const itemMs = median(tfjs!) / itemCount;
    const soloMs = await soloJobs(sharder.sharder, batch);
    log(`  ${name}: ${median(counts)} shards, ${(1000 * itemMs).toFixed(1)} µs an item in the loop`);
    return {
      rows,
      errors,
      ratios: {
        ...(quantumMs === undefined
          ? {
              call_overhead_us: figure(
                extraMs.map((ms) => (1000 * ms) / itemCount),
                { atMost: 20 },
              ),
            }
          : {
              shard_overhead_ms: figure(
                extraMs.map((ms, round) => ms / counts[round]!),
                { atMost: 0.5 },
              ),
            }),
        one_shard_job_overhead_ms: figure(soloMs.map((ms) => ms - itemMs)),
        shards: figure(counts),
      },
    };
  } finally {
    await sharder.dispose();
    await loop.dispose();
  }
}

/** Times of jobs of one item, ms. */
async function soloJobs(
  sharder: Awaited<ReturnType<typeof sharderSubject>>["sharder"],
  batch: Batch,
): Promise<number[]> {
  const itemLength = batch.data.length / batch.itemCount;
  const times: number[] = [];
  for (let job = 0; job < SOLO_JOBS; job++) {
    const input = inputOf({ ...batch, itemCount: 1, data: batch.data.slice(0, itemLength) });
    const { ms } = await timed(() => sharder.predict(input));
    times.push(ms);
  }
  return times;
}
