/**
 * Binary min-heap over dense ids `0 … capacity-1` keyed by a number, on typed arrays: no allocation per operation.
 * Ties pop the smaller id, so that whatever is built on it is deterministic.
 */
export class IndexHeap {
  readonly #ids: Int32Array;
  readonly #keys: Float64Array;
  #size = 0;

  /** @param capacity most ids held at once. Each id may be in the heap once at a time. */
  constructor(capacity: number) {
    this.#ids = new Int32Array(capacity);
    this.#keys = new Float64Array(capacity);
  }

  get size(): number {
    return this.#size;
  }

  /** Id with the smallest key, or -1 when empty. O(1). */
  get topId(): number {
    return this.#size === 0 ? -1 : this.#ids[0]!;
  }

  /** Smallest key, or +Infinity when empty. O(1). */
  get topKey(): number {
    return this.#size === 0 ? Infinity : this.#keys[0]!;
  }

  /** O(log n). */
  push(id: number, key: number): void {
    let at = this.#size++;
    const ids = this.#ids;
    const keys = this.#keys;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const parentKey = keys[parent]!;
      if (parentKey < key || (parentKey === key && ids[parent]! < id)) break;
      ids[at] = ids[parent]!;
      keys[at] = parentKey;
      at = parent;
    }
    ids[at] = id;
    keys[at] = key;
  }

  /** Give the top id a new key: one sift instead of a pop and a push. O(log n). */
  replaceTop(key: number): void {
    this.#sink(this.#ids[0]!, key);
  }

  /** Remove the top. O(log n). */
  pop(): void {
    const last = --this.#size;
    if (last > 0) this.#sink(this.#ids[last]!, this.#keys[last]!);
  }

  /** Place (id, key) at the root and sink it. */
  #sink(id: number, key: number): void {
    const ids = this.#ids;
    const keys = this.#keys;
    const size = this.#size;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      const right = child + 1;
      if (
        right < size &&
        (keys[right]! < keys[child]! || (keys[right]! === keys[child]! && ids[right]! < ids[child]!))
      ) {
        child = right;
      }
      const childKey = keys[child]!;
      if (key < childKey || (key === childKey && id < ids[child]!)) break;
      ids[at] = ids[child]!;
      keys[at] = childKey;
      at = child;
    }
    ids[at] = id;
    keys[at] = key;
  }
}
