import type { InputTensor } from "../../index.js";

/** The inputs of a run, and how many items they are. */
export interface Batch {
  readonly inputs: Readonly<Record<string, InputTensor>>;
  readonly itemCount: number;
}

/** Something that can run a batch, and be timed at it. */
export interface Runner {
  readonly device: string;
  readonly itemsPerCall?: number;
  run(batch: Batch): Promise<unknown>;
  dispose(): void;
}
