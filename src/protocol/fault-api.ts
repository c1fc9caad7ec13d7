/**
 * A fault that a worker inflicts on itself, for tests and demonstrations. It holds for this incarnation of the worker: one that
 * replaces it is whole. Of each kind the latest counts.
 */
export type InjectedFault =
  /** All work takes `factor` ≥ 1 times as long; 1 ends it. */
  | { readonly kind: "slow"; readonly factor: number }
  /** The next `count` shards throw. */
  | { readonly kind: "fail"; readonly count: number }
  /** Its thread blocks for `ms` when the next shard begins; Infinity: until the worker is ended. */
  | { readonly kind: "hang"; readonly ms: number }
  /** The next shard finds no memory. */
  | { readonly kind: "exhaust" }
  /**
   * From the `fromShard`-th shard after this one on (1: the next), floats are multiplied by `1 + relative`, integers are raised by 1 and
   * booleans negated.
   */
  | { readonly kind: "corrupt"; readonly relative: number; readonly fromShard: number }
  /** At once, the GPU device is destroyed or the WebGL context lost, by the platform's own means. */
  | { readonly kind: "lose-device" };
