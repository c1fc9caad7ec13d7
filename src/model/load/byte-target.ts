import { throwIfAborted } from "../../protocol/abort.js";
import { allocateBytes } from "./allocate-weights.js";

/** Receives the bytes of one file, piece by piece, in order. */
export interface ByteTarget {
  /**
   * The file starts, or starts over: discard earlier pieces.
   * @param byteLength of the whole file, if known.
   * @param redirectedTo the address that it comes from, if that is not the one that was asked.
   */
  begin(byteLength: number | undefined, redirectedTo?: string): void;
  /** Takes ownership of the piece: nobody else may write to it. */
  write(piece: Uint8Array): void;
  /** The file is complete. */
  end(): void;
}

/** Keeps one small file, such as a model.json, in memory. */
export class ByteCollector implements ByteTarget {
  #pieces: Uint8Array[] = [];

  begin(): void {
    this.#pieces = [];
  }

  write(piece: Uint8Array): void {
    this.#pieces.push(piece);
  }

  end(): void {}

  /** @throws ShardError "out-of-memory" */
  get bytes(): Uint8Array<ArrayBuffer> {
    return concatenate(this.#pieces, allocateBytes(byteLengthOf(this.#pieces)));
  }
}

/** Passes pieces on, and shows the first bytes of every version to `onHead`, which may refuse the file by throwing. */
export class HeadTarget implements ByteTarget {
  readonly #target: ByteTarget;
  readonly #headBytes: number;
  readonly #onHead: (head: Uint8Array, redirectedTo: string | undefined) => void;
  #head: Uint8Array | undefined;
  #redirectedTo: string | undefined;

  /** @param headBytes how many bytes `onHead` gets; fewer if the file is shorter. */
  constructor(
    target: ByteTarget,
    headBytes: number,
    onHead: (head: Uint8Array, redirectedTo: string | undefined) => void,
  ) {
    this.#target = target;
    this.#headBytes = headBytes;
    this.#onHead = onHead;
  }

  begin(byteLength: number | undefined, redirectedTo?: string): void {
    this.#head = new Uint8Array(0);
    this.#redirectedTo = redirectedTo;
    this.#target.begin(byteLength, redirectedTo);
  }

  write(piece: Uint8Array): void {
    if (this.#head !== undefined) {
      const parts = [this.#head, piece.slice(0, this.#headBytes - this.#head.length)];
      this.#head = concatenate(parts, new ArrayBuffer(byteLengthOf(parts)));
      if (this.#head.length === this.#headBytes) this.#show();
    }
    this.#target.write(piece);
  }

  end(): void {
    this.#show();
    this.#target.end();
  }

  #show(): void {
    const head = this.#head;
    this.#head = undefined;
    if (head !== undefined) this.#onHead(head, this.#redirectedTo);
  }
}

/** Copy the pieces one after another into a buffer that has room for all of them. */
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
 * Read a stream to its end. The stream is cancelled if reading fails or `signal` aborts.
 * @param onPiece called with every piece; it may refuse one by throwing.
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
      // A piece that comes too late is no longer wanted.
      throwIfAborted(signal);
      if (done) return;
      onPiece(value);
    }
  } catch (thrown) {
    // A failure to cancel would hide the reason.
    reader.cancel().catch(() => {});
    throw thrown;
  }
}
