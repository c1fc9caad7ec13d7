/** Layer costs are known to about this factor. For a smaller gain the model is not taken apart. */
const LEAST_GAIN = 1.15;

/**
 * Whether a split by layers is worth it against a split of the batch.
 *
 * Workers that are alike gain nothing: no stage is faster than a W-th of the whole, and W replicas are as fast without any
 * transfer. A split by layers pays where some layers run much better on one kind of worker and others on another.
 *
 * @param wholeMs      time of one item on each worker that can run the whole model, ms.
 * @param bottleneckMs time of one item in the slowest stage of the best plan, ms.
 */
export function prefersLayers(wholeMs: readonly number[], bottleneckMs: number): boolean {
  const batchRate = wholeMs.reduce((total, ms) => total + (ms < Infinity ? 1 / ms : 0), 0);
  return 1 / bottleneckMs > LEAST_GAIN * batchRate;
}
