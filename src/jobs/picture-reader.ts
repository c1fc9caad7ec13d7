import { ShardError } from "../core/errors.js";
import { messageOf } from "../protocol/error-record.js";
import type { PixelPlan } from "../protocol/picture-api.js";
import { isWorkerEnd, readAlone } from "./lone-pictures.js";
import { checkPicture } from "./picture-kind.js";
import { PictureWorker, type Picture } from "./picture-worker.js";

/** Pictures that are decoded at once: enough to keep the decoder's threads busy, few enough to hold in memory. */
export const READ_AHEAD = 3;

/** A picture's pixels, or why there are none. `index` counts all pictures of the call. */
export type ReadPicture =
  | { readonly index: number; readonly picture: Picture; readonly data: Uint8Array | Float32Array }
  | { readonly index: number; readonly picture: Picture; readonly error: ShardError };

/** An idle worker is kept this long, ms, because the frames of a video come one call after another. */
const KEEP_IDLE_MS = 3_000;

/** One worker decodes for all calls of the page. The first call starts it; it ends some time after the last. */
let worker: PictureWorker | undefined;
let userCount = 0;
let idleTimer: ReturnType<typeof setTimeout> | undefined;

/** Decodes pictures until it is closed. Every reader must be closed. */
export class PictureReader {
  readonly #start: () => PictureWorker;
  #isClosed = false;

  /** @param start makes a worker. */
  constructor(start: () => PictureWorker = () => new PictureWorker()) {
    this.#start = start;
    userCount++;
    clearTimeout(idleTimer);
  }

  /**
   * A picture at which the decoder hangs or ends is unreadable; those that were under way beside it are read again.
   * @throws ShardError "invalid-input" for a value that is not a picture; "backend-unavailable" and the like for failures that
   *         the picture did not cause.
   */
  async read(picture: Picture, index: number, plan: PixelPlan): Promise<ReadPicture> {
    checkPicture(picture, index);
    try {
      return { index, picture, data: await this.#readPixels(picture, plan) };
    } catch (thrown) {
      const cause = asUnreadable(thrown);
      if (cause === undefined) throw thrown;
      return { index, picture, error: new ShardError(cause.code, `Picture ${index}: ${cause.message}`, { cause }) };
    }
  }

  async #readPixels(picture: Picture, plan: PixelPlan): Promise<Uint8Array | Float32Array> {
    if (worker?.isOpen !== true) worker = this.#start();
    try {
      return await worker.readPixels(picture, plan);
    } catch (thrown) {
      if (this.#isClosed || !isWorkerEnd(thrown)) throw thrown;
      return readAlone(picture, plan, this.#start);
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (--userCount > 0) return;
    idleTimer = setTimeout(() => {
      worker?.close();
      worker = undefined;
    }, KEEP_IDLE_MS);
  }
}

/** @returns the error if the picture itself caused it. A closed bitmap or frame can't even be sent. */
function asUnreadable(thrown: unknown): ShardError | undefined {
  if (thrown instanceof DOMException && thrown.name === "DataCloneError") {
    return new ShardError(
      "picture-unreadable",
      `Expected a picture that can be copied, received one that has been closed or detached (${messageOf(thrown)}): close it only after the results have arrived.`,
      { cause: thrown },
    );
  }
  return thrown instanceof ShardError && thrown.code === "picture-unreadable" ? thrown : undefined;
}
