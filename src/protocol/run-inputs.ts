import { tensorsOf } from "./outputs.js";
import { transferablesOf } from "./tensors.js";
import type { RunInput } from "./worker-api.js";

/** The buffers to transfer with a run's inputs; those in shared memory are left out. */
export function buffersOf(inputs: Readonly<Record<string, RunInput>>): ArrayBuffer[] {
  return transferablesOf(
    Object.values(inputs).flatMap((input) => (input.kind === "side" ? [input.tensor] : tensorsOf(input))),
  );
}
