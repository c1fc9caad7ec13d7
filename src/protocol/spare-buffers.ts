/** Smaller buffers cost less to make anew than to send back. */
export const MIN_SPARE_BYTES = 2 ** 16;
/** So much is kept at most. */
const MAX_SPARE_BYTES = 2 ** 26;

/**
 * Buffers that have been used and can be used again. A copy into fresh memory takes three to six times as long as one into memory that is
 * there: the system has to find, clear and map every page of it.
 */
export class SpareBuffers {
  /** From the smallest on. */
  #buffers: ArrayBuffer[] = [];
  #byteCount = 0;

  /** All of them. */
  get all(): readonly ArrayBuffer[] {
    return this.#buffers;
  }

  /** Keep these buffers, as far as there is room: the larger ones first. Those that are small or detached are dropped. */
  give(buffers: readonly ArrayBuffer[]): void {
    const wanted = buffers.filter((buffer) => buffer.byteLength >= MIN_SPARE_BYTES && !this.#buffers.includes(buffer));
    if (wanted.length === 0) return;
    this.#buffers = [...this.#buffers, ...wanted].toSorted((a, b) => a.byteLength - b.byteLength);
    this.#byteCount += wanted.reduce((sum, { byteLength }) => sum + byteLength, 0);
    while (this.#byteCount > MAX_SPARE_BYTES) this.#byteCount -= this.#buffers.shift()!.byteLength;
  }

  /** Take the smallest one of `byteCount` bytes or more, for good. It holds whatever it held before. */
  take(byteCount: number): ArrayBuffer | undefined {
    if (byteCount < MIN_SPARE_BYTES) return undefined;
    const index = this.#buffers.findIndex(({ byteLength }) => byteLength >= byteCount);
    if (index === -1) return undefined;
    const [buffer] = this.#buffers.splice(index, 1);
    this.#byteCount -= buffer!.byteLength;
    return buffer;
  }
}
