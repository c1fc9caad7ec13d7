import { outputDifference, timed } from "../statistics.js";
import { repeatItems, variantsOf, type PeerModel, type Samples, type Variant } from "./peer-model.js";
import type { Runner } from "./runner.js";
import type { PeerSubject } from "./subjects.js";

/** Of the largest value: outputs that differ by more are wrong, and wrong results are not timed. */
export const MAX_DIFFERENCE = 1e-4;
/** How long each variant runs in the sweep, each time. */
const TRIAL_MS = 300;
const TRIAL_COUNT = 2;
/** A call as long as this is followed by no larger one. */
const MAX_CALL_MS = 2_500;
/** A call size with less than this part of the best rate ends the ascent: larger ones are not going to be better. Noise is not as large. */
const HOPELESS = 0.25;
/** A smaller advantage of a later variant is chance. */
const CLEARLY_FASTER = 1.03;

/** One variant, tried. */
export interface Trial {
  readonly variant: Variant;
  readonly itemsPerSecond: number;
  /** max|a − b| ÷ max|b| of the samples' outputs against TensorFlow's. */
  readonly worstDifference: number;
}

export interface Sweep {
  readonly trials: readonly Trial[];
  /** Why variants were not tried to the end: the peer's own message, or how wrong they are. */
  readonly refusals: readonly { readonly variant: Variant; readonly reason: string }[];
}

/** Try every variant that the subject can run: first whether its outputs are right, then how fast it is. */
export async function sweepVariants(
  subject: PeerSubject,
  runner: Runner,
  model: PeerModel,
  samples: Samples,
  trialMs = TRIAL_MS,
): Promise<Sweep> {
  const trials: Trial[] = [];
  const refusals: { variant: Variant; reason: string }[] = [];
  for (const group of candidateGroups(subject, model)) {
    for (const variant of group) {
      try {
        const { trial, callMs } = await tryVariant(subject, runner, model, samples, variant, trialMs);
        trials.push(trial);
        const best = Math.max(...trials.map(({ itemsPerSecond }) => itemsPerSecond));
        if (callMs > MAX_CALL_MS || trial.itemsPerSecond < HOPELESS * best) break;
      } catch (thrown) {
        refusals.push({ variant, reason: thrown instanceof Error ? thrown.message : String(thrown) });
        // What one size of call is refused for holds for the next one.
        break;
      }
    }
  }
  return { trials, refusals };
}

/** Variants by format. A subject that chooses its calls by itself has one for each format. */
export function candidateGroups({ formats, takesCallSize }: PeerSubject, model: PeerModel): Variant[][] {
  const groups = formats.map((format) => variantsOf(model, [format])).filter((group) => group.length > 0);
  return takesCallSize ? groups : groups.map((group) => [group.at(-1)!]);
}

/** The fastest one; the earlier one of two that are about as fast. `undefined` of none. */
export function fastestTrial(trials: readonly Trial[]): Trial | undefined {
  let best: Trial | undefined;
  for (const trial of trials) {
    if (best === undefined || trial.itemsPerSecond > CLEARLY_FASTER * best.itemsPerSecond) best = trial;
  }
  return best;
}

/** @throws Error if the outputs are wrong, or with the peer's own reason. */
async function tryVariant(
  { takesCallSize }: PeerSubject,
  runner: Runner,
  model: PeerModel,
  samples: Samples,
  variant: Variant,
  trialMs: number,
): Promise<{ trial: Trial; callMs: number }> {
  await runner.load(model, variant);
  const { callItemCount } = variant;
  const run = (itemCount: number) => {
    const items = repeatItems(samples.inputs, samples.count, itemCount);
    return timed(() => runner.run(items, itemCount));
  };
  const checkedCount = Math.max(samples.count, callItemCount);
  const checked = await run(checkedCount);
  const worstDifference = outputDifference(
    [checked.value],
    [repeatItems(samples.outputs, samples.count, checkedCount)],
  );
  if (!(worstDifference <= MAX_DIFFERENCE)) {
    throw new Error(`its outputs differ by ${worstDifference.toPrecision(2)} of the largest value: not timed`);
  }
  // The first run has compiled and allocated; this one says how many calls fill a trial.
  const again = await run(checkedCount);
  const callMs = (again.ms * callItemCount) / checkedCount;
  const quantum = takesCallSize ? callItemCount : checkedCount;
  const repeats = Math.max(1, Math.floor((trialMs * checkedCount) / again.ms / quantum));
  const itemCount = Math.min(repeats * quantum, maxItemCount(model.itemShape));
  let bestMs = Infinity;
  for (let trial = 0; trial < TRIAL_COUNT && callMs <= MAX_CALL_MS; trial++) {
    bestMs = Math.min(bestMs, (await run(itemCount)).ms / itemCount);
  }
  const msPerItem = Number.isFinite(bestMs) ? bestMs : again.ms / checkedCount;
  return { trial: { variant, itemsPerSecond: 1000 / msPerItem, worstDifference }, callMs };
}

/** Limit for the items of a run, since the page and the workers hold copies of it. */
const MAX_RUN_BYTES = 64 * 2 ** 20;

/** At least one item, whatever its size. */
export function maxItemCount(itemShape: readonly number[]): number {
  const itemBytes = itemShape.reduce((product, size) => product * size, 4);
  return Math.max(1, Math.floor(MAX_RUN_BYTES / itemBytes));
}
