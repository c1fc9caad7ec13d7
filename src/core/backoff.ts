export interface BackoffOptions {
  /** Pause after the first failure, ms, > 0. Default 250. */
  readonly baseMs: number;
  /** Factor by which the pause grows with each further failure, ≥ 1. Default 3. */
  readonly factor: number;
}

/**
 * The pause before the next try, ms: by default 250, 750, 2250, …, reduced by up to half by chance, so that those who met the same
 * failure do not all retry at once.
 *
 * @param failureCount whole, 1 after the first failure.
 * @param random       uniform in 0…1.
 * Source: exponential backoff with jitter.
 */
export function backoffMs(
  failureCount: number,
  random: number,
  { baseMs = 250, factor = 3 }: Partial<BackoffOptions> = {},
): number {
  return baseMs * factor ** (failureCount - 1) * (1 - random / 2);
}
