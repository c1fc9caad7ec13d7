/** What a job emits once its state machine knows of what happened. */
export class Outbox {
  readonly #waiting: (() => void)[] = [];

  /** Emit something with the next `flush`. */
  add(emit: () => void): void {
    this.#waiting.push(emit);
  }

  /** Emit what waits, in order, and what listeners add meanwhile. */
  flush(): void {
    while (this.#waiting.length > 0) this.#waiting.shift()!();
  }
}
