import type { DeathCause } from "../core/death-cause.js";
import { ShardError } from "../core/errors.js";
import type { WorkerSpec } from "./worker-entries.js";

/** What one incarnation of a worker is doing. */
export type IncarnationState = "starting" | "ready" | "busy" | "draining" | "dead";

/** Which state may follow which. Anything else is a defect in this code, never a fault of the machine. */
const NEXT_STATES: Readonly<Record<IncarnationState, readonly IncarnationState[]>> = {
  starting: ["ready", "draining", "dead"],
  ready: ["busy", "draining", "dead"],
  busy: ["ready", "draining", "dead"],
  draining: ["dead"],
  dead: [],
};

/** The life of one incarnation of a worker, as an explicit state machine: what it is doing, and why it ended. Once dead, it stays dead. */
export class WorkerLife {
  /** The latest thing that went wrong, in a shard or with the worker itself. */
  lastError: ShardError | undefined;
  readonly #id: string;
  readonly #spec: WorkerSpec;
  readonly #onState: () => void;
  #state: IncarnationState = "starting";
  #runCount = 0;
  #readyAtMs: number | undefined;
  #deathError: ShardError | undefined;
  #deathCause: DeathCause | undefined;

  /** @param onState called after every change of state. */
  constructor(id: string, spec: WorkerSpec, onState: () => void) {
    this.#id = id;
    this.#spec = spec;
    this.#onState = onState;
  }

  get state(): IncarnationState {
    return this.#state;
  }

  /** The error that ended it; `undefined` while it lives, and if it was stopped on purpose. */
  get deathError(): ShardError | undefined {
    return this.#deathError;
  }

  /** Why it ended; `undefined` while it lives, and if it was stopped on purpose. */
  get deathCause(): DeathCause | undefined {
    return this.#deathCause;
  }

  /** How long ago it became ready, ms; `undefined` if it never did. */
  get readyMs(): number | undefined {
    return this.#readyAtMs === undefined ? undefined : performance.now() - this.#readyAtMs;
  }

  /** It is ready for work, unless it is draining or dead already. */
  becomeReady(): void {
    if (this.#state !== "starting") return;
    this.#readyAtMs = performance.now();
    this.#enter("ready");
  }

  /** It is busy for as long as any run is under way. */
  runBegun(): void {
    this.#runCount++;
    if (this.#state === "ready") this.#enter("busy");
  }

  runEnded(): void {
    this.#runCount--;
    if (this.#state === "busy" && this.#runCount === 0) this.#enter("ready");
  }

  /** It takes no more shards; those under way finish. */
  drain(): void {
    if (NEXT_STATES[this.#state].includes("draining")) this.#enter("draining");
  }

  /** It has ended. @param error with the code "disposed" if it was stopped on purpose. */
  die(error: ShardError, cause: DeathCause): void {
    if (error.code !== "disposed") {
      this.lastError = error;
      this.#deathError = error;
      // What a worker notices first, in the middle of a call, is that its GPU is gone; on WebGL that is called a context.
      this.#deathCause = cause === "device-lost" && this.#spec.backend === "webgl" ? "context-lost" : cause;
    }
    this.#enter("dead");
  }

  #enter(state: IncarnationState): void {
    if (!NEXT_STATES[this.#state].includes(state)) {
      throw new ShardError("internal", `Worker "${this.#id}" can't go from "${this.#state}" to "${state}".`);
    }
    this.#state = state;
    this.#onState();
  }
}
