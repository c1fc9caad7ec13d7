import { throwIfAborted } from "../../protocol/abort.js";

/** Where the bytes of one file go, piece by piece, in order. */
export interface ByteTarget {
  /** The file starts, or starts anew: what came before is void. @param byteLength of the whole file, where it is known. */
  begin(byteLength: number | undefined): void;
  /** Takes the piece over: nobody else may write to it. */
  write(piece: Uint8Array): void;
  /** The file is whole. */
  end(): void;
}

/** Keeps one small file, such as a model.json, whole in memory. */
export class ByteCollector implements ByteTarget {
  #pieces: Uint8Array[] = [];

  begin(): void {
    this.#pieces = [];
  }

  write(piece: Uint8Array): void {
    this.#pieces.push(piece);
  }

  end(): void {}

  /** All pieces in one. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return concatenate(this.#pieces, new ArrayBuffer(byteLengthOf(this.#pieces)));
  }
}

/** Copy the pieces one after the other into a buffer that has room for them. */
export function concatenate<T extends ArrayBufferLike>(pieces: readonly Uint8Array[], buffer: T): Uint8Array<T> {
  const bytes = new Uint8Array(buffer);
  let offset = 0;
  for (const piece of pieces) {
    bytes.set(piece, offset);
    offset += piece.byteLength;
  }
  return bytes;
}

export function byteLengthOf(pieces: readonly { readonly byteLength: number }[]): number {
  return pieces.reduce((total, piece) => total + piece.byteLength, 0);
}

/**
 * Read a stream to its end; it is cancelled where that fails or `signal` aborts.
 * @param onPiece is given every piece, and may refuse it by throwing.
 */
export async function readPieces(
  stream: ReadableStream<Uint8Array>,
  signal: AbortSignal | undefined,
  onPiece: (piece: Uint8Array) => void,
): Promise<void> {
  const reader = stream.getReader();
  try {
    for (;;) {
      throwIfAborted(signal);
      const { done, value } = await reader.read();
      if (done) return;
      onPiece(value);
    }
  } catch (thrown) {
    // Its failure would hide why.
    reader.cancel().catch(() => {});
    throw thrown;
  }
}
