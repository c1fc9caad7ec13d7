/** The newest of something, oldest first. Those that no longer fit are dropped, and counted. */
export class Recent<T> {
  readonly #limit: number;
  readonly #all: T[] = [];
  #droppedCount = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Valid until the next `add`. */
  get all(): readonly T[] {
    return this.#all;
  }

  get droppedCount(): number {
    return this.#droppedCount;
  }

  add(value: T): void {
    this.#all.push(value);
    // A tenth at a time: dropping one moves all others.
    if (this.#all.length <= this.#limit) return;
    const dropped = Math.ceil(this.#limit / 10);
    this.#all.splice(0, dropped);
    this.#droppedCount += dropped;
  }

  /** Replace the newest that `isMeant`; nothing happens if it is no longer held. */
  replaceLast(isMeant: (value: T) => boolean, replace: (value: T) => T): void {
    const index = this.#all.findLastIndex(isMeant);
    if (index >= 0) this.#all[index] = replace(this.#all[index]!);
  }
}
