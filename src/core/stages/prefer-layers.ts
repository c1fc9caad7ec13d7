/** Layer costs are known to about this: for less, the model is not taken apart. */
const LEAST_GAIN = 1.15;

/**
 * Whether a split by layers is worth it against a split of the batch.
 *
 * Workers that are alike gain nothing: no stage is faster than a W-th of the whole, which is what W replicas give without any
 * transfer. It pays where some layers run much better on one kind of worker and others on another.
 *
 * @param wholeMs of one item, on each worker that can run the whole model.
 * @param bottleneckMs of one item in the slowest stage of the best plan.
 */
export function prefersLayers(wholeMs: readonly number[], bottleneckMs: number): boolean {
  const batchRate = wholeMs.reduce((total, ms) => total + (ms < Infinity ? 1 / ms : 0), 0);
  return 1 / bottleneckMs > LEAST_GAIN * batchRate;
}
