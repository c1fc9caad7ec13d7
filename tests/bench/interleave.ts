import { log } from "./log.js";
import type { Row } from "./report.js";
import { outputDifference, summarise, timed, type Values } from "./statistics.js";
import type { Subject } from "./subjects.js";

/** The first shards are sized blindly, and the first runs compile and allocate. */
const WARM_UP_ROUNDS = 2;
/** Regardless of the time limit, since fewer rounds would say nothing about the spread. */
const MIN_ROUNDS = 3;
/** Time for garbage collection and late messages outside the timed part. */
const SETTLE_MS = 50;
/** Across backends, relative to the largest value. */
const MAX_DIFFERENCE = 1e-4;

export interface Interleaved {
  readonly rows: Row[];
  readonly errors: string[];
}

/**
 * Run the subjects in turns, so that other load on the machine affects all of them alike. Each round starts with
 * another subject. The outputs of every run, including warm-ups, are compared with the reference.
 *
 * @param seconds no round starts that would end later, except for the first `MIN_ROUNDS`.
 */
export async function interleave(
  model: string,
  itemCount: number,
  subjects: readonly Subject[],
  reference: readonly Values[],
  { runs, seconds }: { runs: number; seconds: number },
): Promise<Interleaved> {
  const rates = subjects.map((): number[] => []);
  const worst = subjects.map(() => 0);
  const startMs = performance.now();
  for (let round = -WARM_UP_ROUNDS; round < runs; round++) {
    const elapsedSeconds = (performance.now() - startMs) / 1000;
    const roundsDone = round + WARM_UP_ROUNDS;
    if (round >= MIN_ROUNDS && elapsedSeconds * (1 + 1 / roundsDone) > seconds) break;
    for (let turn = 0; turn < subjects.length; turn++) {
      const index = (turn + roundsDone) % subjects.length;
      const subject = subjects[index]!;
      subject.prepare?.();
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
      const { value, ms } = await timed(() => subject.run());
      const count = subject.itemCount ?? itemCount;
      const expected = reference.map((values) => values.subarray(0, (values.length / itemCount) * count));
      worst[index] = Math.max(worst[index]!, outputDifference(value, expected));
      if (round >= 0) rates[index]!.push((1000 * count) / ms);
    }
    if (round >= 0) log(`  ${model}: round ${round + 1} of ${runs}`);
  }
  const rows = subjects.map((subject, index): Row => ({
    model,
    subject: subject.name,
    batch: subject.itemCount ?? itemCount,
    itemsPerSecond: summarise(rates[index]!),
    runs: rates[index]!.length,
    runItemsPerSecond: rates[index]!,
    workers: subject.workers,
    chunkItemCount: subject.chunkItemCount(),
    worstDifference: worst[index]!,
  }));
  const errors = rows
    .filter(({ worstDifference }) => !(worstDifference! <= MAX_DIFFERENCE))
    .map(
      ({ subject, worstDifference }) =>
        `${model}: expected the outputs of "${subject}" within ${MAX_DIFFERENCE} of the largest value, received ${worstDifference}.`,
    );
  return { rows, errors };
}
