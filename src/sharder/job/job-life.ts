/** `finishing`: every item is computed, but the sink has not accepted all of them yet. */
type Phase = "running" | "finishing" | "finished" | "failed";

/** From a job's creation to its end. It settles once, whatever happens. */
export class JobLife {
  /** Resolves when the sink has accepted every item; rejects with the error that ended the job. */
  readonly done: Promise<void>;
  #settle!: { resolve: () => void; reject: (error: unknown) => void };
  #phase: Phase = "running";

  constructor() {
    this.done = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
    // Whoever starts the job awaits `done`. A job that ends before that must not cause an unhandled rejection.
    this.done.catch(() => {});
  }

  /** Whether the job discards whatever comes from now on: it has failed, or nothing is left to compute. */
  get isOver(): boolean {
    return this.#phase !== "running";
  }

  get hasFailed(): boolean {
    return this.#phase === "failed";
  }

  /** Nothing is left to compute. */
  computed(): void {
    if (this.#phase === "running") this.#phase = "finishing";
  }

  /** The sink has accepted all that it was given: if nothing is left to compute, that was everything. */
  accepted(): void {
    if (this.#phase !== "finishing") return;
    this.#phase = "finished";
    this.#settle.resolve();
  }

  /** @returns the phase that the error ended; `undefined` if the job had settled before. */
  fail(error: unknown): "running" | "finishing" | undefined {
    const ended = this.#phase;
    if (ended === "finished" || ended === "failed") return undefined;
    this.#phase = "failed";
    this.#settle.reject(error);
    return ended;
  }
}
