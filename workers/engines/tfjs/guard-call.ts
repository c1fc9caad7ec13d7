import { matMul, tensor2d, tidy } from "@tensorflow/tfjs-core";
import { asOutOfMemory, saysAllocationFailed } from "../../../src/protocol/allocation-failure.js";
import { EngineBroken } from "../../runtime/engine.js";
import { recordCall } from "./call-record.js";
import type { WatchCall } from "./driver.js";

/**
 * Run a call of TF.js. If it fails, all that it has allocated is disposed of. After a failure for want of memory, the backend has to
 * prove that it still computes.
 *
 * @param watch the backend's own watch for failures that TF.js doesn't report.
 * @param call as for `recordCall`.
 * @throws EngineBroken if the backend can't be used any more; ShardError "out-of-memory"; whatever else `call` throws.
 */
export async function guardCall<T>(watch: WatchCall, call: (release: () => void) => Promise<T>): Promise<T> {
  const outcome = await recordCall((release) => watch(() => call(release)));
  if ("value" in outcome) return outcome.value;
  const { thrown, disposeAll } = outcome;
  // The memory of a broken backend is not touched again.
  if (thrown instanceof EngineBroken) throw thrown;
  const isOutOfMemory = saysAllocationFailed(thrown);
  try {
    await watch(async () => disposeAll());
    if (isOutOfMemory) await watch(proveThatItComputes);
  } catch (cause) {
    if (cause instanceof EngineBroken) throw cause;
    const notice = isOutOfMemory ? "out-of-memory" : "trapped";
    throw new EngineBroken(notice, asOutOfMemory(thrown).message, { cause });
  }
  throw isOutOfMemory ? asOutOfMemory(thrown) : thrown;
}

/** A product whose value is known, on fresh tensors. */
async function proveThatItComputes(): Promise<void> {
  const product = tidy(() => matMul(tensor2d([1, 2, 3, 4], [2, 2]), tensor2d([5, 6, 7, 8], [2, 2])));
  try {
    const values = await product.data();
    if ([19, 22, 43, 50].some((value, index) => values[index] !== value)) {
      throw new Error(`Expected the product 19, 22, 43, 50 after a failed call, received ${values.join(", ")}.`);
    }
  } finally {
    product.dispose();
  }
}
