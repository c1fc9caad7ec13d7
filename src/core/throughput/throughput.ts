import { addSample, emptyFit, solveFit } from "./affine-fit.js";
import { ShardError } from "../errors.js";
import type { Throughput, ThroughputPrior, ThroughputSample } from "./types.js";

/** ln 1.3: ±20 % uniform noise reaches 0.22, a step of ×1.5 is 0.41. */
const BAND_FLOOR = 0.26;
/** The band in mean absolute residuals; uniform noise reaches 2.2 of them, Gaussian noise leaves 2.6 in 4 % of samples. */
const BAND_FACTOR = 2.6;
/** ×2.7 is a change however noisy the past was. */
const BAND_CEILING = 1;
/** Page–Hinkley: drift allowed and threshold, in standard deviations. */
const DRIFT_ALLOWED = 0.75;
const DRIFT_THRESHOLD = 8;
/** Noise below this counts as this much, so that drift is not found where there is hardly any. */
const NOISE_FLOOR = 0.04;
/** Noise that is assumed before the first sample. */
const NOISE_PRIOR = 0.1;
/** Weight of the latest sample in the noise. */
const NOISE_GAIN = 0.05;
/** The most samples from which a throughput is learned again after a change. */
const RECENT_LIMIT = 8;
const NO_SAMPLES: readonly ThroughputSample[] = [];
/** So many samples count alike before forgetting sets in. */
const SETTLE_COUNT = 20;
/** Factor by which earlier samples count for less with each new one. */
const FORGETTING = 0.97;
/** Timers are coarse, but an attempt always takes some time. */
const SHORTEST_MS = 0.005;
/** The overhead is assumed to be 0 … half of a shard's time. Against 12 % noise that is worth (0.12 / 0.5)² samples. */
const FRESH_ANCHOR_COUNT = 0.05;
/** After a change both coefficients have probably scaled alike, and two samples can't show otherwise. */
const CHANGED_ANCHOR_COUNT = 0.5;

/**
 * A throughput of which nothing is known, or only a weak prior. The first sample after its creation (load, restart, new shape class) is
 * warm-up and dropped.
 *
 * @throws ShardError "invalid-cost" for a prior that is negative, not finite or all zero.
 */
export function createThroughput(prior?: ThroughputPrior): Throughput {
  const fresh: Throughput = {
    overheadMs: undefined,
    msPerItem: undefined,
    itemsPerSecond: undefined,
    sampleCount: 0,
    maxItemCount: 0,
    sizeBits: 0,
    changeCount: 0,
    suspectRatio: 1,
    noise: NOISE_PRIOR,
    warmedUp: false,
    fit: emptyFit(0, FRESH_ANCHOR_COUNT),
    fitMaxItemCount: 0,
    recent: NO_SAMPLES,
    slowerSum: 0,
    slowerRun: 0,
    fasterSum: 0,
    fasterRun: 0,
  };
  if (prior === undefined) return fresh;
  const { overheadMs, msPerItem, weight = 3 } = prior;
  if (
    !(
      overheadMs >= 0 &&
      msPerItem >= 0 &&
      overheadMs + msPerItem > 0 &&
      overheadMs + msPerItem < Infinity &&
      weight > 0
    )
  ) {
    throw new ShardError(
      "invalid-cost",
      `Expected a prior with finite overheadMs and msPerItem ≥ 0, not both 0, and weight > 0, received ${overheadMs}, ${msPerItem}, ${weight}: measure again.`,
    );
  }
  // Half of the weight is at one item and half at a shard of about 100 ms, since two sizes determine both coefficients.
  let fit = emptyFit(overheadMs, FRESH_ANCHOR_COUNT);
  const sizes = [1, Math.max(2, Math.min(4096, Math.round(100 / Math.max(msPerItem, 1e-3))))];
  for (const n of sizes) {
    const y = overheadMs + n * msPerItem;
    fit = addSample(fit, n, y, weight / 2 / (y * y));
  }
  return estimate({ ...fresh, fit: { ...fit, count: weight }, fitMaxItemCount: sizes[1]! });
}

/** Predicted service ms of n items; `undefined` while nothing is known. */
export function predictMs(throughput: Throughput, n: number): number | undefined {
  const { overheadMs, msPerItem } = throughput;
  return overheadMs === undefined || msPerItem === undefined ? undefined : overheadMs + n * msPerItem;
}

/**
 * Learn from one finished attempt. O(1), pure.
 *
 * Residuals are ln(observed / predicted), since noise multiplies. Two in a row outside the noise band on the same side, or a
 * Page–Hinkley alarm on a smaller lasting shift, forget the history at once and refit from those samples. A single
 * outlier (a garbage collection) enters clipped to the band.
 *
 * @throws ShardError "invalid-cost" for a sample that is not a whole itemCount ≥ 1 and a finite serviceMs ≥ 0.
 * Source: recursive least squares with exponential forgetting; E. S. Page, Continuous inspection schemes (1954); StarPU's history flush.
 */
export function observe(throughput: Throughput, sample: ThroughputSample): Throughput {
  const { itemCount } = sample;
  if (!(Number.isSafeInteger(itemCount) && itemCount >= 1 && sample.serviceMs >= 0 && sample.serviceMs < Infinity)) {
    throw new ShardError(
      "invalid-cost",
      `Expected a sample of itemCount ≥ 1 and a finite serviceMs ≥ 0, received ${itemCount} and ${sample.serviceMs}.`,
    );
  }
  const maxItemCount = Math.max(throughput.maxItemCount, itemCount);
  const sizeBits = throughput.sizeBits | (1 << sizeClass(itemCount));
  if (!throughput.warmedUp || sample.warmUp === true) {
    return { ...throughput, warmedUp: true, maxItemCount, sizeBits };
  }

  const serviceMs = Math.max(SHORTEST_MS, sample.serviceMs);
  const taken = { itemCount, serviceMs };
  const next: Draft = { ...throughput };
  next.maxItemCount = maxItemCount;
  next.sizeBits = sizeBits;
  next.sampleCount++;
  const predictedMs = predictMs(throughput, itemCount);
  const suspected = throughput.suspectRatio !== 1;
  if (predictedMs === undefined || (itemCount > 2 * throughput.fitMaxItemCount && !suspected)) {
    fold(next, taken, serviceMs);
    return estimate(next);
  }
  const ratio = serviceMs / Math.max(SHORTEST_MS, predictedMs);
  const residual = Math.log(ratio);
  const band = noiseBand(throughput);
  const isOff = Math.abs(residual) > band;
  watchDrift(next, taken, Math.max(-band, Math.min(band, residual)), isOff || suspected);

  const isConfirmed = isOff && suspected && residual > 0 === throughput.suspectRatio > 1;
  const alarmRun = isConfirmed ? 2 : driftRun(next);
  if (isConfirmed || (!isOff && alarmRun > 0)) return relearn(next, next.recent.slice(-alarmRun), ratio);
  if (suspected) foldSuspect(next, throughput, band);
  if (isOff) next.suspectRatio = ratio;
  else fold(next, taken, predictedMs);
  return estimate(next);
}

/** Whether a shard of this size class has completed before. GPU workers compile for each. */
export function hasRunSize(throughput: Throughput, itemCount: number): boolean {
  return (throughput.sizeBits & (1 << sizeClass(itemCount))) !== 0;
}

/** floor(log2 n), 0…31. */
function sizeClass(itemCount: number): number {
  return 31 - Math.clz32(Math.min(itemCount, 2 ** 31));
}

/** Half-width, in ln, of what counts as noise. It is wider while few samples support the prediction. */
function noiseBand({ noise, fit }: Throughput): number {
  const band = Math.max(BAND_FLOOR, Math.min(BAND_CEILING, BAND_FACTOR * noise));
  return band * Math.sqrt(1 + 1 / Math.max(1, fit.count));
}

/** A throughput under construction within one `observe`: one copy however many of its fields change. */
type Draft = { -readonly [K in keyof Throughput]: Throughput[K] };

/**
 * Add a sample to the fit.
 *
 * @param scaleMs the time that the sample was expected to take, to which noise is proportional.
 */
function fold(draft: Draft, { itemCount, serviceMs }: ThroughputSample, scaleMs: number): void {
  const { fit } = draft;
  const weight = 1 / Math.max(SHORTEST_MS, scaleMs) ** 2;
  const keep = fit.count < SETTLE_COUNT ? 1 : FORGETTING;
  draft.fit = addSample(fit, itemCount, serviceMs, weight, keep, draft.overheadMs ?? fit.anchorMs);
  draft.fitMaxItemCount = Math.max(draft.fitMaxItemCount, itemCount);
  draft.suspectRatio = 1;
}

/** Add the suspected sample of `before`, which was not confirmed, no further out than the band. */
function foldSuspect(draft: Draft, before: Throughput, band: number): void {
  const suspect = before.recent.at(-1);
  const predictedMs = suspect && predictMs(before, suspect.itemCount);
  if (suspect === undefined || predictedMs === undefined) return;
  const clippedMs = predictedMs * Math.exp(before.suspectRatio > 1 ? band : -band);
  fold(draft, { itemCount: suspect.itemCount, serviceMs: clippedMs }, predictedMs);
}

/** Update the Page–Hinkley sums of both directions, on residuals in units of the noise, and the noise itself. */
function watchDrift(draft: Draft, sample: ThroughputSample, residual: number, keepTwo: boolean): void {
  const sigma = 1.25 * Math.max(NOISE_FLOOR, draft.noise);
  draft.noise += NOISE_GAIN * (Math.abs(residual) - draft.noise);
  draft.slowerSum = Math.max(0, draft.slowerSum + residual / sigma - DRIFT_ALLOWED);
  draft.fasterSum = Math.max(0, draft.fasterSum - residual / sigma - DRIFT_ALLOWED);
  draft.slowerRun = draft.slowerSum > 0 ? draft.slowerRun + 1 : 0;
  draft.fasterRun = draft.fasterSum > 0 ? draft.fasterRun + 1 : 0;
  const keptCount = Math.min(RECENT_LIMIT, Math.max(draft.slowerRun, draft.fasterRun, keepTwo ? 2 : 0));
  if (keptCount > 1) draft.recent = [...draft.recent.slice(1 - keptCount), sample];
  else draft.recent = keptCount === 1 ? [sample] : NO_SAMPLES;
}

/** Samples since the shift began, if Page–Hinkley says that there is one; else 0. */
function driftRun({ slowerSum, slowerRun, fasterSum, fasterRun }: Throughput): number {
  if (slowerSum > DRIFT_THRESHOLD) return slowerRun;
  return fasterSum > DRIFT_THRESHOLD ? fasterRun : 0;
}

/**
 * Forget everything but `samples`.
 *
 * @param ratio observed / predicted, which scales the assumed overhead.
 */
function relearn(draft: Draft, samples: readonly ThroughputSample[], ratio: number): Throughput {
  draft.fit = emptyFit((draft.overheadMs ?? 0) * ratio, CHANGED_ANCHOR_COUNT);
  draft.fitMaxItemCount = 0;
  draft.changeCount++;
  draft.slowerSum = draft.fasterSum = 0;
  draft.slowerRun = draft.fasterRun = 0;
  draft.recent = NO_SAMPLES;
  for (const sample of samples) fold(draft, sample, sample.serviceMs);
  return estimate(draft);
}

/** Set the estimates that follow from the fit. */
function estimate(draft: Draft): Throughput {
  const { overheadMs, msPerItem } = solveFit(draft.fit);
  const n = Math.max(1, draft.maxItemCount, draft.fitMaxItemCount);
  draft.overheadMs = overheadMs;
  draft.msPerItem = msPerItem;
  draft.itemsPerSecond = (1000 * n) / (overheadMs + n * msPerItem);
  return draft;
}
