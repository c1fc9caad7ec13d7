/**
 * A binary min-heap of ids `0 … capacity-1`, each with a number as its key. It lives in typed arrays, so that no operation allocates.
 * Of equal keys the smaller id comes first, so that what is built on the heap is deterministic.
 */
export class IndexHeap {
  readonly #ids: Int32Array;
  readonly #keys: Float64Array;
  #size = 0;

  /** @param capacity the most ids that the heap holds at once. An id may be in it only once at a time. */
  constructor(capacity: number) {
    this.#ids = new Int32Array(capacity);
    this.#keys = new Float64Array(capacity);
  }

  get size(): number {
    return this.#size;
  }

  /** The id with the smallest key, or -1 when the heap is empty. O(1). */
  get topId(): number {
    return this.#size === 0 ? -1 : this.#ids[0]!;
  }

  /** The smallest key, or +Infinity when the heap is empty. O(1). */
  get topKey(): number {
    return this.#size === 0 ? Infinity : this.#keys[0]!;
  }

  /** Add an id. O(log n). */
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

  /** Replace the key of the top id, with one sift instead of a pop and a push. O(log n). */
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
