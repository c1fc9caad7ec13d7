import { ShardError } from "../core/errors.js";
import type { PixelPlan } from "../protocol/picture-api.js";
import type { Picture, PictureWorker } from "./picture-worker.js";

/** Whether the worker ended, so that nobody knows which of the pictures under way is to blame. */
export function isWorkerEnd(thrown: unknown): boolean {
  return thrown instanceof ShardError && (thrown.code === "worker-timeout" || thrown.code === "worker-lost");
}

/** The picture before this one that is read alone. */
let previous: Promise<unknown> = Promise.resolve();

/**
 * Read a picture that was under way when its worker hung or ended: alone, in a worker of its own, one picture after another. If that worker
 * ends as well, it is the picture.
 *
 * @param start makes a worker.
 * @throws ShardError "picture-unreadable"
 */
export async function readAlone(
  picture: Picture,
  plan: PixelPlan,
  start: () => PictureWorker,
): Promise<Uint8Array | Float32Array> {
  const before = previous;
  const reading = (async () => {
    await before;
    const worker = start();
    try {
      return await worker.readPixels(picture, plan);
    } catch (thrown) {
      if (!isWorkerEnd(thrown)) throw thrown;
      const what = (thrown as ShardError).code === "worker-timeout" ? "does not finish" : "fails";
      throw new ShardError(
        "picture-unreadable",
        `Expected a picture that the browser can decode, received one at which its decoder ${what}: convert it to PNG or JPEG.`,
        { cause: thrown },
      );
    } finally {
      worker.close();
    }
  })();
  previous = reading.catch(() => {});
  return reading;
}
