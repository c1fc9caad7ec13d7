import type { BatchMode } from "../../protocol/model-on-wire.js";
import type { ShardOutput } from "../../protocol/outputs.js";
import type { PreparedInputs } from "./prepare-inputs.js";

/** Whether a batch of these inputs gives what its items give; `undefined` where they can't show it. */
export type TryBatch = (inputs: PreparedInputs) => Promise<boolean | undefined>;

/**
 * How the model takes a batch: the one place that decides it, once for each shape of the items, before a second shard is sent. What the
 * file says counts first, then a trial on two items; a batch that fails while it runs is tried again.
 */
export class BatchModes {
  readonly #needsProbe: boolean;
  readonly #known = new Map<string, BatchMode>();
  readonly #doubted = new Set<string>();

  /** @param needsProbe nothing in the file promises that a batch gives what its items give. */
  constructor(needsProbe: boolean) {
    this.#needsProbe = needsProbe;
  }

  /** What is known without running the model; `undefined` where it has to be tried out. */
  known({ mode, shapeClass }: PreparedInputs): BatchMode | undefined {
    if (mode === "item-by-item") return mode;
    const known = this.#known.get(shapeClass);
    if (known !== undefined) return known;
    return this.#needsProbe || this.#doubted.has(shapeClass) ? undefined : "batched";
  }

  /**
   * Decide on the mode, by a trial where nothing is known. Item by item is right where the trial shows nothing, and does not settle it.
   * Never rejects: what fails here fails again in the job, which can retry it and says why.
   */
  async decide(inputs: PreparedInputs, tryBatch: TryBatch): Promise<BatchMode> {
    const known = this.known(inputs);
    if (known !== undefined) return known;
    try {
      const isInvariant = await tryBatch(inputs);
      if (isInvariant === undefined) return "item-by-item";
      const mode = isInvariant ? "batched" : "item-by-item";
      this.#known.set(inputs.shapeClass, mode);
      return mode;
    } catch {
      return "item-by-item";
    }
  }

  /** A batch came out without a row for each of its items. */
  refuse({ shapeClass }: PreparedInputs): void {
    this.#known.set(shapeClass, "item-by-item");
  }

  /** A batch failed, which may be the model's nature or a passing failure, such as a GPU short of memory: it is tried out again. */
  doubt({ shapeClass }: PreparedInputs): void {
    this.#known.delete(shapeClass);
    this.#doubted.add(shapeClass);
  }
}

/** Whether an output of a batch has a row for each of its items. */
export function hasRows(output: ShardOutput, itemCount: number): boolean {
  return output.kind === "dense" && output.tensor.shape[0] === itemCount;
}
