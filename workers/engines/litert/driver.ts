import type { WorkerNotice } from "../../../src/protocol/link.js";
import type { WorkerSettings } from "../../../src/protocol/worker-api.js";
import type { Litert } from "./runtime.js";

/** What differs between LiteRT's accelerators. */
export interface LitertDriver {
  /** As LiteRT calls it. */
  readonly accelerator: "wasm" | "webgpu";
  /** @throws ShardError "backend-unavailable" */
  start(settings: WorkerSettings, notify: (notice: WorkerNotice) => void): Promise<StartedLitert>;
  isIntact(): boolean;
  gpu?(): GPUDevice | undefined;
  stop(): void;
}

export interface StartedLitert {
  readonly litert: Litert;
  readonly threadCount: number;
  /** For people. */
  readonly device: string;
  readonly isSoftware: boolean;
}
