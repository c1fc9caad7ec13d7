/** How long an attempt may take, given how long it is predicted to take. */
export interface DeadlineOptions {
  /** Factor on the predicted time, > 0. */
  readonly factor: number;
  /** Added to that, ms, ≥ 0, so that short attempts survive a stall of the machine. */
  readonly floorMs: number;
  /** Deadline of an attempt whose time can't be predicted yet, ms, > 0. First runs compile shaders and allocate memory. */
  readonly warmUpMs: number;
}

/**
 * The deadline of an attempt, ms, counted while the worker is on it.
 *
 * @param predictedMs ≥ 0; `undefined` while nothing is known of the worker.
 */
export function deadlineMs({ factor, floorMs, warmUpMs }: DeadlineOptions, predictedMs: number | undefined): number {
  return predictedMs === undefined ? warmUpMs : factor * predictedMs + floorMs;
}
