/** Measures the time since it was created, without the pauses. */
export class Stopwatch {
  #startedAtMs: number | undefined = performance.now();
  #keptMs = 0;

  stop(): void {
    this.#keptMs = this.elapsedMs;
    this.#startedAtMs = undefined;
  }

  resume(): void {
    this.#startedAtMs ??= performance.now();
  }

  get elapsedMs(): number {
    return this.#keptMs + (this.#startedAtMs === undefined ? 0 : performance.now() - this.#startedAtMs);
  }
}
