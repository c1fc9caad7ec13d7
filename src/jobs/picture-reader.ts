import { ShardError } from "../core/errors.js";
import { messageOf } from "../protocol/error-record.js";
import type { PixelPlan } from "../protocol/picture-api.js";
import { checkPicture } from "./picture-kind.js";
import { PictureWorker, type Picture } from "./picture-worker.js";

/** Pictures being decoded at once: enough to keep the decoder's threads busy, few enough to hold in memory. */
export const READ_AHEAD = 3;

/** A picture's pixels, or why there are none. `index` counts all pictures of the call. */
export type ReadPicture =
  | { readonly index: number; readonly picture: Picture; readonly data: Uint8Array | Float32Array }
  | { readonly index: number; readonly picture: Picture; readonly error: ShardError };

/** An idle worker is kept this long, ms: frames of a video come one call after another. */
const KEEP_IDLE_MS = 3_000;

/** One worker decodes for all calls of the page; it is started with the first and ended some time after the last. */
let worker: PictureWorker | undefined;
let userCount = 0;
let idleTimer: ReturnType<typeof setTimeout> | undefined;

/** Decodes pictures until it is closed. Every reader must be closed. */
export class PictureReader {
  #isClosed = false;

  constructor() {
    userCount++;
    clearTimeout(idleTimer);
  }

  /**
   * @throws ShardError "invalid-input" for what is no picture at all; "worker-lost" and the like where it is no fault of
   *         the picture's.
   */
  async read(picture: Picture, index: number, plan: PixelPlan): Promise<ReadPicture> {
    checkPicture(picture, index);
    if (worker?.isOpen !== true) worker = new PictureWorker();
    try {
      return { index, picture, data: await worker.readPixels(picture, plan) };
    } catch (thrown) {
      const cause = asUnreadable(thrown);
      if (cause === undefined) throw thrown;
      return { index, picture, error: new ShardError(cause.code, `Picture ${index}: ${cause.message}`, { cause }) };
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

/** What is the picture's own fault. A bitmap or frame that has been closed can't even be sent. */
function asUnreadable(thrown: unknown): ShardError | undefined {
  if (thrown instanceof DOMException && thrown.name === "DataCloneError") {
    return new ShardError(
      "picture-unreadable",
      `Expected a picture that can be copied, received one that has been closed or detached (${messageOf(thrown)}): close it once the results are there.`,
      { cause: thrown },
    );
  }
  return thrown instanceof ShardError && thrown.code === "picture-unreadable" ? thrown : undefined;
}
