/** What is known when it is decided whether workers of another engine are worth starting. */
export interface EngineOffer {
  /** What the jobs that run are predicted to take with the present engine, ms ≥ 0. */
  readonly remainingMs: number;
  /** How long earlier jobs of this model took, in this visit and in earlier ones, ms ≥ 0: as much is expected to follow. */
  readonly workedMs: number;
  /** From the decision until the other engine's workers could take over: its download, start and compilation, ms ≥ 0. */
  readonly loadMs: number;
  /** The expected ratio of the rates, the other engine's to that of the present one, > 0. */
  readonly speedUp: number;
}

/**
 * The time that another engine is expected to save, ms ≥ 0: of the jobs that run, on what is left once it has been loaded; and of later
 * ones, on as much as earlier ones took.
 *
 * Oracle: a simulation of both ways in tests/unit/core/choice/engine-cost.test.ts.
 */
export function engineSavingMs({ remainingMs, workedMs, loadMs, speedUp }: EngineOffer): number {
  const savedShare = Math.max(0, 1 - 1 / speedUp);
  return savedShare * (Math.max(0, remainingMs - loadMs) + workedMs);
}

/**
 * Whether another engine is worth loading: it saves more time than its loading takes. That much is charged though the jobs continue
 * meanwhile, since the download costs the user's data, and the start takes time from the workers that run.
 *
 * Where it is loaded only because of earlier work, the time that it would have saved so far has just reached its price, so that loading and
 * waiting together cost at most twice the best (ski rental).
 */
export function isWorthLoading(offer: EngineOffer): boolean {
  return engineSavingMs(offer) > offer.loadMs;
}
