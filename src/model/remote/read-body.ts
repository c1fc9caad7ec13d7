/** No more than this is allocated before its bytes have arrived. */
const PIECE_BYTES = 2 ** 20;

/** How many bytes of answers may be held while they are read, in all. */
export class BodyBudget {
  #leftBytes: number;

  constructor(mostBytes: number) {
    this.#leftBytes = mostBytes;
  }

  /** @returns whether there was room. */
  take(byteCount: number): boolean {
    if (byteCount > this.#leftBytes) return false;
    this.#leftBytes -= byteCount;
    return true;
  }

  release(byteCount: number): void {
    this.#leftBytes += byteCount;
  }
}

/**
 * Read the body of an answer, into one piece of memory. Whatever length it states, memory is taken as its bytes arrive.
 * @param mostBytes how many are read.
 * @param budget shared with other answers.
 * @returns `undefined` if there are more than either allows.
 * @throws what the connection fails with.
 */
export async function readBody(
  response: Response,
  mostBytes: number,
  budget: BodyBudget,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const stated = Number(response.headers.get("Content-Length") ?? Number.NaN);
  if (stated > mostBytes) {
    await response.body?.cancel();
    return undefined;
  }
  if (response.body === null) return new Uint8Array(0);
  const reader = (response.body as ReadableStream<Uint8Array<ArrayBuffer>>).getReader();
  const pieces = new Pieces(stated <= PIECE_BYTES ? stated : PIECE_BYTES);
  let byteCount = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return pieces.joined(byteCount);
      if (byteCount + value.length > mostBytes || !budget.take(value.length)) {
        await reader.cancel();
        return undefined;
      }
      byteCount += value.length;
      pieces.add(value);
    }
  } finally {
    budget.release(byteCount);
  }
}

/** Bytes in pieces, however small they come. */
class Pieces {
  readonly #pieces: Uint8Array<ArrayBuffer>[];
  /** Bytes of the last piece that are in use. */
  #usedCount = 0;

  /** @param firstByteCount of the first piece: all, if that is known and not much. */
  constructor(firstByteCount: number) {
    this.#pieces = [new Uint8Array(firstByteCount)];
  }

  add(bytes: Uint8Array): void {
    for (let start = 0; start < bytes.length;) {
      let last = this.#pieces.at(-1)!;
      if (this.#usedCount === last.length) {
        last = new Uint8Array(PIECE_BYTES);
        this.#pieces.push(last);
        this.#usedCount = 0;
      }
      const part = bytes.subarray(start, start + last.length - this.#usedCount);
      last.set(part, this.#usedCount);
      this.#usedCount += part.length;
      start += part.length;
    }
  }

  /** @param byteCount of all. */
  joined(byteCount: number): Uint8Array<ArrayBuffer> {
    const [first, ...others] = this.#pieces;
    if (others.length === 0 && first!.length === byteCount) return first!;
    const whole = new Uint8Array(byteCount);
    let offset = 0;
    for (const piece of this.#pieces) {
      whole.set(piece.subarray(0, byteCount - offset), offset);
      offset += piece.length;
    }
    return whole;
  }
}
