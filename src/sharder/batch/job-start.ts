import type { WorkerPool } from "../../pool/worker-pool.js";
import type { BatchMode } from "../../protocol/model-on-wire.js";
import type { JobMode } from "../inputs/job-mode.js";
import type { PreparedInputs } from "../inputs/prepare-inputs.js";
import type { Dispatcher } from "./dispatcher.js";

interface StartParts {
  readonly pool: WorkerPool;
  readonly mode: JobMode;
  readonly dispatcher: Dispatcher;
  readonly isOver: () => boolean;
  /** Called once, unless the job ends before. */
  readonly onBegin: (mode: BatchMode) => void;
}

/** When a job begins: once it is decided how the model takes its items, which is before the first is sent. */
export class JobStart {
  readonly #parts: StartParts;
  #isDeciding = false;
  #hasBegun = false;

  constructor(parts: StartParts) {
    this.#parts = parts;
  }

  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** Begin, or have a trial made, if that is possible now. A trial waits for the end of a pause. @param inputs the first of the job. */
  consider(inputs: PreparedInputs): void {
    const { mode, pool, dispatcher } = this.#parts;
    if (this.#hasBegun) return;
    const known = mode.decideAtOnce(inputs);
    if (known !== undefined) {
      this.#begin(known);
      return;
    }
    // With everybody away, a trial would show nothing: it waits for the first to return.
    const isAnyoneThere = pool.readyWorkers.length > 0 || !pool.isAnyAway;
    if (this.#isDeciding || dispatcher.phase !== "running" || !isAnyoneThere) return;
    this.#isDeciding = true;
    void mode.decide(inputs).then((found) => this.#begin(found));
  }

  #begin(mode: BatchMode): void {
    if (this.#hasBegun || this.#parts.isOver()) return;
    this.#hasBegun = true;
    this.#parts.onBegin(mode);
  }
}
