import type { DispatchState } from "../../src/core/dispatch/dispatch.js";
import type {
  DispatchAction,
  DispatchEvent,
  DispatchOptions,
  ItemRange,
  JobPhase,
  PlannedShare,
} from "../../src/core/dispatch/types.js";
import type { Pause } from "./script.js";
import type { SimulatedWorker } from "./simulated-worker.js";

export interface Simulation {
  readonly itemCount: number;
  readonly workers: readonly SimulatedWorker[];
  readonly options?: Partial<DispatchOptions>;
  /** Default 1. */
  readonly seed?: number;
  /** Record the plan this often, ms. Default: never. */
  readonly sampleEveryMs?: number;
  /** Send `tick` this often, ms, as the sharder does. Default: the quantum. */
  readonly tickEveryMs?: number;
  /** Items are added this many at a time, as the job pulls them from a stream. Default: all at once. */
  readonly chunkItemCount?: number;
  /** Items that are done before the job begins; ascending, disjoint. */
  readonly done?: readonly ItemRange[];
  /** Attempts that hold one of these items throw. */
  readonly poisonItems?: ReadonlySet<number>;
  readonly pauses?: readonly Pause[];
  /** Called after every event with the state after it, e.g. for checks. */
  readonly onStep?: (
    event: DispatchEvent,
    state: DispatchState,
    actions: readonly DispatchAction[],
    nowMs: number,
  ) => void;
}

export interface SimulationResult {
  readonly phase: JobPhase;
  /** Virtual time of the last event, ms. */
  readonly makespanMs: number;
  /** `optimalMakespanMs` of the same script. */
  readonly optimumMs: number;
  readonly perWorker: readonly { readonly workerId: string; readonly itemCount: number; readonly busyMs: number }[];
  readonly attemptCount: number;
  readonly eventCount: number;
  readonly samples: readonly { readonly atMs: number; readonly shares: readonly PlannedShare[] }[];
  /**
   * How often each item was completed by an attempt that counted, or was done before: 1 everywhere when the job has finished.
   */
  readonly completions: Uint8Array;
  /** Ranges that were given up, in the order in which they were. */
  readonly givenUp: readonly ItemRange[];
}
