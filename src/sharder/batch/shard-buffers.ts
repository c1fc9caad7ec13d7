import type { FinishedRun } from "../../pool/worker-runs.js";
import { tensorsOf } from "../../protocol/outputs.js";
import { SpareBuffers } from "../../protocol/spare-buffers.js";
import { transferablesOf, type Tensor } from "../../protocol/tensors.js";

/** The buffers in which one job's shards travel: what comes back from a worker carries the next shard. */
export class ShardBuffers {
  /** For what is sent. */
  readonly spare = new SpareBuffers();
  /** Bytes of each output of a unit, the largest seen; known once the outputs of a shard have been copied. */
  #outputBytes: number[] = [];
  #copied: ArrayBuffer[] = [];

  /** Buffers for the outputs of so many units, as far as there are some. */
  lend(unitCount: number): ArrayBuffer[] {
    return this.#outputBytes.flatMap((byteCount) => this.spare.take(byteCount * unitCount) ?? []);
  }

  /** The values of an output are where they belong: its buffer is free once its shard is done with. */
  readonly noteCopied = (tensor: Tensor): void => {
    this.#copied.push(...transferablesOf([tensor]));
  };

  /** Nobody looks at the outputs of this shard any more, if their values have been copied. */
  shardDone({ outputs, spare }: FinishedRun, unitCount: number): void {
    this.spare.give([...spare, ...this.#copied]);
    // A consumer keeps its outputs in the buffers in which they came: those must not be larger than they are.
    if (this.#copied.length > 0) {
      this.#outputBytes = Object.values(outputs).map((output, index) => {
        const byteCount = tensorsOf(output).reduce(
          (sum, { data }) => sum + (Array.isArray(data) ? 0 : data.byteLength),
          0,
        );
        return Math.max(this.#outputBytes[index] ?? 0, byteCount / unitCount);
      });
    }
    this.#copied = [];
  }
}
