import type { Batch, ModelSource } from "./bench-models.js";
import type { Values } from "./statistics.js";

/** One request at a time; buffers are transferred both ways. */
export type LoopRequest =
  | { readonly type: "load"; readonly source: ModelSource }
  | { readonly type: "run"; readonly batch: Batch; readonly chunkItemCount: number };

export type LoopReply =
  | { readonly type: "loaded" }
  | { readonly type: "outputs"; readonly outputs: Values[] }
  | { readonly type: "failed"; readonly message: string };
