/** Changes of the stages, made one at a time: each begins once those before it have ended, well or not. */
export class ChangeQueue {
  #last: Promise<unknown> = Promise.resolve();

  /** @returns what `change` gives. @throws what it throws. */
  add<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#last.then(change);
    this.#last = result.catch(() => {});
    return result;
  }
}
